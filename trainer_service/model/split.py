"""Who is trained on, who is measured on: the splits of a run.

Users go by a hash of their id, ratings by a hash of both ids, so that the same
user is on the same side in every run, whatever the seed and whatever else is in
the data: figures of two versions of one data set are figures of the same users.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer_service.data import Ratings
from trainer_service.errors import TooLittleDataError

HELD_OUT_RATING_SHARE = 0.05
"""Share of the training users' ratings that the rating head is measured on."""

LIKED_FROM = 4.0
"""Stars from which a rating says "liked" (Liang et al., WWW 2018)."""

SEED_SHARE = 0.8
"""Share of a measured user's liked movies that are given as seeds."""

FEWEST_LIKES = 5
"""Liked movies that a user must have to be measured on."""


@dataclass(frozen=True)
class Split:
    """The sides of a split; every rating is on exactly one of them.

    Args:
        train: Ratings that the model is fitted to.
        held_out: Ratings of the same users, for validation loss and RMSE.
        validation: All ratings of the users that the checkpoint is chosen by.
        test: All ratings of the users that the figures are reported for.
    """

    train: Ratings
    held_out: Ratings
    validation: Ratings
    test: Ratings

    @property
    def train_user_count(self) -> int:
        """Users with at least one training rating."""
        return int(np.count_nonzero(np.diff(self.train.user_offsets)))


def split_ratings(ratings: Ratings, holdout: float) -> Split:
    """Splits users, and the ratings of those who are left.

    Args:
        ratings: All that may be trained on.
        holdout: Share of the users in `validation`, and in `test`; 0 holds
            nothing out.

    Raises:
        TooLittleDataError: Nobody would be left to train on.
    """
    place = _uniform(ratings.user_ids)[ratings.user_index]  # (N,)
    validation = place < holdout
    test = ~validation & (place < 2 * holdout)
    trained = ~validation & ~test
    if not trained.any():
        raise TooLittleDataError(
            f"no user is left to train on: all {ratings.user_count:,} are held out with "
            f"--holdout {holdout:g}; pass a smaller one, or 0"
        )
    held_out = np.zeros(len(ratings), dtype=bool)
    if holdout:
        user_id = ratings.user_ids[ratings.user_index]
        movie_id = ratings.movie_ids[ratings.movie_index]
        held_out = trained & (_uniform(user_id, movie_id) < HELD_OUT_RATING_SHARE)
    return Split(
        train=ratings.select(trained & ~held_out),
        held_out=ratings.select(held_out),
        validation=ratings.select(validation),
        test=ratings.select(test),
    )


@dataclass(frozen=True)
class LikedSplit:
    """One measured user's liked movies, as movie indices.

    Args:
        seeds: What is given, (S,).
        targets: What is to be found, (T,).
    """

    seeds: NDArray[np.int32]
    targets: NDArray[np.int32]


def split_likes(ratings: Ratings) -> list[LikedSplit]:
    """Splits what each user likes into seeds and targets.

    Users with fewer than `FEWEST_LIKES` liked movies are left out.

    Args:
        ratings: All ratings of the users to measure on.
    """
    splits = []
    liked = ratings.select(ratings.rating >= LIKED_FROM)
    offsets = liked.user_offsets
    for user_index in np.flatnonzero(np.diff(offsets) >= FEWEST_LIKES):
        movies = liked.movie_index[offsets[user_index] : offsets[user_index + 1]]
        order = np.argsort(
            _uniform(liked.user_ids[user_index], liked.movie_ids[movies]), kind="stable"
        )
        seed_count = int(SEED_SHARE * len(movies))
        splits.append(LikedSplit(movies[order[:seed_count]], movies[order[seed_count:]]))
    return splits


def _uniform(*ids: NDArray[np.int64]) -> NDArray[np.float64]:
    """A number in [0, 1) for each id, or tuple of ids, that looks drawn at random.

    The mixing function is that of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
    """
    mixed: NDArray[np.uint64] = np.zeros((), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for part in ids:
            mixed = mixed + np.asarray(part).astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
            mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            mixed = mixed ^ (mixed >> np.uint64(31))
    return (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53
