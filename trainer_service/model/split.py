"""Who is trained on, who is measured on: the splits of a run.

Users go by a hash of their id, ratings by a hash of both ids, so that the same
user is on the same side in every run, whatever the seed and whatever else is in
the data: figures of two versions of one data set are figures of the same users.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer_service.data import Ratings
from trainer_service.data.ratings import renumbered
from trainer_service.errors import TooLittleDataError

HELD_OUT_RATING_SHARE = 0.05
"""Share of the training users' ratings that the rating head is measured on."""

LIKED_FROM = 4.0
"""Stars from which a rating says "liked" (Liang et al., WWW 2018)."""

SEED_SHARE = 0.8
"""Share of a measured user's liked movies that are given as seeds."""

FEWEST_LIKES = 5
"""Liked movies that a user must have to be measured on."""

BLOCK = 2**18
"""Ratings that are hashed at once."""


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


def split_ratings(ratings: Ratings, holdout: float, *, fold: int = 0) -> Split:
    """Splits users, and the ratings of those who are left.

    Args:
        ratings: All that may be trained on.
        holdout: Share of the users in `validation`, and in `test`; 0 holds
            nothing out.
        fold: Which of many splits; runs take the first, 0, and figures that are
            to be compared are averaged over several.

    Raises:
        TooLittleDataError: Nobody would be left to train on, or no rating.
    """
    mixed_users = _mixed(np.uint64(fold), ratings.user_ids)  # (U,)
    place = user_places(ratings.user_ids, fold=fold)
    is_validation = place < holdout
    is_test = _is_test(place, holdout)
    is_trained = ~is_validation & ~is_test
    if not is_trained.any():
        raise TooLittleDataError(
            f"no user is left to train on: all {ratings.user_count:,} are held out with "
            f"--holdout {holdout:g}; pass a smaller one, or 0"
        )
    trained = is_trained[ratings.user_index]  # (N,)
    held_out = np.zeros(len(ratings), dtype=bool)
    if holdout:
        for begin in range(0, len(ratings), BLOCK):  # the hashes of all would take much memory
            block = slice(begin, begin + BLOCK)
            movie_ids = ratings.movie_ids[ratings.movie_index[block]]
            mixed = _mixed(mixed_users[ratings.user_index[block]], movie_ids)
            held_out[block] = trained[block] & (_uniform(mixed) < HELD_OUT_RATING_SHARE)
    if not (trained & ~held_out).any():
        raise TooLittleDataError(
            f"no rating is left to train on: of {len(ratings):,}, those of users who are measured "
            f"on and one in {1 / HELD_OUT_RATING_SHARE:.0f} of all others are held out with "
            f"--holdout {holdout:g}; pass 0, or give more data"
        )
    return Split(
        train=ratings.select(trained & ~held_out),
        held_out=ratings.select(held_out),
        validation=ratings.select(is_validation[ratings.user_index]),
        test=ratings.select(is_test[ratings.user_index]),
    )


def of_test_users(ratings: Ratings, holdout: float) -> Ratings:
    """All ratings of the users whom `split_ratings` puts into `test`, over these and their movies.

    Args:
        ratings: Of any movies, also of those that are not trained on.
        holdout: As in `split_ratings`.
    """
    is_test = _is_test(user_places(ratings.user_ids), holdout)  # (U,)
    return ratings.select(is_test[ratings.user_index]).without_unrated()


def _is_test(place: NDArray[np.float64], holdout: float) -> NDArray[np.bool_]:
    return (holdout <= place) & (place < 2 * holdout)


def user_places(user_ids: NDArray[np.int64], *, fold: int = 0) -> NDArray[np.float64]:
    """Each user's place from 0 to 1, (U,), which says on which side the user is.

    A split that holds out a share h has those below h in `validation`, the others
    below 2h in `test`, and trains on the rest.

    Args:
        user_ids: External ids, (U,).
        fold: Which of many splits, as in `split_ratings`.
    """
    return _uniform(_mixed(np.uint64(fold), user_ids))


@dataclass(frozen=True)
class LikedSplit:
    """What measured users like, in two parts; every user has some of either.

    Args:
        seeds: What is given.
        targets: What is to be found.
    """

    seeds: Ratings
    targets: Ratings

    def __len__(self) -> int:
        """How many users there are."""
        return self.seeds.user_count


def split_likes(ratings: Ratings, *, seed_count: int | None = None) -> LikedSplit:
    """Splits what each user likes into seeds and targets.

    Users with fewer than `FEWEST_LIKES` liked movies are left out.

    Args:
        ratings: All ratings of the users to measure on.
        seed_count: How many of each user's liked movies are given, from 1 to
            `FEWEST_LIKES` - 1; if not told, a share of them, `SEED_SHARE`.
    """
    liked = ratings.rating >= LIKED_FROM  # (N,)
    like_counts = np.bincount(ratings.user_index[liked], minlength=ratings.user_count)  # (U,)
    liked &= (like_counts >= FEWEST_LIKES)[ratings.user_index]
    user_ids, user_index = renumbered(ratings.user_ids, ratings.user_index[liked])
    likes = Ratings(
        user_index,
        ratings.movie_index[liked],
        ratings.rating[liked],
        user_ids,
        ratings.movie_ids,
    )
    like_counts = np.diff(likes.user_offsets)  # (U,)
    places = np.arange(len(likes)) - np.repeat(likes.user_offsets[:-1], like_counts)  # (N,)
    mixed_users = _mixed(np.uint64(0), user_ids)
    draw = _uniform(_mixed(mixed_users[user_index], likes.movie_ids[likes.movie_index]))  # (N,)
    seed_counts = (
        (SEED_SHARE * like_counts).astype(np.int64)
        if seed_count is None
        else np.full(len(user_ids), seed_count)
    )
    given = np.empty(len(likes), dtype=bool)  # each user's first so many, in the order drawn
    given[np.lexsort((draw, user_index))] = places < seed_counts[user_index]
    return LikedSplit(likes.select(given), likes.select(~given))


def _mixed(state: NDArray[np.uint64] | np.uint64, ids: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Stirs the sum of a state and an id; sums that differ by one give quite other numbers.

    No two sums give the same number, but only the sum counts: where a state is one
    more, as that of the next fold is, an id gives what the next id gave before.

    The mixing function is that of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
    """
    with np.errstate(over="ignore"):
        mixed = state + ids.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(mixed ^ (mixed >> np.uint64(31)), dtype=np.uint64)


def _uniform(mixed: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Numbers in [0, 1) that look drawn at random."""
    return (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53
