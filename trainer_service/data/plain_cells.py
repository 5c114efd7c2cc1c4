"""Blocks of lines in which every cell that is wanted is a plain number, read with NumPy alone.

Nearly every file of MovieLens is like that, and is read so in less than half the time that the
C parser of pandas takes, which must be ready for anything. What is not like that is not read
here: whoever asks has another way.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_DIGITS = 18
"""A number with more might not fit into 64 bits."""

PART_BYTES = 2**19
"""So much at a time that what is made of it stays near the processor."""

_ZERO, _POINT, _QUOTE, _DASH = b'0."-'
_NEWLINE = ord("\n")
_DATE_LENGTH = len("2005-04-02")


@dataclass(frozen=True, slots=True, eq=False)
class PlainCells:
    """The cells of some lines, all with equally many.

    Args:
        text: The bytes of the lines.
        starts: Where each cell begins, int64 (C, N).
        ends: Where each cell ends, int64 (C, N).
    """

    text: NDArray[np.uint8]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    @property
    def line_count(self) -> int:
        """N."""
        return int(self.starts[0].size)

    @property
    def cell_count(self) -> int:
        """C."""
        return len(self.starts)

    def numbers(self, column: int) -> NDArray[np.int64] | None:
        """A column's whole numbers of digits alone, (N,); None if any cell is none."""
        last = self.ends[column] - 1
        lengths = last - self.starts[column] + 1
        least, most = int(lengths.min()), int(lengths.max())
        if not 1 <= least <= most <= MOST_DIGITS:
            return None
        numbers = np.zeros(self.line_count, dtype=np.int64)
        for place in range(most):
            digits = self._at(last - place) - _ZERO  # what is no digit is more than 9
            if place >= least:
                digits *= lengths > place
            if digits.max() > 9:
                return None
            numbers += digits.astype(np.int64) * 10**place
        return numbers

    def stars(self, column: int) -> NDArray[np.float64] | None:
        """A column's numbers that are all like "4" or all like "3.5", (N,); else None."""
        starts = self.starts[column]
        lengths = self.ends[column] - starts
        if (lengths == 1).all():
            whole = self.numbers(column)
            return None if whole is None else whole.astype(np.float64)
        if not (lengths == 3).all() or (self._at(starts + 1) != _POINT).any():
            return None
        before, after = self._at(starts) - _ZERO, self._at(starts + 2) - _ZERO
        if max(before.max(), after.max()) > 9:
            return None
        stars: NDArray[np.float64] = (before * np.float64(10) + after) / 10
        return stars

    def years_and_months(self, column: int) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
        """Those of a column's dates, all like "2005-04-02 …", quoted or not, (N,); else None."""
        starts = self.starts[column]
        if (self._at(starts) == _QUOTE).all():
            starts = starts + 1
        if (self.ends[column] - starts).min() < _DATE_LENGTH:
            return None
        if (self._at(starts + 4) != _DASH).any() or (self._at(starts + 7) != _DASH).any():
            return None
        found = []
        for places in ((0, 1, 2, 3), (5, 6)):
            number = np.zeros(self.line_count, dtype=np.int64)
            for place in places:
                digits = self._at(starts + place) - _ZERO
                if digits.max() > 9:
                    return None
                number = number * 10 + digits
            found.append(number)
        return found[0], found[1]

    def _at(self, places: NDArray[np.int64]) -> NDArray[np.uint8]:
        return self.text.take(places, mode="clip")


def plain_parts(block: bytes, separator: str) -> Iterator[PlainCells | None]:
    """The cells of whole lines, whatever quotes may mean, some thousands of lines at a time.

    Yields:
        The cells; None where lines have not equally many, or the last one has no end.
    """
    if len(separator) != 1 or not block.endswith(b"\n"):
        yield None
        return
    text = np.frombuffer(block, dtype=np.uint8)
    start = 0
    while start < len(block):
        end = block.find(b"\n", min(start + PART_BYTES, len(block) - 1)) + 1
        cell_count = block.count(separator.encode(), start, block.index(b"\n", start)) + 1
        yield _cells(text[start:end], ord(separator), cell_count)
        start = end


def _cells(text: NDArray[np.uint8], separator: int, cell_count: int) -> PlainCells | None:
    is_line_end = text == _NEWLINE
    line_count = int(np.count_nonzero(is_line_end))
    ends = np.flatnonzero(is_line_end | (text == separator))
    # Each line has an end of its own, and there is none between if there are enough for all.
    if ends.size != line_count * cell_count:
        return None
    by_column = np.ascontiguousarray(ends.reshape(-1, cell_count).T)
    if not is_line_end.take(by_column[-1]).all():
        return None
    starts = np.empty_like(by_column)
    starts[0, 0] = 0
    starts[0, 1:] = by_column[-1, :-1] + 1
    starts[1:] = by_column[:-1] + 1
    return PlainCells(text, starts, by_column)
