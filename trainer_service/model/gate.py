"""The quality gate: a new version is not to be worse than the active one.

Both rank for the same users, none of whom either was trained on, so that what
makes one user harder than another falls out of the comparison, and the margin is
that of the differences alone. What people like counts if either has it, so that a
version without the movie has missed it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, FiniteFloat
from threadpoolctl import threadpool_limits

from trainer_service.data import Ratings
from trainer_service.model.evaluation import hits_of
from trainer_service.model.metrics import NO_MOVIE, mean, ndcg_at
from trainer_service.model.ranking import by_cosine, indicators, rank
from trainer_service.model.split import LikedSplit, split_likes, user_places

STANDARD_ERRORS = 2
"""By how many standard errors of the mean difference a new version may be the worse one."""

FEWEST_USERS = 20
"""Users below which a comparison says nothing."""

MOST_USERS = 2_000
"""Users who are looked at. They put the margin near 0.003, and keep the comparison of 26,744
movies within seconds."""


class GateResult(BaseModel):
    """How a version compares with the one that was active when it was made.

    NDCG@100 from the whole list of seeds, for the same held-out users, over the
    movies that either has; one that a version lacks it cannot find.
    """

    model_config = ConfigDict(frozen=True)

    against_version: int = 0
    """0 when there was nothing to compare with; then `note` says why."""
    user_count: int = 0
    """Users that neither was trained on."""
    ndcg_at_100: FiniteFloat = 0.0
    """Its own figure, from 0 to 1."""
    against_ndcg_at_100: FiniteFloat = 0.0
    """That of the other."""
    margin: FiniteFloat = 0.0
    """By how much its own may be the lower one."""
    passed: bool
    forced: bool = False
    """Whether it is to count as if it had passed."""
    note: str = ""
    """Why nothing was compared; empty otherwise."""

    @property
    def is_open(self) -> bool:
        """Whether the version may become the latest by itself."""
        return self.passed or self.forced


@dataclass(frozen=True)
class Contender:
    """One of the two that are compared.

    Args:
        embeddings: Unit rows, (M, D).
        movie_ids: External ids of the rows, each once, (M,).
        holdout: The share of users that it was measured on, as in `split_ratings`.
    """

    embeddings: NDArray[np.float32]
    movie_ids: NDArray[np.int64]
    holdout: float


def compare(test: Ratings, new: Contender, active: Contender, *, version: int) -> GateResult:
    """Holds a new version against the active one.

    Of the new one's test users those are asked whom the active one was not trained
    on either; of more than `MOST_USERS` the first by their places, which are drawn by
    a hash. What they like counts if either version has the movie, and who likes fewer
    than `FEWEST_LIKES` of those is not asked. Each version ranks its own movies by those
    of a user's seeds that it has; where it has none of them, it has found nothing.

    Args:
        test: All ratings of the new one's test users, of any movies.
        new: The new one.
        active: The active one.
        version: Its number.
    """
    movie_ids = np.union1d(new.movie_ids, active.movie_ids)
    likes = split_likes(_asked(_restricted(test, movie_ids), active.holdout))
    if len(likes) < FEWEST_USERS:
        return GateResult(
            passed=True,
            note=f"nothing was compared: {len(likes)} users were held out of this version and of "
            f"version {version} and like enough of the movies of either, and {FEWEST_USERS} are "
            f"needed",
        )
    with threadpool_limits(limits=1, user_api="blas"):  # as in `measure`
        new_values, active_values = _ndcg_at_100(likes, new), _ndcg_at_100(likes, active)
    difference = mean(new_values - active_values)
    margin = STANDARD_ERRORS * difference.standard_error
    return GateResult(
        against_version=version,
        user_count=len(likes),
        ndcg_at_100=float(new_values.mean()),
        against_ndcg_at_100=float(active_values.mean()),
        margin=margin,
        passed=difference.value >= -margin,
    )


def _ndcg_at_100(likes: LikedSplit, contender: Contender) -> NDArray[np.float64]:
    """What each user gets of a version, from 0 to 1, (U,).

    Args:
        likes: Over all movies that count.
        contender: The version; its movies are among those.
    """
    # Ascending, as in `likes`, so that of movies with the same score the same comes first in both.
    order = np.argsort(contender.movie_ids)
    places = np.searchsorted(likes.targets.movie_ids, contender.movie_ids[order])  # (M,)
    seeds = indicators(likes.seeds)[:, places]
    rankings = rank(seeds, by_cosine(contender.embeddings[order]))
    found = np.where(rankings == NO_MOVIE, NO_MOVIE, places[rankings])
    target_counts = np.diff(likes.targets.user_offsets)
    values = ndcg_at(100, hits_of(found, likes.targets), target_counts)
    return np.where(np.diff(seeds.indptr) > 0, values, 0.0)


def _asked(test: Ratings, holdout: float) -> Ratings:
    """The ratings of users whom a version with that holdout was not trained on."""
    place = user_places(test.user_ids)  # (U,)
    has_ratings = np.diff(test.user_offsets) > 0
    asked = np.flatnonzero(has_ratings & (place < 2 * holdout))
    first = np.zeros(test.user_count, dtype=bool)
    first[asked[np.argsort(place[asked], kind="stable")[:MOST_USERS]]] = True
    return test.select(first[test.user_index])


def _restricted(ratings: Ratings, movie_ids: NDArray[np.int64]) -> Ratings:
    """The ratings of some movies, over these alone.

    Args:
        ratings: Of any movies, M.
        movie_ids: External ids of those that are kept, ascending, (K,); they need not be rated.
    """
    place = np.full(ratings.movie_count, -1, dtype=np.int32)
    _, rated, kept_rows = np.intersect1d(
        ratings.movie_ids, movie_ids, assume_unique=True, return_indices=True
    )
    place[rated] = kept_rows
    movie_index = place[ratings.movie_index]  # (N,)
    kept = movie_index >= 0
    return Ratings(
        ratings.user_index[kept],
        movie_index[kept],
        ratings.rating[kept],
        ratings.user_ids,
        movie_ids,
    )
