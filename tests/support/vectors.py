"""Unit vectors, and movies that lie in their directions."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recommender_service.query.index import MovieIndex

COMPASS = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], dtype=np.float32)
"""North, east, south, west: their products are exact, so that many are equal."""


def unit_rows(count: int, dim: int, seed: int) -> NDArray[np.float32]:
    """Random unit vectors, (count, dim)."""
    rows = np.random.default_rng(seed).normal(size=(count, dim))
    unit: NDArray[np.float64] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit.astype(np.float32)


def on_circle(degrees: Sequence[float], movie_ids: Sequence[int] | None = None) -> MovieIndex:
    """Movies on a circle: the cosine of two is that of the angle between them.

    Args:
        degrees: Where each lies.
        movie_ids: Their ids; their places among the degrees, by default.
    """
    radians = np.radians(degrees)
    rows = np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)
    return MovieIndex(rows, range(len(degrees)) if movie_ids is None else movie_ids)
