"""Ratings to batches: users as rows over all movies, and the part that each rating plays."""

import math
from enum import IntFlag
from typing import Any, Self

import keras
import numpy as np
from numpy.typing import NDArray

from trainer_service.data import Ratings
from trainer_service.model.split import LIKED_FROM

RATED_SHARE = 0.2
"""Share of a user's ratings that the rating head is to predict from the others."""

WATCHED_SHARE = 0.5
"""Share of the users for whom all that they rated counts as liked, in training."""

MOST_RATED_USERS = 10_000
"""The most users whose held-out ratings the validation loss is taken over: it is known well
enough by then, and more would take as long as a third of an epoch."""

FEW_SEEDS = 5
"""The most seeds, on average, that a user who is given few is given."""


class Role(IntFlag):
    """What a rating is used for in a batch; a rating without any is only known."""

    SEED = 1
    """The co-liked head is given it."""
    TARGET = 2
    """The co-liked head is to find it."""
    HIDDEN = 4
    """The rating head is to predict it, and is not given it."""


class UserRows:
    """Users' ratings as dense rows.

    Args:
        ratings: What the rows hold.
    """

    def __init__(self, ratings: Ratings) -> None:
        self._ratings = ratings
        self._offsets = ratings.user_offsets
        self._counts = np.diff(self._offsets)

    @property
    def users(self) -> NDArray[np.int32]:
        """Those who have any rating, ascending."""
        return np.flatnonzero(self._counts).astype(np.int32)

    def places(
        self, users: NDArray[np.int32]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
        """The ratings of some users.

        Args:
            users: Their index, (B,).

        Returns:
            Row, from 0 to B - 1, movie index and stars of each rating, (N,) each.
        """
        first, count = self._offsets[users], self._counts[users]
        row = np.repeat(np.arange(len(users), dtype=np.int32), count)
        before = np.cumsum(count) - count
        place = np.repeat(first - before, count) + np.arange(count.sum())
        return row, self._ratings.movie_index[place], self._ratings.rating[place]


class UserBatches(keras.utils.PyDataset):
    """Batches of users to train on, in another order and with other parts each epoch.

    What an epoch draws depends on the seed and the epoch's number alone. All
    batches have the same shape, so that the model is compiled once: the last
    one is filled up with users of the first, or, if there are too few, with nobody.

    Args:
        ratings: What the rows hold, and what is liked.
        batch_size: Users per batch, B.
        few_seeds: Share of the users who are given `FEW_SEEDS` seeds or fewer.
        seed: Seed of the order and of the parts.
        epochs_done: How many epochs have been drawn before.
    """

    def __init__(
        self,
        ratings: Ratings,
        *,
        batch_size: int,
        few_seeds: float,
        seed: int,
        epochs_done: int = 0,
    ) -> None:
        super().__init__(workers=1)
        self._rows = UserRows(ratings)
        self._users = self._rows.users
        self._movie_count = ratings.movie_count
        self._batch_size = batch_size
        self._few_seeds = few_seeds
        self._seed = seed
        self._epoch = epochs_done
        self.on_epoch_end()

    def __len__(self) -> int:
        return math.ceil(len(self._users) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[dict[str, Any]]:
        """The batch at a place, as `TwoHeadModel` takes it."""
        users = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        row, movie, stars = self._rows.places(users)
        rng = np.random.default_rng((self._seed, self._epoch, index))
        watched = rng.random(len(users), dtype=np.float32) < WATCHED_SHARE
        counts = stars >= LIKED_FROM
        counts |= watched[row]
        role = co_liked_roles(row, counts, len(users), self._few_seeds, rng)
        hidden = rng.random(len(row), dtype=np.float32) < RATED_SHARE
        role |= hidden * np.uint8(Role.HIDDEN)
        rows = Rows.empty(self._batch_size, self._movie_count)
        rows.put(users, row, movie, stars, role)
        return (rows.batch,)

    def on_epoch_end(self) -> None:
        """Draws the next epoch's order; Keras calls it."""
        self._epoch += 1
        rng = np.random.default_rng((self._seed, self._epoch, len(self)))  # none of the batches'
        order = rng.permutation(self._users)
        # A short last batch would weigh as much as any other, and shake the model.
        self._order = np.concatenate([order, order[: -len(order) % self._batch_size]])


class HeldOutBatches(keras.utils.PyDataset):
    """What the validation loss is taken over; the same at every epoch.

    Held-out ratings of training users, no more than `MOST_RATED_USERS` of them, are
    predicted from those that are trained on; the co-liked head has to find what
    validation users like.

    Args:
        train: Ratings that are trained on.
        held_out: Ratings of the same users.
        validation: All ratings of the validation users.
        batch_size: Users per batch, B.
        few_seeds: Share of the validation users who are given few seeds.
        seed: Seed of the seeds that are given.
    """

    def __init__(
        self,
        train: Ratings,
        held_out: Ratings,
        validation: Ratings,
        *,
        batch_size: int,
        few_seeds: float,
        seed: int,
    ) -> None:
        super().__init__(workers=1)
        self._train, self._held_out = UserRows(train), UserRows(held_out)
        self._validation = UserRows(validation)
        self._movie_count = train.movie_count
        self._few_seeds = few_seeds
        self._seed = seed
        known, unknown = self._held_out.users, self._validation.users
        known = known[:: math.ceil(len(known) / MOST_RATED_USERS) or 1]
        self._rated = np.split(known, range(batch_size, len(known), batch_size))
        self._liked = np.split(unknown, range(batch_size, len(unknown), batch_size))
        self._batch_size = batch_size

    def __len__(self) -> int:
        return len(self._rated) + len(self._liked)

    def __getitem__(self, index: int) -> tuple[dict[str, Any]]:
        """The batch at a place, as `TwoHeadModel` takes it."""
        rows = Rows.empty(self._batch_size, self._movie_count)
        if index < len(self._rated):
            users = self._rated[index]
            known_row, known_movie, known_stars = self._train.places(users)
            rows.put(users, known_row, known_movie, known_stars, 0)
            row, movie, stars = self._held_out.places(users)
            rows.put(users, row, movie, stars, Role.HIDDEN)
        else:
            users = self._liked[index - len(self._rated)]
            row, movie, stars = self._validation.places(users)
            rng = np.random.default_rng((self._seed, index))
            role = co_liked_roles(row, stars >= LIKED_FROM, len(users), self._few_seeds, rng)
            # The user's bias is not known: these rows are for the co-liked head alone.
            rows.put(np.zeros_like(users), row, movie, stars, role)
        return (rows.batch,)


class Rows:
    """A batch in the making.

    Args:
        batch: "user_index" int32 (B,), "stars" float32 (B, M), 0 where there is
            no rating, and "role" uint8 (B, M), see `Role`.
    """

    def __init__(self, batch: dict[str, NDArray[Any]]) -> None:
        self.batch = batch

    @classmethod
    def empty(cls, batch_size: int, movie_count: int) -> Self:
        """A batch of users without ratings."""
        shape = batch_size, movie_count
        return cls(
            {
                "user_index": np.zeros(batch_size, dtype=np.int32),
                "stars": np.zeros(shape, dtype=np.float32),
                "role": np.zeros(shape, dtype=np.uint8),
            }
        )

    def put(
        self,
        users: NDArray[np.int32],
        row: NDArray[np.int32],
        movie: NDArray[np.int32],
        stars: NDArray[np.float32],
        role: NDArray[np.uint8] | int,
    ) -> None:
        """Adds ratings of users.

        Args:
            users: Who stands in the first rows.
            row: Whose each rating is, as a row, (N,).
            movie: (N,)
            stars: (N,)
            role: (N,), or one for all.
        """
        self.batch["user_index"][: len(users)] = users
        cell = row.astype(np.int64) * self.batch["stars"].shape[1] + movie  # (N,)
        self.batch["stars"].reshape(-1)[cell] = stars
        self.batch["role"].reshape(-1)[cell] = role


def co_liked_roles(
    row: NDArray[np.int32],
    liked: NDArray[np.bool_],
    user_count: int,
    few_seeds: float,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """Splits what each user likes into seeds and targets, at random.

    Most users are given half of what they like; the others are given few, since
    people mostly ask with one to five films.

    Args:
        row: Whose each rating is, ascending, (N,).
        liked: Whether it counts as liked, (N,).
        user_count: Rows, B.
        few_seeds: Share of the users who are given few.
        rng: What draws.

    Returns:
        `Role.SEED`, `Role.TARGET` or 0 for each rating, (N,). A user who would
        have seeds only, or targets only, has neither.
    """
    counts = np.bincount(row, minlength=user_count)  # (B,)
    like_count = _count_by_user(liked, counts)
    few = rng.random(user_count, dtype=np.float32) < few_seeds
    wanted_count = rng.integers(1, FEW_SEEDS + 1, user_count)
    share = np.where(few, np.minimum(wanted_count / np.maximum(like_count, 1), 0.5), 0.5)
    seed = liked & (rng.random(len(row), dtype=np.float32) < np.repeat(share, counts))
    seed_count = _count_by_user(seed, counts)
    usable = np.repeat((seed_count > 0) & (seed_count < like_count), counts)  # (N,)
    role: NDArray[np.uint8] = (seed & usable) * np.uint8(Role.SEED)
    role |= (liked & ~seed & usable) * np.uint8(Role.TARGET)
    return role


def _count_by_user(chosen: NDArray[np.bool_], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many of each user's ratings are chosen, (B,).

    Args:
        chosen: Users one after the other, (N,).
        counts: How many ratings each has, (B,).
    """
    so_far = np.concatenate([[0], np.cumsum(chosen)])  # (N + 1,)
    ends = np.cumsum(counts)
    found: NDArray[np.int64] = so_far[ends] - so_far[ends - counts]
    return found
