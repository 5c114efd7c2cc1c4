"""Who is near whom in an embedding: nearest movies, and what follows from them."""

import numpy as np
from numpy.typing import NDArray

ROWS_AT_ONCE = 1_024

MOST_MOVIES = 30_000
"""So many of the best known are compared with each other; the time grows with the square."""


def nearest(
    embeddings: NDArray[np.float32], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The nearest other movies of each movie, the nearest first.

    Args:
        embeddings: Unit rows, (M, D).
        count: K, how many; no more than there are others.

    Returns:
        Their places, (M, K), and their cosines, (M, K).
    """
    movie_count = len(embeddings)
    count = min(count, movie_count - 1)
    places = np.empty((movie_count, count), dtype=np.int64)
    cosines = np.empty((movie_count, count), dtype=np.float32)
    for start in range(0, movie_count, ROWS_AT_ONCE):
        rows = np.arange(start, min(start + ROWS_AT_ONCE, movie_count))
        block = embeddings[rows] @ embeddings.T
        block[rows - start, rows] = -np.inf
        best = np.argpartition(-block, count - 1, axis=1)[:, :count]
        scores = np.take_along_axis(block, best, axis=1)
        order = np.lexsort((best, -scores), axis=1)
        places[rows] = np.take_along_axis(best, order, axis=1)
        cosines[rows] = np.take_along_axis(scores, order, axis=1)
    return places, cosines


def times_listed(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """In how many other movies' lists each movie is, (M,).

    Movies that are in far more than others are called hubs (Radovanović et al., JMLR 2010).

    Args:
        places: Each movie's nearest, (M, K).
    """
    return np.bincount(places.ravel(), minlength=len(places))


def shares_by_popularity(
    rating_counts: NDArray[np.int64], weights: NDArray[np.int64], points: int
) -> NDArray[np.float64]:
    """Which share of some weights the best known movies have, the best known first.

    Args:
        rating_counts: Of each movie, (M,).
        weights: Of each movie, (M,).
        points: How many shares of the catalogue to tell of, from none to all of it.

    Returns:
        The share of the weights at each of these, (points,), from 0 to 1.
    """
    order = np.argsort(-rating_counts, kind="stable")
    summed = np.concatenate([[0.0], np.cumsum(weights[order], dtype=np.float64)])
    at = np.linspace(0, len(rating_counts), points)
    shares: NDArray[np.float64] = np.interp(at, np.arange(summed.size), summed / summed[-1])
    return shares
