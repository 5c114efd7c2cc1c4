"""The embeddings of a version, how near its movies are to others, and which are first.

Everything that has to be fast is here, in NumPy alone.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

LEFT_OUT = -np.inf
"""In place of a score: the movie is not to be among the first."""

GROUPS_PER_ROW = 16
"""Of all scores, for each row that is asked for; see `MovieIndex.first`."""

ROWS_AT_ONCE = 4_096
"""Whose cosines with many others are in memory at a time."""


class MovieIndex:
    """Finds the nearest rows by cosine, exactly.

    Args:
        embeddings: Unit rows, float32, (M, D).
        movie_ids: What breaks ties, (M,).
    """

    def __init__(
        self, embeddings: NDArray[np.float32], movie_ids: Sequence[int] | NDArray[np.int64]
    ) -> None:
        self._embeddings = embeddings
        self._movie_ids = np.asarray(movie_ids, dtype=np.int64)

    @property
    def embeddings(self) -> NDArray[np.float32]:
        """Unit rows, (M, D); to be read only."""
        return self._embeddings

    @property
    def movie_ids(self) -> NDArray[np.int64]:
        """The movies of the rows, (M,); to be read only."""
        return self._movie_ids

    def cosines(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """The cosine of each row with a vector.

        The same whatever else is asked for, so that the first rows do not depend on how many
        are taken.

        Args:
            query: A unit vector, (D,).

        Returns:
            From -1 to 1, (M,); the caller's own.
        """
        cosines: NDArray[np.float32] = self._embeddings @ query
        return np.clip(cosines, -1, 1, out=cosines)

    def largest_cosines(
        self,
        vectors: NDArray[np.float32],
        factors: NDArray[np.float32],
        pause: Callable[[], object] = lambda: None,
    ) -> NDArray[np.float32]:
        """The largest of the products of some factors with the cosines with as many vectors.

        Args:
            vectors: Unit rows, (N, D), at least one.
            factors: From 0 to 1, (N,).
            pause: Called between parts of the work; what it raises ends it.

        Returns:
            From -1 to 1, (M,); the caller's own.
        """
        scaled = (vectors * factors[:, np.newaxis]).T  # (D, N)
        largest = np.empty(len(self._embeddings), dtype=np.float32)
        for start in range(0, len(largest), ROWS_AT_ONCE):
            pause()
            block = self._embeddings[start : start + ROWS_AT_ONCE]
            (block @ scaled).max(axis=1, out=largest[start : start + ROWS_AT_ONCE])
        return np.clip(largest, -1, 1, out=largest)

    def first(self, values: NDArray[np.floating], k: int) -> NDArray[np.intp]:
        """The rows with the highest values, equal ones in order of movie id.

        The first k of any answer are the answer for k.

        Args:
            values: No NaN; `LEFT_OUT` for rows that are not to be among them, (M,).
            k: How many at most; at least 1.

        Returns:
            Rows, (K,).
        """
        edge = _no_more_than_kth(values, k)
        # Everything as good as the k-th is a candidate, so that ties at the edge are broken by
        # movie id as well.
        candidates = np.flatnonzero(values > edge if edge == LEFT_OUT else values >= edge)
        order = np.lexsort((self._movie_ids[candidates], -values[candidates]))
        rows: NDArray[np.intp] = candidates[order[:k]]
        return rows


def _no_more_than_kth(values: NDArray[np.floating], k: int) -> float:
    """A value that at least k others are as high as, and few are higher than."""
    # The k-th highest of the maxima of groups is no more than the k-th highest of all, and
    # takes one pass.
    groups = GROUPS_PER_ROW * k
    if groups < len(values):
        size = len(values) // groups
        values = values[: groups * size].reshape(size, groups).max(axis=0)
    if k >= len(values):
        return LEFT_OUT
    return float(np.partition(values, -k)[-k])
