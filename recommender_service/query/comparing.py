"""How the neighbours of movies differ between two versions: exactly, in NumPy alone.

Similarity is what serves, the cosine; of equally similar movies the one with the
lower id is nearer.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender_service.query.index import MovieIndex

NEIGHBOUR_COUNT = 10
SCORES_AT_ONCE = 4 * 1024 * 1024
"""Cosines that are in memory at a time, of each version."""

GROUPS_PER_NEIGHBOUR = 16


@dataclass(frozen=True)
class Comparison:
    """The neighbours of the movies that two versions have in common.

    Neighbours are taken among these movies alone, so that what only one version
    has changes nothing. Movies go by their positions in `movie_ids`.

    Args:
        movie_ids: Of the common movies, ascending, (C,).
        before: The K nearest of each in the one version, nearest first, (C, K);
            K is less than asked for when there are not as many others.
        after: The same in the other version, (C, K).
        overlaps: Which share of `before` is in `after`, (C,); 1 where K is 0.
    """

    movie_ids: NDArray[np.int64]
    before: NDArray[np.intp]
    after: NDArray[np.intp]
    overlaps: NDArray[np.float64]

    @property
    def mean_overlap(self) -> float | None:
        """The mean over the movies; None if no movie has neighbours."""
        return float(self.overlaps.mean()) if self.before.size else None

    def most_changed(self, count: int, weights: NDArray[np.int64]) -> list[int]:
        """The movies whose neighbours changed most, those with the least overlap first.

        Args:
            count: At most how many; those with every neighbour kept never count.
            weights: What comes first of equal overlaps, the highest, (C,).
        """
        order = np.lexsort((-weights, self.overlaps))
        return [int(position) for position in order[:count] if self.overlaps[position] < 1]

    def lost(self, position: int) -> list[int]:
        """The neighbours that a movie no longer has, nearest first."""
        return _without(self.before[position], self.after[position])

    def gained(self, position: int) -> list[int]:
        """The neighbours that a movie did not have, nearest first."""
        return _without(self.after[position], self.before[position])


def compare(before: MovieIndex, after: MovieIndex, k: int = NEIGHBOUR_COUNT) -> Comparison:
    """Compares the neighbours of the movies that two versions have in common.

    It takes a product of every movie with every other, in blocks.

    Args:
        before: The one version.
        after: The other version, of any dimension.
        k: How many neighbours, at least 1.
    """
    common, rows_before, rows_after = np.intersect1d(
        before.movie_ids, after.movie_ids, assume_unique=True, return_indices=True
    )
    count = len(common)
    k = max(min(k, count - 1), 0)
    nearest = np.zeros((2, count, k), dtype=np.intp)
    if k:
        step = max(SCORES_AT_ONCE // count, 1)
        for side, vectors in enumerate(
            (before.embeddings[rows_before], after.embeddings[rows_after])
        ):
            for start in range(0, count, step):
                nearest[side, start : start + step] = _nearest(vectors, start, step, k)
    is_kept = (nearest[0][:, :, np.newaxis] == nearest[1][:, np.newaxis, :]).any(axis=2)  # (C, K)
    overlaps = is_kept.mean(axis=1) if k else np.ones(count)
    return Comparison(common, nearest[0], nearest[1], overlaps)


def _nearest(vectors: NDArray[np.float32], start: int, step: int, k: int) -> NDArray[np.intp]:
    """The k nearest of some rows, nearest first, (rows, k).

    Args:
        vectors: Unit rows in order of their movie ids, (C, D).
        start: The first of the rows.
        step: How many there are at most.
        k: Less than C.
    """
    scores = vectors[start : start + step] @ vectors.T  # (R, C)
    rows = np.arange(len(scores))
    scores[rows, start + rows] = -np.inf  # no movie is its own neighbour
    # The k-th highest of the maxima of groups is no more than the k-th highest
    # of all, and takes one pass: nothing below it is looked at again.
    groups = min(scores.shape[1], GROUPS_PER_NEIGHBOUR * k)
    size = scores.shape[1] // groups
    maxima = scores[:, : groups * size].reshape(len(scores), size, groups).max(axis=1)
    edges = np.partition(maxima, -k, axis=1)[:, -k]
    cells = np.flatnonzero(scores >= edges[:, np.newaxis])  # ten times as fast as nonzero
    found, columns = np.divmod(cells, scores.shape[1])
    order = np.lexsort((columns, -scores.ravel()[cells], found))
    firsts = np.searchsorted(found, rows)
    nearest: NDArray[np.intp] = columns[order[firsts[:, np.newaxis] + np.arange(k)]]
    return nearest


def _without(some: NDArray[np.intp], others: NDArray[np.intp]) -> list[int]:
    return [int(position) for position in some[~np.isin(some, others)]]
