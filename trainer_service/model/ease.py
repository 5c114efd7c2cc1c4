"""EASE, the linear recommender that the model is measured beside (Steck, WWW 2019)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import inv

from trainer_service.model.baselines import CoLikes
from trainer_service.model.evaluation import hits_of
from trainer_service.model.metrics import ndcg_at
from trainer_service.model.ranking import LONGEST_RANKING, Scorer, indicators, rank
from trainer_service.model.split import LikedSplit

L2_GRID = tuple(200 * 2.0**step for step in range(-8, 9))
"""Penalties that may be tried, 0.8 to 51,200; the search begins in the middle."""

FINER = (2**0.5, 2**0.25)
"""Factors by which the best of them is then varied."""


class FittedEase(NamedTuple):
    """EASE with the penalty that was chosen, and its mean NDCG@100 on the validation users."""

    scorer: Scorer
    l2: float
    ndcg: float


def by_ease(co_likes: CoLikes, l2: float) -> Scorer:
    """Scores by the weights that best give each user's likes back from the user's other likes.

    The least squares have a closed form. For likes L (U, M), P = (LᵀL + l2 I)⁻¹
    and K = (LLᵀ + l2 I)⁻¹ the weight of movie i for another movie j is

        -P[i, j] / P[j, j] = (LᵀKL)[i, j] / (1 - (LᵀKL)[j, j]);

    which side is taken depends on which of the matrices is smaller, P (M, M) or
    K (U, U). A movie's weight for itself would be 0 but is of no account, since
    seeds are not ranked.

    Args:
        co_likes: What is fitted to.
        l2: Squared penalty on the weights, in likes, above 0.
    """
    likes = co_likes.likes
    user_count, movie_count = likes.shape
    if user_count < movie_count:
        rows = likes.toarray()
        solved = _inverse(rows @ rows.T, l2) @ rows  # KL, (U, M)
        parts = (solved / (1 - (rows * solved).sum(axis=0))).astype(np.float32)  # (U, M)
        return Scorer(lambda seeds: seeds @ rows.T, lambda movies: parts[:, movies])
    inverse = _inverse(co_likes.columns(slice(0, movie_count)), l2)
    weights = (inverse / -inverse.diagonal()).astype(np.float32)  # (M, M)
    return Scorer(lambda seeds: seeds, lambda movies: weights[:, movies])


def _inverse(products: NDArray[np.float32], l2: float) -> NDArray[np.float64]:
    """The inverse of a matrix of products, with the penalty added to its diagonal."""
    penalised = products.astype(np.float64)
    penalised.flat[:: len(products) + 1] += l2
    inverse: NDArray[np.float64] = inv(penalised, assume_a="pos", overwrite_a=True)
    return inverse


def fit_ease(co_likes: CoLikes, validation: LikedSplit) -> FittedEase:
    """Fits EASE with the penalty that ranks best for the validation users.

    The search climbs along the grid, ends where the next penalty is no better, and then
    looks more closely around the best: neighbours on the grid are often as good as each
    other, while from one film a larger penalty is always better, so that a coarse choice
    between them would be made by chance.

    Args:
        co_likes: What is fitted to.
        validation: At least one user.
    """
    seeds = indicators(validation.seeds)
    target_counts = np.diff(validation.targets.user_offsets)

    def fitted(l2: float) -> FittedEase:
        scorer = by_ease(co_likes, l2)
        hits = hits_of(rank(seeds, scorer), validation.targets)
        ndcg = ndcg_at(LONGEST_RANKING, hits, target_counts).mean()
        return FittedEase(scorer, l2, float(ndcg))

    start = len(L2_GRID) // 2
    best = fitted(L2_GRID[start])
    for way in (L2_GRID[start + 1 :], L2_GRID[:start][::-1]):
        for l2 in way:
            other = fitted(l2)
            if other.ndcg <= best.ndcg:
                break
            best = other
        if best.l2 in way:
            break  # the other way, it would only meet what it has left behind
    for factor in FINER:
        around = fitted(best.l2 / factor), best, fitted(best.l2 * factor)
        best = max(around, key=lambda each: each.ndcg)
    return best
