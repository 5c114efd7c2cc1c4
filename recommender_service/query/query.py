"""What is asked for: seeds, what may be in the answer, and how it is ordered."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from movierec.chassis.errors import InvalidRequestError, Violation
from recommender_service.catalogue.movie import LARGEST_YEAR

MOST_SEEDS = 1_000
LARGEST_TOP_K = 1_000
DEFAULT_TOP_K = 10
MOST_EXCLUDED = 10_000
MOST_GENRES = 100
"""In each list of a filter."""


class UnknownSeeds(StrEnum):
    """How seeds are treated that are no movies of the version."""

    FAIL = "FAIL"
    SKIP = "SKIP"
    POPULAR = "POPULAR"
    """Skipped; when none is left, what is most rated is the answer."""


class Combination(StrEnum):
    """How several seeds make one score."""

    WEIGHTED_MEAN = "WEIGHTED_MEAN"
    BEST_MATCH = "BEST_MATCH"


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
class MovieFilter:
    """Which movies may be in an answer.

    Args:
        any_genres: Those that have one of these; all if there are none.
        all_genres: Those that have all of these.
        no_genres: Those that have none of these.
        first_year: Those of this year or later; None is any, also unknown.
        last_year: Those of this year or before; likewise.
        excluded: Those that are none of these, by id or by a text that names them.
        min_rating_count: Those with at least so many ratings.
        min_score: Those with at least this score; None is any.

    Raises:
        InvalidRequestError: One of them is not legal.
    """

    any_genres: Sequence[str] = ()
    all_genres: Sequence[str] = ()
    no_genres: Sequence[str] = ()
    first_year: int | None = None
    last_year: int | None = None
    excluded: Sequence[int | str] = ()
    min_rating_count: int = 0
    min_score: float | None = None

    def __post_init__(self) -> None:
        for name in ("any_genres", "all_genres", "no_genres"):
            check_count(f"filter.{name}", len(getattr(self, name)), MOST_GENRES)
        check_count("filter.excluded", len(self.excluded), MOST_EXCLUDED)
        for name in ("first_year", "last_year"):
            year = getattr(self, name)
            if year is not None and not 0 <= year <= LARGEST_YEAR:
                sentence = f"{year} is not legal; legal is 0 to {LARGEST_YEAR}"
                raise InvalidRequestError(Violation(f"filter.{name}", sentence))
        if None not in (self.first_year, self.last_year) and self.first_year > self.last_year:  # type: ignore[operator]
            sentence = (
                f"{self.first_year} is after {self.last_year}, the last year, so that nothing "
                f"could pass"
            )
            raise InvalidRequestError(Violation("filter.first_year", sentence))
        if self.min_rating_count < 0:
            sentence = f"{self.min_rating_count:,} is not legal; legal is 0 or more"
            raise InvalidRequestError(Violation("filter.min_rating_count", sentence))
        if self.min_score is not None:
            _check_range("filter.min_score", self.min_score, least=-1)


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for.

    Args:
        seeds: 1 to `MOST_SEEDS`.
        top_k: 1 to `LARGEST_TOP_K`.
        unknown_seeds: What becomes of seeds that are no movies.
        combination: How several seeds make one score.
        filter: Which movies may be in the answer.
        diversity: 0 to 1; how much the movies are to differ from each other.
        popularity_discount: 0 to 1; how much being well known counts against them.
        explain: Whether to say what each seed contributes.

    Raises:
        InvalidRequestError: One of them is not legal.
    """

    seeds: Sequence[Seed]
    top_k: int = DEFAULT_TOP_K
    unknown_seeds: UnknownSeeds = UnknownSeeds.FAIL
    combination: Combination = Combination.WEIGHTED_MEAN
    filter: MovieFilter = field(default_factory=MovieFilter)
    diversity: float = 0.0
    popularity_discount: float = 0.0
    explain: bool = False

    def __post_init__(self) -> None:
        if not self.seeds:
            raise InvalidRequestError(Violation("seeds", _count_sentence(0, 1, MOST_SEEDS)))
        check_count("seeds", len(self.seeds), MOST_SEEDS, least=1)
        if not 1 <= self.top_k <= LARGEST_TOP_K:
            sentence = f"{self.top_k:,} is not legal; legal is 1 to {LARGEST_TOP_K:,}"
            raise InvalidRequestError(Violation("top_k", sentence))
        for position, seed in enumerate(self.seeds):
            if not math.isfinite(seed.weight):
                sentence = f"{seed.weight} is not legal; give a finite number"
                raise InvalidRequestError(Violation(f"seeds[{position}].weight", sentence))
        _check_range("diversity", self.diversity)
        _check_range("popularity_discount", self.popularity_discount)


def _check_range(name: str, value: float, least: int = 0) -> None:
    if not least <= value <= 1:  # also NaN
        sentence = f"{value} is not legal; legal is {least} to 1"
        raise InvalidRequestError(Violation(name, sentence))


def check_count(name: str, count: int, most: int, least: int = 0) -> None:
    """That a list is as long as it may be.

    Args:
        name: Its field.
        count: How long it is.
        most: How long it may be, ...
        least: ... and must be.

    Raises:
        InvalidRequestError: It is not.
    """
    if count > most:
        raise InvalidRequestError(Violation(name, _count_sentence(count, least, most)))


def _count_sentence(count: int, least: int, most: int) -> str:
    return f"{count:,} of them; legal is {least} to {most:,}"
