"""Which movies of a version the seeds and the exclusions of a query are."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from movierec.chassis.errors import InvalidRequestError, Violation
from recommender_service.catalogue.catalogue import AmbiguousNameError, Catalogue
from recommender_service.errors import MOST_NAMED, AmbiguousTitleError, UnknownMovie
from recommender_service.query.query import Seed


@dataclass(frozen=True, slots=True)
class ResolvedSeed:
    """A movie among the seeds.

    Args:
        position: Of its first mention, counted from 0.
        row: In the version.
        weight: With those of its duplicates added.
    """

    position: int
    row: int
    weight: float


@dataclass(frozen=True, slots=True)
class CorrectedSeed:
    """A seed whose title had a typing error.

    Args:
        position: Among the query's seeds, counted from 0.
        text: As given.
        title: That of the movie which was meant.
    """

    position: int
    text: str
    title: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """How the seeds were understood.

    Args:
        seeds: One for each movie, in the order of first mention.
        duplicates: Positions of the seeds that name a movie again.
        unknown: The seeds that are no movies of the version.
        corrected: The seeds whose titles had typing errors.
    """

    seeds: tuple[ResolvedSeed, ...]
    duplicates: tuple[int, ...]
    unknown: tuple[UnknownMovie, ...]
    corrected: tuple[CorrectedSeed, ...]


@dataclass(frozen=True, slots=True)
class Exclusions:
    """How the movies were understood that are to be excluded.

    Args:
        rows: In the version; a movie may be there twice.
        unknown: Those that are no movies of the version.
    """

    rows: tuple[int, ...]
    unknown: tuple[UnknownMovie, ...]


def resolve_seeds(
    catalogue: Catalogue, seeds: Sequence[Seed], pause: Callable[[], object] = lambda: None
) -> Resolution:
    """Finds the seeds' movies.

    Args:
        catalogue: Where they are looked for.
        seeds: The seeds.
        pause: Called between parts of long work; what it raises ends it.

    Raises:
        AmbiguousTitleError: Several movies have a title.
        InvalidRequestError: The weights of duplicates add up to no finite number.
    """
    found: dict[int, ResolvedSeed] = {}
    duplicates: list[int] = []
    unknown: list[UnknownMovie] = []
    corrected: list[CorrectedSeed] = []
    for position, seed in enumerate(seeds):
        field = f"seeds[{position}]"
        row = _row_of(catalogue, seed.movie, field)
        if row is None:
            pause()
            row = _row_of_misspelt(catalogue, seed.movie, field)
            if row is not None:
                title = catalogue.movies.titles[row]
                corrected.append(CorrectedSeed(position, str(seed.movie), title))
        if row is None:
            unknown.append(_unknown(catalogue, seed.movie, position, before=len(unknown)))
        elif row in found:
            weight = found[row].weight + seed.weight
            if not math.isfinite(weight):
                sentence = f"{seed.weight} is too much, added to that of the same movie before it"
                raise InvalidRequestError(Violation(f"{field}.weight", sentence))
            found[row] = replace(found[row], weight=weight)
            duplicates.append(position)
        else:
            found[row] = ResolvedSeed(position, row, seed.weight)
    return Resolution(tuple(found.values()), tuple(duplicates), tuple(unknown), tuple(corrected))


def resolve_exclusions(catalogue: Catalogue, excluded: Sequence[int | str]) -> Exclusions:
    """Finds the movies that are to be excluded; what is no movie excludes nothing.

    Raises:
        AmbiguousTitleError: Several movies have a title.
    """
    rows: list[int] = []
    unknown: list[UnknownMovie] = []
    for position, movie in enumerate(excluded):
        row = _row_of(catalogue, movie, f"filter.excluded[{position}]")
        if row is None:
            unknown.append(_unknown(catalogue, movie, position, before=len(unknown)))
        else:
            rows.append(row)
    return Exclusions(tuple(rows), tuple(unknown))


def _row_of(catalogue: Catalogue, movie: int | str, field: str) -> int | None:
    if isinstance(movie, int):
        return catalogue.row_of_id(movie)
    try:
        return catalogue.row_of_text(movie)
    except AmbiguousNameError as error:
        raise _ambiguous(field, movie, error) from None


def _row_of_misspelt(catalogue: Catalogue, movie: int | str, field: str) -> int | None:
    if isinstance(movie, int):
        return None
    try:
        return catalogue.row_of_misspelt(movie)
    except AmbiguousNameError as error:
        raise _ambiguous(field, movie, error) from None


def _ambiguous(field: str, text: str, error: AmbiguousNameError) -> AmbiguousTitleError:
    choices = [f"{choice.title} [id {choice.movie_id}]" for choice in error.movies[:MOST_NAMED]]
    more = len(error.movies) - len(choices)
    return AmbiguousTitleError(f"{field}.title", text, choices, more)


def _unknown(catalogue: Catalogue, movie: int | str, position: int, *, before: int) -> UnknownMovie:
    is_looked_for = isinstance(movie, str) and before < MOST_NAMED  # each takes a search
    nearest = catalogue.nearest_titles(movie) if is_looked_for else ()  # type: ignore[arg-type]
    return UnknownMovie(position, str(movie), nearest)
