"""Matrix factorisation of likes, which the co-liked head learns from (Hu et al., ICDM 2008)."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from trainer_service.model.ranking import blocks

RANK = 64
"""Length of a vector, R."""

CONFIDENCE = 4.0
"""By how much a like counts more than its absence, which counts 1; Hu's alpha."""

L2 = 0.8
"""Squared penalty on the vectors, Hu's lambda, over the square root of how many users there are."""

SWEEPS = 5
"""How often users and movies are solved for; the answers hardly change any more."""

MOST_USERS = 10_000
"""The most users that are learned from: enough to know how movies go together."""

ROWS_AT_ONCE = 1_024


def movies_by_als(likes: csr_array, *, seed: int) -> NDArray[np.float32]:
    """Movie vectors whose dot products say how well movies go together.

    Users and movies get vectors x and y that minimise, over all users and movies,

        Σ c (p - x·y)² + λ (Σ |x|² + Σ |y|²),

    where p is 1 and c is 1 + `CONFIDENCE` for a like, and p is 0 and c is 1 for
    anything else. If likes counted no more than the rest, someone who likes the
    movies S would have the vector A⁻¹ Σ y over S, with A = YᵀY + λI; the scores of
    movies would then be products of vectors A^(-½) y with the sum of the seeds'.
    Unlike cosines they grow with how well a movie is known.

    Args:
        likes: Who likes what, zeros and ones, (U, M).
        seed: Seed of the first vectors.

    Returns:
        The vectors A^(-½) y, (M, R), the longest of length 1.
    """
    likes = likes[np.diff(likes.indptr) > 0]
    likes = likes[:: max(math.ceil(likes.shape[0] / MOST_USERS), 1)]
    likers = likes.T.tocsr()
    penalty = L2 * max(likes.shape[0], 1) ** 0.5
    first = np.random.default_rng(seed).normal(scale=0.01, size=(likes.shape[1], RANK))
    movies = first.astype(np.float32)  # (M, R)
    for _ in range(SWEEPS):
        users = _solved(likes, movies, penalty)
        movies = _solved(likers, users, penalty)
    values, axes = np.linalg.eigh(_penalised_products(movies, penalty))
    related: NDArray[np.float32] = movies @ (axes / np.sqrt(values))
    longest = np.linalg.norm(related, axis=1).max(initial=0)
    return related / (longest or 1)


def _solved(likes: csr_array, others: NDArray[np.float32], penalty: float) -> NDArray[np.float32]:
    """The best vectors of one side, (A, R), given the other's.

    Args:
        likes: What the one side likes of the other, (A, B).
        others: The other side's vectors, (B, R).
        penalty: λ
    """
    vectors = np.empty((likes.shape[0], RANK), dtype=np.float32)
    products = _penalised_products(others, penalty)
    for rows in blocks(likes.shape[0], ROWS_AT_ONCE):
        block = likes[rows]
        left = np.repeat(products[np.newaxis], block.shape[0], axis=0)
        for row, liked in enumerate(np.split(block.indices, block.indptr[1:-1])):
            known = others[liked]
            left[row] += CONFIDENCE * (known.T @ known)
        right = (1 + CONFIDENCE) * (block @ others)
        vectors[rows] = np.linalg.solve(left, right[..., np.newaxis])[..., 0]
    return vectors


def _penalised_products(vectors: NDArray[np.float32], penalty: float) -> NDArray[np.float32]:
    """YᵀY + λI, (R, R)."""
    products: NDArray[np.float32] = vectors.T @ vectors
    products.flat[:: RANK + 1] += penalty
    return products
