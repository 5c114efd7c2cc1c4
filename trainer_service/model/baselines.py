"""What the model is measured beside: popularity, and the cosine of columns of likes."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from trainer_service.model.ranking import Scorer, blocks

DENSE_UP_TO = 4_096
"""Movies up to which the co-likes of all pairs are held at once; they take 64 MiB."""

USERS_AT_ONCE = 4_096


class CoLikes:
    """How many users like both of two movies.

    Of few movies, most pairs have such users: the counts are a dense product,
    made once. Of many movies, most pairs have none: the counts are sparse
    products, made block by block when they are asked for.

    Args:
        likes: Who likes what, zeros and ones, (U, M).
    """

    def __init__(self, likes: csr_array) -> None:
        self.likes = likes[np.diff(likes.indptr) > 0]  # users who like nothing have no part
        self.like_counts: NDArray[np.float32] = likes.sum(axis=0)  # (M,)
        self._likers = self.likes.T.tocsr()  # (M, U)
        self._counts = _dense_product(self.likes) if likes.shape[1] <= DENSE_UP_TO else None

    def columns(self, movies: slice) -> NDArray[np.float32]:
        """The counts of all movies with a block of B movies, (M, B)."""
        if self._counts is not None:
            return self._counts[:, movies]
        block: NDArray[np.float32] = (self._likers @ self._likers[movies].T).toarray()
        return block


def _dense_product(likes: csr_array) -> NDArray[np.float32]:
    """LᵀL; float32 counts exactly up to 16 million users."""
    user_count, movie_count = likes.shape
    counts = np.zeros((movie_count, movie_count), dtype=np.float32)
    for users in blocks(user_count, USERS_AT_ONCE):
        rows = likes[users].toarray()
        counts += rows.T @ rows
    return counts


def popularity_ranks(co_likes: CoLikes) -> NDArray[np.int64]:
    """Each movie's place by how many users like it, (M,).

    The movie that most users like has rank 1; of movies that equally many like
    the one with the smaller index is ahead.
    """
    ranks = np.empty(len(co_likes.like_counts), dtype=np.int64)
    ranks[np.argsort(-co_likes.like_counts, kind="stable")] = np.arange(1, len(ranks) + 1)
    return ranks


def by_popularity(ranks: NDArray[np.int64]) -> Scorer:
    """Scores by popularity, whatever the seeds.

    Args:
        ranks: Each movie's popularity rank, (M,).
    """
    scores = -ranks.astype(np.float32)[np.newaxis]  # (1, M)
    return Scorer(
        lambda seeds: np.ones((seeds.shape[0], 1), dtype=np.float32),
        lambda movies: scores[:, movies],
    )


def by_item_cosine(co_likes: CoLikes) -> Scorer:
    """Scores by the sum of the cosines between a movie's column of likes and each seed's."""
    lengths: NDArray[np.float32] = np.sqrt(co_likes.like_counts.clip(min=1))  # (M,)
    return Scorer(
        lambda seeds: seeds,
        lambda movies: co_likes.columns(movies) / lengths[:, np.newaxis] / lengths[movies],
    )
