"""Answers one query from one version: from seeds to scores, to what passes, to the first k."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from recommender_service.catalogue.movie import Movie
from recommender_service.errors import UnknownSeedsError
from recommender_service.query.diversity import diversified
from recommender_service.query.filtering import least_score, passing
from recommender_service.query.index import LEFT_OUT
from recommender_service.query.query import LARGEST_TOP_K, Query, UnknownSeeds
from recommender_service.query.resolving import (
    Exclusions,
    Resolution,
    resolve_exclusions,
    resolve_seeds,
)
from recommender_service.query.scoring import Scoring, scoring_of
from recommender_service.query.version import Version

POOL = LARGEST_TOP_K
"""Of so many of the best, diversity chooses; for every k the same."""

AT_ONCE = 100
"""Recommendations that are made at a time, ..."""

CONTRIBUTIONS_AT_ONCE = 2_000
"""... and what seeds contribute to them: others wait until their reader has taken these."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A movie of the answer.

    Args:
        rank: Counted from 1.
        movie: The movie.
        score: Cosine with the weighted sum of the seeds, or as they are combined, from -1 to 1.
        contributions: That of each resolved seed; empty if it was not asked for.
    """

    rank: int
    movie: Movie
    score: float
    contributions: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a query.

    Args:
        version: What it was answered from.
        resolution: How the seeds were understood.
        exclusions: How the exclusions were understood.
        is_popular: Whether no seed was known, and the most rated movies are the answer.
        recommendations: Best first; made as they are taken.
    """

    version: Version
    resolution: Resolution
    exclusions: Exclusions
    is_popular: bool
    recommendations: Iterator[Recommendation]


def recommend(version: Version, query: Query, pause: Callable[[], object] = lambda: None) -> Answer:
    """The movies most like the seeds.

    Args:
        version: What to answer from.
        query: What is asked for.
        pause: Called between parts of long work; what it raises ends it.

    Raises:
        AmbiguousTitleError: Several movies have a title.
        UnknownSeedsError: Seeds are no movies; all of them, if unknown ones are
            skipped.
        InvalidRequestError: The weights cancel out, those of duplicates add
            up to no finite number, or there is no such genre.
    """
    resolution = resolve_seeds(version.catalogue, query.seeds, pause)
    is_popular = not resolution.seeds and query.unknown_seeds is UnknownSeeds.POPULAR
    may_be_unknown = query.unknown_seeds is not UnknownSeeds.FAIL
    if resolution.unknown and not (may_be_unknown and (resolution.seeds or is_popular)):
        raise UnknownSeedsError(resolution.unknown, version.number)
    exclusions = resolve_exclusions(version.catalogue, query.filter.excluded)
    left_out = _LeftOut(
        rows=[*(seed.row for seed in resolution.seeds), *exclusions.rows],
        passes=passing(version.catalogue, query.filter),
    )
    if is_popular:
        ranked = _most_rated(version, query, left_out)
    else:
        scoring = scoring_of(version.index, resolution.seeds, query.combination)
        ranked = _most_similar(version, query, scoring, left_out, pause)
    return Answer(version, resolution, exclusions, is_popular, ranked)


def most_explained(seed_count: int) -> int:
    """How many recommendations are explained at a time, by the number of seeds."""
    return min(AT_ONCE, max(CONTRIBUTIONS_AT_ONCE // seed_count, 1))


@dataclass(frozen=True, slots=True)
class _LeftOut:
    """What is not to be in an answer: some rows, and those that do not pass, (M,), if any."""

    rows: Sequence[int]
    passes: NDArray[np.bool_] | None

    def mark(self, values: NDArray[np.floating]) -> None:
        """Marks them in an array of values, (M,)."""
        values[list(self.rows)] = LEFT_OUT
        if self.passes is not None:
            values[~self.passes] = LEFT_OUT


def _most_similar(
    version: Version,
    query: Query,
    scoring: Scoring,
    left_out: _LeftOut,
    pause: Callable[[], object],
) -> Iterator[Recommendation]:
    scores = scoring.scores(pause)  # (M,)
    values = scores
    if query.popularity_discount:
        values = scores - np.float32(query.popularity_discount) * version.popularity
    left_out.mark(values)
    if query.filter.min_score is not None:
        values[scores < least_score(query.filter.min_score)] = LEFT_OUT
    rows = version.index.first(values, POOL if query.diversity else query.top_k)  # (P,)
    places = list(range(len(rows)))
    if query.diversity:
        order = diversified(version.index.embeddings[rows], values[rows], query.diversity)
        places = []
        while some := list(islice(order, min(AT_ONCE, query.top_k - len(places)))):
            pause()
            places += some
    # Of all scores only these are kept while the caller takes its time.
    explaining = scoring if query.explain else None
    chosen = _Chosen(rows, scores[rows], explaining, len(query.seeds))
    return _made(version, chosen, iter(places), pause)


def _most_rated(version: Version, query: Query, left_out: _LeftOut) -> Iterator[Recommendation]:
    values = version.catalogue.movies.rating_counts.astype(np.float64)  # (M,)
    left_out.mark(values)
    if query.filter.min_score is not None and query.filter.min_score > 0:
        values[:] = LEFT_OUT  # they have a score of 0
    rows = version.index.first(values, query.top_k)
    chosen = _Chosen(rows, np.zeros(len(rows), dtype=np.float32), None, len(query.seeds))
    return _made(version, chosen, iter(range(len(rows))), lambda: None)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Rows that the answer is taken from, (P,), their scores, (P,), and what explains these."""

    rows: NDArray[np.intp]
    scores: NDArray[np.float32]
    explaining: Scoring | None
    seed_count: int


def _made(
    version: Version, chosen: _Chosen, places: Iterator[int], pause: Callable[[], object]
) -> Iterator[Recommendation]:
    """The recommendations of some of the chosen rows.

    Args:
        version: Where they are.
        chosen: The rows.
        places: Which of them, in order.
        pause: Called between parts of the work; what it raises ends it.
    """
    rank = 0
    at_once = most_explained(chosen.seed_count) if chosen.explaining else AT_ONCE
    while some := list(islice(places, at_once)):
        pause()
        rows, scores = chosen.rows[some], chosen.scores[some].tolist()
        contributions: Sequence[Sequence[float]] = [()] * len(some)
        if chosen.explaining:
            contributions = chosen.explaining.contributions(rows).tolist()
        for row, score, its in zip(rows.tolist(), scores, contributions, strict=True):
            rank += 1
            yield Recommendation(rank, version.catalogue.movie(row), score, its)
