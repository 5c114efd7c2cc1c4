"""The embeddings of a version, and the most similar rows to a query.

Everything that has to be fast is here, in NumPy alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Neighbours:
    """Rows in order of similarity, best first.

    Args:
        rows: (K,)
        scores: Cosines, from -1 to 1, (K,).
    """

    rows: NDArray[np.intp]
    scores: NDArray[np.float32]


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

    def query_vector(
        self, rows: Sequence[int], weights: Sequence[float]
    ) -> NDArray[np.float32] | None:
        """The direction of the weighted sum of rows.

        Args:
            rows: At least one.
            weights: As many, finite.

        Returns:
            A unit vector, (D,), or None when the weights cancel out.
        """
        factors = np.asarray(weights, dtype=np.float64)
        largest = np.abs(factors).max()
        if not largest:
            return None
        # Scaled first, so that neither huge nor tiny weights leave the range of floats.
        summed = (factors / largest) @ self._embeddings[list(rows)].astype(np.float64)  # (D,)
        length = np.linalg.norm(summed)
        if length < 1e-6:  # float32 rows that cancel leave about 1e-7
            return None
        unit: NDArray[np.float32] = (summed / length).astype(np.float32)
        return unit

    def nearest(
        self, query: NDArray[np.float32], k: int, excluded: Sequence[int] = ()
    ) -> Neighbours:
        """The rows with the highest cosine, equal ones in order of movie id.

        The first k of any answer are the answer for k.

        Args:
            query: A unit vector, (D,).
            k: How many at most.
            excluded: Rows that are not to be among them.
        """
        scores = np.clip(self._embeddings @ query, -1, 1)  # (M,)
        allowed = np.ones(len(scores), dtype=bool)
        allowed[list(excluded)] = False
        candidates = np.flatnonzero(allowed)
        if k < len(candidates):
            # Everything as good as the k-th is a candidate, so that ties at the
            # edge are broken by movie id as well.
            edge = np.partition(scores[candidates], -k)[-k]
            candidates = candidates[scores[candidates] >= edge]
        order = np.lexsort((self._movie_ids[candidates], -scores[candidates]))[:k]
        rows = candidates[order]
        return Neighbours(rows, scores[rows])
