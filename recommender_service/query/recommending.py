"""Answers one query from one version."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from movierec.chassis.errors import InvalidRequestError, Violation
from recommender_service.catalogue.catalogue import AmbiguousNameError
from recommender_service.catalogue.movie import Movie
from recommender_service.errors import (
    MOST_NAMED,
    AmbiguousTitleError,
    UnknownSeed,
    UnknownSeedsError,
)
from recommender_service.query.version import Version

MOST_SEEDS = 1_000
LARGEST_TOP_K = 1_000
DEFAULT_TOP_K = 10


@dataclass(frozen=True, slots=True)
class Seed:
    """A movie that the answer is to be like, or unlike.

    Args:
        movie: Its id, or a text that names it.
        weight: Finite; negative means unlike.
    """

    movie: int | str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for.

    Args:
        seeds: 1 to `MOST_SEEDS`.
        top_k: 1 to `LARGEST_TOP_K`.
        skip_unknown: Whether seeds that are no movies are passed over.

    Raises:
        InvalidRequestError: One of them is not legal.
    """

    seeds: Sequence[Seed]
    top_k: int = DEFAULT_TOP_K
    skip_unknown: bool = False

    def __post_init__(self) -> None:
        if not 1 <= len(self.seeds) <= MOST_SEEDS:
            sentence = f"{len(self.seeds):,} of them; legal is 1 to {MOST_SEEDS:,}"
            raise InvalidRequestError(Violation("seeds", sentence))
        if not 1 <= self.top_k <= LARGEST_TOP_K:
            sentence = f"{self.top_k:,} is not legal; legal is 1 to {LARGEST_TOP_K:,}"
            raise InvalidRequestError(Violation("top_k", sentence))
        for position, seed in enumerate(self.seeds):
            if not math.isfinite(seed.weight):
                sentence = f"{seed.weight} is not legal; give a finite number"
                raise InvalidRequestError(Violation(f"seeds[{position}].weight", sentence))


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
class Resolution:
    """How the seeds were understood.

    Args:
        seeds: One for each movie, in the order of first mention.
        duplicates: Positions of the seeds that name a movie again.
        unknown: The seeds that are no movies of the version.
    """

    seeds: tuple[ResolvedSeed, ...]
    duplicates: tuple[int, ...]
    unknown: tuple[UnknownSeed, ...]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A movie of the answer.

    Args:
        rank: Counted from 1.
        movie: The movie.
        score: Cosine with the weighted sum of the seeds, from -1 to 1.
    """

    rank: int
    movie: Movie
    score: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a query.

    Args:
        version: What it was answered from.
        resolution: How the seeds were understood.
        recommendations: Best first; made as they are taken.
    """

    version: Version
    resolution: Resolution
    recommendations: Iterator[Recommendation]


def recommend(version: Version, query: Query) -> Answer:
    """The movies most like the seeds.

    Raises:
        AmbiguousTitleError: Several movies have a title.
        UnknownSeedsError: Seeds are no movies; all of them, if unknown ones are
            skipped.
        InvalidRequestError: The weights cancel out, or those of duplicates add
            up to no finite number.
    """
    resolution = resolve(version, query.seeds)
    if resolution.unknown and not (query.skip_unknown and resolution.seeds):
        raise UnknownSeedsError(resolution.unknown, version.number)
    rows = [seed.row for seed in resolution.seeds]
    vector = version.index.query_vector(rows, [seed.weight for seed in resolution.seeds])
    if vector is None:
        sentence = "their weights cancel out, so that nothing is asked for: change a weight"
        raise InvalidRequestError(Violation("seeds", sentence))
    nearest = version.index.nearest(vector, query.top_k, excluded=rows)
    return Answer(
        version,
        resolution,
        (
            Recommendation(rank, version.catalogue.movie(row), score)
            for rank, (row, score) in enumerate(
                zip(nearest.rows.tolist(), nearest.scores.tolist(), strict=True), start=1
            )
        ),
    )


def resolve(version: Version, seeds: Sequence[Seed]) -> Resolution:
    """Finds the seeds' movies in a version.

    Raises:
        AmbiguousTitleError: Several movies have a title.
        InvalidRequestError: The weights of duplicates add up to no finite number.
    """
    catalogue = version.catalogue
    found: dict[int, ResolvedSeed] = {}
    duplicates: list[int] = []
    unknown: list[UnknownSeed] = []
    for position, seed in enumerate(seeds):
        row = _row_of(version, seed.movie, position)
        if row is None:
            nearest: tuple[str, ...] = ()
            if isinstance(seed.movie, str) and len(unknown) < MOST_NAMED:  # each takes a search
                nearest = catalogue.nearest_titles(seed.movie)
            unknown.append(UnknownSeed(position, str(seed.movie), nearest))
        elif row in found:
            first = found[row]
            weight = first.weight + seed.weight
            if not math.isfinite(weight):
                sentence = f"{seed.weight} is too much, added to that of the same movie before it"
                raise InvalidRequestError(Violation(f"seeds[{position}].weight", sentence))
            found[row] = ResolvedSeed(first.position, row, weight)
            duplicates.append(position)
        else:
            found[row] = ResolvedSeed(position, row, seed.weight)
    return Resolution(tuple(found.values()), tuple(duplicates), tuple(unknown))


def _row_of(version: Version, movie: int | str, position: int) -> int | None:
    if isinstance(movie, int):
        return version.catalogue.row_of_id(movie)
    try:
        return version.catalogue.row_of_text(movie)
    except AmbiguousNameError as error:
        choices = [f"{choice.title} [id {choice.movie_id}]" for choice in error.movies]
        raise AmbiguousTitleError(f"seeds[{position}].title", movie, choices) from None
