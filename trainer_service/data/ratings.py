"""Ratings: who rated what and how, as arrays that the model can index with."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer_service.data.cells import MAX_RATING, MIN_RATING


@dataclass(frozen=True, slots=True, eq=False)
class Ratings:
    """Ratings sorted by user, then by movie, each pair once.

    Takes ownership of its arrays: they become read-only.

    Args:
        user_index: Place in `user_ids`, int32 (N,).
        movie_index: Place in `movie_ids`, int32 (N,).
        rating: Stars from 0.5 to 5, float32 (N,).
        user_ids: External ids, ascending, int64 (U,).
        movie_ids: External ids, ascending, int64 (M,).

    Raises:
        ValueError: The arrays do not fit together as said.
    """

    user_index: NDArray[np.int32]
    movie_index: NDArray[np.int32]
    rating: NDArray[np.float32]
    user_ids: NDArray[np.int64]
    movie_ids: NDArray[np.int64]

    def __post_init__(self) -> None:
        dtypes = dict(
            user_index=np.int32,
            movie_index=np.int32,
            rating=np.float32,
            user_ids=np.int64,
            movie_ids=np.int64,
        )
        for name, dtype in dtypes.items():
            values: NDArray[np.generic] = getattr(self, name)
            if values.dtype != dtype or values.ndim != 1:
                raise ValueError(
                    f"{name} must be {np.dtype(dtype)} of one dimension, "
                    f"not {values.dtype} {values.shape}"
                )
            values.flags.writeable = False
        if not self.user_index.size == self.movie_index.size == self.rating.size:
            raise ValueError(
                f"user_index, movie_index and rating must be equally long, not "
                f"{self.user_index.size}, {self.movie_index.size} and {self.rating.size}"
            )
        _check_index("user", self.user_index, self.user_ids)
        _check_index("movie", self.movie_index, self.movie_ids)
        if not are_sorted(self.user_index, self.movie_index):
            raise ValueError("ratings must be sorted by user, then movie, each pair once")
        # Written so that NaN fails too.
        if len(self) and not (self.rating.min() >= MIN_RATING and self.rating.max() <= MAX_RATING):
            raise ValueError(
                f"ratings must lie from {MIN_RATING} to {MAX_RATING}, "
                f"not from {self.rating.min()} to {self.rating.max()}"
            )

    def __len__(self) -> int:
        return self.rating.size

    def __repr__(self) -> str:
        counts = f"{len(self):,} ratings, {self.user_count:,} users, {self.movie_count:,} movies"
        return f"Ratings({counts})"

    @property
    def user_count(self) -> int:
        """U."""
        return self.user_ids.size

    @property
    def movie_count(self) -> int:
        """M."""
        return self.movie_ids.size

    @property
    def user_offsets(self) -> NDArray[np.int64]:
        """Where each user's ratings begin, and at last where they end, int64 (U + 1,)."""
        users = np.arange(self.user_count + 1, dtype=np.int32)
        return np.searchsorted(self.user_index, users)

    @property
    def rating_counts(self) -> NDArray[np.int64]:
        """How many ratings each movie has, int64 (M,)."""
        return np.bincount(self.movie_index, minlength=self.movie_count)

    def select(self, mask: NDArray[np.bool_]) -> "Ratings":
        """The ratings where the mask (N,) holds, over the same users and movies."""
        return Ratings(
            self.user_index[mask],
            self.movie_index[mask],
            self.rating[mask],
            self.user_ids,
            self.movie_ids,
        )

    def without_unrated(self) -> "Ratings":
        """The same ratings over those users and movies that have any."""
        user_ids, user_index = renumbered(self.user_ids, self.user_index)
        movie_ids, movie_index = renumbered(self.movie_ids, self.movie_index)
        return Ratings(user_index, movie_index, self.rating, user_ids, movie_ids)


def are_sorted(user_index: NDArray[np.int32], movie_index: NDArray[np.int32]) -> bool:
    """Whether ratings are sorted by user, then movie, each pair once."""
    user, next_user = user_index[:-1], user_index[1:]
    movie, next_movie = movie_index[:-1], movie_index[1:]
    return bool(((user < next_user) | ((user == next_user) & (movie < next_movie))).all())


def _check_index(name: str, index: NDArray[np.int32], ids: NDArray[np.int64]) -> None:
    if (ids[1:] <= ids[:-1]).any():
        raise ValueError(f"{name}_ids must ascend, each id once")
    if index.size and not 0 <= index.min() <= index.max() < ids.size:
        raise ValueError(
            f"{name}_index must lie from 0 to {ids.size - 1}, the last of the {name}_ids, "
            f"not from {index.min()} to {index.max()}"
        )


def renumbered(
    ids: NDArray[np.int64], index: NDArray[np.int32] | NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The ids that are pointed to, and the index into them."""
    used = np.bincount(index, minlength=ids.size) > 0
    new_places = np.cumsum(used, dtype=np.int32) - np.int32(1)
    return ids[used], new_places[index]
