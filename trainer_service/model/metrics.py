"""Ranking metrics, as pure functions; definitions of Liang et al. (WWW 2018)."""

import numpy as np
from numpy.typing import NDArray

Ranking = NDArray[np.integer]


def recall_at(k: int, ranking: Ranking, targets: Ranking) -> float:
    """Share of what could be found among the first k that was found there.

    Args:
        k: How much of the ranking counts, at least 1.
        ranking: Movie indices, best first, (R,) with R >= k or all there are.
        targets: What is to be found, (T,), not empty.

    Returns:
        From 0 to 1: hits among the first k, divided by min(k, T).
    """
    hits = np.isin(ranking[:k], targets).sum()
    return float(hits / min(k, len(targets)))


def ndcg_at(k: int, ranking: Ranking, targets: Ranking) -> float:
    """Discounted gain of the first k, against that of the best possible ranking.

    Args:
        k: How much of the ranking counts, at least 1.
        ranking: Movie indices, best first, (R,) with R >= k or all there are.
        targets: What is to be found, (T,), not empty; each is worth 1.

    Returns:
        From 0 to 1; the place r, counted from 1, has the weight 1 / log2(r + 1).
    """
    discount = 1 / np.log2(np.arange(2, k + 2))
    gain = discount[: len(ranking[:k])][np.isin(ranking[:k], targets)].sum()
    return float(gain / discount[: min(k, len(targets))].sum())


def rmse(predicted: NDArray[np.floating], actual: NDArray[np.floating]) -> float:
    """Root mean squared error, in the unit of the arguments.

    Args:
        predicted: (N,), not empty.
        actual: (N,)
    """
    return float(np.sqrt(np.mean(np.square(predicted.astype(np.float64) - actual))))
