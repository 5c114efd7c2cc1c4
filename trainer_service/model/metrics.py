"""Metrics with their standard errors, as pure functions.

Ranking metrics are those of Liang et al. (WWW 2018), for many users at once. A
ranking is a row of movie indices, best first; where a user's ranking is shorter
than the others, `NO_MOVIE` fills it up.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Integers = NDArray[np.integer]

NO_MOVIE = -1


class Estimate(NamedTuple):
    """A figure, and how far it may be off: 0 where one user is all there is."""

    value: float
    standard_error: float


def recall_at(k: int, hits: NDArray[np.bool_], target_counts: Integers) -> NDArray[np.float64]:
    """Share of what could be found among the first k that was found there.

    Args:
        k: How much of the rankings counts, at least 1.
        hits: Which places of each user's ranking hold a target, (U, R) with
            R >= k or all there are.
        target_counts: How many targets each user has, at least 1, (U,).

    Returns:
        From 0 to 1, (U,): hits among the first k, divided by min(k, targets).
    """
    found: NDArray[np.float64] = hits[:, :k].sum(axis=1) / np.minimum(k, target_counts)
    return found


def ndcg_at(k: int, hits: NDArray[np.bool_], target_counts: Integers) -> NDArray[np.float64]:
    """Discounted gain of the first k, against that of the best possible ranking.

    Args:
        k: How much of the rankings counts, at least 1.
        hits: Which places of each user's ranking hold a target, (U, R) with
            R >= k or all there are.
        target_counts: How many targets each user has, at least 1, (U,).

    Returns:
        From 0 to 1, (U,); the place r, counted from 1, has the weight 1 / log2(r + 1).
    """
    discount = 1 / np.log2(np.arange(2, k + 2))  # (k,)
    first = hits[:, :k]
    gain = first @ discount[: first.shape[1]]  # (U,)
    best: NDArray[np.float64] = np.cumsum(discount)[np.minimum(k, target_counts) - 1]  # (U,)
    return gain / best


def mean(values: Floats) -> Estimate:
    """The mean of one value a user.

    Args:
        values: Not empty, (U,).
    """
    spread = values.std(ddof=1) if len(values) > 1 else 0.0
    return Estimate(float(values.mean()), float(spread / np.sqrt(len(values))))


def coverage(rankings: Integers, movie_count: int) -> Estimate:
    """Share of the catalogue that is in at least one user's ranking.

    Its standard error is the jackknife's over users: without a user, the share
    loses the movies that are in nobody else's ranking.

    Args:
        rankings: No movie twice in a row, (U, R).
        movie_count: Size of the catalogue.
    """
    listed = rankings != NO_MOVIE
    times = np.bincount(rankings[listed], minlength=movie_count)  # (M,)
    lost = (listed & (times == 1)[rankings]).sum(axis=1) / movie_count  # (U,)
    share = np.count_nonzero(times) / movie_count
    return Estimate(share, (len(lost) - 1) * mean(lost).standard_error)


def popularity_rank(rankings: Integers, popularity_ranks: Integers) -> Estimate:
    """Mean over users of the mean popularity rank of what they are recommended.

    Args:
        rankings: At least one movie in each row, (U, R).
        popularity_ranks: Each movie's, (M,).
    """
    listed = rankings != NO_MOVIE
    total = np.where(listed, popularity_ranks[rankings], 0).sum(axis=1)  # (U,)
    return mean(total / listed.sum(axis=1))


def rmse(predicted: Floats, actual: Floats) -> float:
    """Root mean squared error, in the unit of the arguments.

    Args:
        predicted: Not empty, (N,).
        actual: (N,)
    """
    return float(np.sqrt(np.mean(np.square(predicted.astype(np.float64) - actual))))


def rmse_standard_error(predicted: Floats, actual: Floats, user_index: Integers) -> float:
    """How far the root mean squared error may be off.

    A user's errors hang together, so that the mean squared error is taken as
    what it is, a ratio of sums over users; the delta method carries its
    standard error over to the root.

    Args:
        predicted: Not empty, (N,).
        actual: (N,)
        user_index: Whose each one is, (N,).
    """
    root = rmse(predicted, actual)
    if not root:
        return 0.0
    _, user = np.unique(user_index, return_inverse=True)  # (N,)
    squares = np.bincount(user, np.square(predicted.astype(np.float64) - actual))  # (U,)
    residuals = squares - root**2 * np.bincount(user)  # (U,), of mean 0
    squared_error = mean(residuals).standard_error * len(residuals) / len(user)
    return squared_error / (2 * root)
