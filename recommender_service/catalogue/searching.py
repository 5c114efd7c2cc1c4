"""A search by name: which rows it finds, and in what order."""

import numpy as np
from numpy.typing import NDArray

from recommender_service.catalogue.names import Match, Names

ENOUGH_MATCHES = 10
"""Rows with a name that holds a text; from this number on no typing error is suspected."""

_NO_MATCH = max(Match) + 1


class Search:
    """Finds rows by name: the best match first, among equals the most rated, then the lower row.

    Args:
        names: Of the rows.
        rating_counts: By row, (M,).
    """

    def __init__(self, names: Names, rating_counts: NDArray[np.int64]) -> None:
        self._names = names
        self._by_count = np.argsort(-rating_counts, kind="stable").astype(np.int32)
        """The most rated row first, so that what is taken in this order need not be sorted."""
        self._ranks = np.empty_like(self._by_count)
        self._ranks[self._by_count] = np.arange(len(rating_counts), dtype=np.int32)

    def rows(self, name: str, among: NDArray[np.bool_] | None = None) -> NDArray[np.int32]:
        """The rows that a text finds.

        Args:
            name: In the form that titles are compared in.
            among: By row, (M,), whether it may be found; all may, by default.

        Returns:
            Rows of the same name first, then those with a name that begins with
            the text, then those with one that holds it, then, if these are few,
            those with one that is like it, the most alike first.
        """
        if not name:
            return self._by_count[:0]
        matches = self._matches(name)
        is_found = matches < _NO_MATCH
        alike = self._by_count[:0]
        if np.count_nonzero(is_found) < ENOUGH_MATCHES:
            alike = self._alike(name)
            alike = alike[~is_found[alike]]
        if among is not None:
            is_found &= among
            alike = alike[among[alike]]
        found = np.flatnonzero(is_found)
        # One number to sort by, of which the row can be read off.
        keys = np.sort(matches[found] * np.int64(len(matches)) + self._ranks[found])
        return np.append(self._by_count[keys % len(matches)], alike)

    def _matches(self, name: str) -> NDArray[np.uint8]:
        """By row, (M,): how well the best of its names holds a text."""
        best = np.full(len(self._by_count), _NO_MATCH, np.uint8)
        rows, matches = self._names.holding(name)
        for match in reversed(Match):  # so that the best is written last
            best[rows[matches == match]] = match
        return best

    def _alike(self, name: str) -> NDArray[np.int32]:
        """The rows with a name that is like a text, in order."""
        rows, likeness = self._names.alike(name)
        rows = rows[np.lexsort((self._ranks[rows], -likeness))]
        _, firsts = np.unique(rows, return_index=True)  # of a row's names the most alike
        return rows[np.sort(firsts)]
