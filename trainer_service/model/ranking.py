"""Rankings of all movies for many users at once, in bounded memory.

Whatever ranks here is linear in the seeds, so that its scores for a block of
users and a block of movies are one matrix product. No more than one such block
is held at a time; of what went before, each user's best movies are kept.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from trainer_service.data import Ratings
from trainer_service.model.metrics import NO_MOVIE
from trainer_service.model.split import LIKED_FROM

LONGEST_RANKING = 100
USERS_AT_ONCE = 256
MOVIES_AT_ONCE = 1_024

_LAST_MOVIE = 2**32 - 1
_NO_KEY = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Scorer:
    """Scores of movies for users: the product of what is known of either.

    Args:
        users: From seeds (U, M) to the users' side of the product, (U, D).
        movies: From a block of B movies to their side of it, (D, B).
    """

    users: Callable[[csr_array], csr_array | NDArray[np.float32]]
    movies: Callable[[slice], NDArray[np.float32]]


def by_cosine(embeddings: NDArray[np.float32]) -> Scorer:
    """Scores as they are served: the cosine with the sum of the seeds' vectors.

    Up to the sum's length, which is the same for all movies.

    Args:
        embeddings: Unit rows, (M, D).
    """
    return Scorer(lambda seeds: seeds @ embeddings, lambda movies: embeddings[movies].T)


def indicators(ratings: Ratings) -> csr_array:
    """Which user rated which movie, as a matrix of zeros and ones, float32 (U, M)."""
    ones = np.ones(len(ratings), dtype=np.float32)
    shape = (ratings.user_count, ratings.movie_count)
    return csr_array((ones, ratings.movie_index, ratings.user_offsets), shape=shape)


def likes_of(ratings: Ratings) -> csr_array:
    """Which user likes which movie, as a matrix of zeros and ones, float32 (U, M)."""
    return indicators(ratings.select(ratings.rating >= LIKED_FROM))


def rank(seeds: csr_array, scorer: Scorer) -> NDArray[np.int64]:
    """The best movies for each user, those that are given left out.

    Of movies with the same score the one with the smaller index comes first.

    Args:
        seeds: What is given, (U, M).
        scorer: What to rank by.

    Returns:
        Movie indices, best first, and `NO_MOVIE` where there are no more,
        (U, LONGEST_RANKING) or (U, M) if that is less.
    """
    user_count, movie_count = seeds.shape
    length = min(LONGEST_RANKING, movie_count)
    queries = scorer.users(seeds)
    best = np.full((user_count, length), _NO_KEY)
    for movies in blocks(movie_count, MOVIES_AT_ONCE):
        columns = scorer.movies(movies)
        for users in blocks(user_count, USERS_AT_ONCE):
            keys = _keys(queries[users] @ columns, movies)
            keys[seeds[users, movies].nonzero()] = _NO_KEY
            best[users] = _best_of(best[users], keys)
    best.sort(axis=1)
    best = best[:, ::-1]
    return np.where(best == _NO_KEY, NO_MOVIE, _LAST_MOVIE - (best & _LAST_MOVIE))


def _best_of(best: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """The R largest keys of each row, of those so far and those new; the least of them first.

    Args:
        best: Those so far, the least of them first, (U, R).
        keys: Those new, (U, B).
    """
    # Soon next to none is better than the least so far, and there is little left to partition.
    better = keys > best[:, :1]
    counts = better.sum(axis=1, keepdims=True)
    new = np.full((len(keys), counts.max()), _NO_KEY)
    new[np.arange(counts.max()) < counts] = keys[better]
    length = best.shape[1]
    merged = np.concatenate([best, new], axis=1)
    merged.partition(-length, axis=1)
    return merged[:, -length:]


def _keys(scores: NDArray[np.float32], movies: slice) -> NDArray[np.int64]:
    """One number a cell that is the larger the better: the score, then the movie's index.

    Args:
        scores: (U, B)
        movies: Which B movies they are of.
    """
    # Read as integers, bits of floats sort as the floats do, negative ones backwards. There is
    # no -0, which would come before 0: sums begin with 0.
    bits = scores.view(np.int32)
    order = bits ^ (bits >> 31 & 0x7FFF_FFFF)
    rest = _LAST_MOVIE - np.arange(movies.start, movies.stop)  # (B,)
    keys: NDArray[np.int64] = (order.astype(np.int64) << 32) + rest
    return keys


def blocks(count: int, size: int) -> Iterator[slice]:
    """Parts of 0 to `count`, in order, none longer than `size`."""
    return (slice(start, min(start + size, count)) for start in range(0, count, size))
