"""Ratings to batches: users as rows over all movies."""

import math
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from trainer_service.data import Ratings
from trainer_service.model.split import LIKED_FROM

FloatMatrix = NDArray[np.float32]


class UserBatches(keras.utils.PyDataset):
    """Batches of users, in another order and with other seeds each epoch.

    What an epoch draws depends on the seed and the epoch's number alone.

    Args:
        ratings: What the rows hold, and what is liked.
        batch_size: Users per batch, B.
        seed: Seed of the order and of the seeds that are given.
    """

    def __init__(self, ratings: Ratings, *, batch_size: int, seed: int) -> None:
        super().__init__(workers=1)
        self._ratings = ratings
        self._offsets = ratings.user_offsets
        self._users = np.flatnonzero(np.diff(self._offsets)).astype(np.int32)
        self._batch_size = batch_size
        self._seed = seed
        self._epoch = 0
        self.on_epoch_end()

    def __len__(self) -> int:
        return math.ceil(len(self._users) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """The batch at a place, as `TwoHeadModel` takes it: x, y."""
        users = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        rows = self._rows(users)
        rng = np.random.default_rng((self._seed, self._epoch, index))
        seeds, targets = part(rows >= LIKED_FROM, rng)
        return {"user_index": users, "seeds": seeds}, {"ratings": rows, "targets": targets}

    def on_epoch_end(self) -> None:
        """Draws the next epoch's order; Keras calls it."""
        self._epoch += 1
        self._order = np.random.default_rng((self._seed, self._epoch)).permutation(self._users)

    def _rows(self, users: NDArray[np.int32]) -> FloatMatrix:
        rows = np.zeros((len(users), self._ratings.movie_count), dtype=np.float32)
        for row, user_index in zip(rows, users, strict=True):
            span = slice(self._offsets[user_index], self._offsets[user_index + 1])
            row[self._ratings.movie_index[span]] = self._ratings.rating[span]
        return rows


class HeldOutBatches(keras.utils.PyDataset):
    """What the validation loss is taken over; the same at every epoch.

    Held-out ratings belong to training users, and weigh on the rating head;
    the likes of validation users, whom the rating head does not know, weigh on
    the co-liked head.

    Args:
        held_out: Ratings of training users.
        validation: All ratings of the validation users.
        batch_size: Users per batch, B.
        seed: Seed of the seeds that are given.
    """

    def __init__(
        self, held_out: Ratings, validation: Ratings, *, batch_size: int, seed: int
    ) -> None:
        super().__init__(workers=1)
        self._held_out = UserBatches(held_out, batch_size=batch_size, seed=seed)
        self._validation = UserBatches(validation, batch_size=batch_size, seed=seed)

    def __len__(self) -> int:
        return len(self._held_out) + len(self._validation)

    def __getitem__(self, index: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """The batch at a place, as `TwoHeadModel` takes it: x, y."""
        if index < len(self._held_out):
            x, y = self._held_out[index]
            return x, y | {"targets": np.zeros_like(y["targets"])}
        x, y = self._validation[index - len(self._held_out)]
        return x, y | {"ratings": np.zeros_like(y["ratings"])}


def part(liked: NDArray[np.bool_], rng: np.random.Generator) -> tuple[FloatMatrix, FloatMatrix]:
    """Splits what each user likes into seeds and targets, at random.

    Which share of the likes is given is drawn for each user as the square of a
    uniform number, so that short lists of seeds are trained as well as long
    ones: people mostly ask with one to five films.

    Args:
        liked: Which movies each user likes, (B, M).
        rng: What draws the shares and the seeds.

    Returns:
        Seeds, 1 where a movie is given (B, M), and targets, rows that sum to 1
        (B, M). A user for whom one of them came out empty has neither.
    """
    share = rng.random((len(liked), 1), dtype=np.float32) ** 2
    given: NDArray[np.bool_] = liked & (rng.random(liked.shape, dtype=np.float32) < share)
    wanted = liked & ~given
    usable = given.any(axis=1, keepdims=True) & wanted.any(axis=1, keepdims=True)  # (B, 1)
    seeds = (given & usable).astype(np.float32)
    targets = (wanted & usable).astype(np.float32)
    targets /= np.maximum(targets.sum(axis=1, keepdims=True), 1)
    return seeds, targets
