"""The cells of lines of text, found and read with NumPy alone, very many at a time.

Nearly every file is so regular that this can be done, in a fraction of the time of a parser that
must be ready for anything. What is not is not read here: whoever asks has another way.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

MOST_DIGITS = 18
"""A number with more might not fit into 64 bits."""

LONGEST_ROW = 16
"""In parts, so that one that never ends takes no more memory."""

PART_BYTES = 2**19
"""So much at a time that what is made of it stays near the processor."""

_ZERO, _POINT, _QUOTE, _DASH, _COMMA = b'0."-,'
_NEWLINE, _RETURN = b"\n\r"
_DATE_LENGTH = len("2005-04-02")

Byte = TypeVar("Byte", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The cells of some lines, all with equally many.

    Args:
        text: The bytes of the lines.
        starts: Where each cell begins, int64 (C, N).
        ends: Where each cell ends, int64 (C, N).
        doubled: Where quotes stand that belong to no cell, since they only double the next one.
    """

    text: NDArray[np.uint8]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    doubled: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def line_count(self) -> int:
        """N."""
        return int(self.starts[0].size)

    @property
    def cell_count(self) -> int:
        """C."""
        return len(self.starts)

    def numbers(self, column: int, empty: int | None = None) -> NDArray[np.int64] | None:
        """A column's whole numbers of digits alone, (N,); None if any cell is none.

        Args:
            column: Which.
            empty: What a cell without anything stands for, if it may be one.
        """
        last = self.ends[column] - 1
        lengths = self.ends[column] - self.starts[column]
        least, most = int(lengths.min()), int(lengths.max())
        if least < (1 if empty is None else 0) or most > MOST_DIGITS:
            return None
        numbers = np.zeros(self.line_count, dtype=np.int64)
        for place in range(most):
            digits = self._at(last - place) - _ZERO  # what is no digit is more than 9
            if place >= least:
                digits *= lengths > place
            if digits.max() > 9:
                return None
            numbers += digits.astype(np.int64) * 10**place
        if empty is not None:
            numbers[lengths == 0] = empty
        return numbers

    def letters(self, column: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """A column's cells one behind another, and how many bytes each has, (N,)."""
        starts, ends = self.starts[column], self.ends[column]
        letters, sizes = spans(self.text, starts, ends), ends - starts
        if not self.doubled.size:
            return letters, sizes
        is_dropped = np.zeros(self.text.size, np.bool_)
        is_dropped[self.doubled] = True
        is_dropped = spans(is_dropped, starts, ends)
        dropped_before = np.append(0, is_dropped.cumsum())
        bounds = np.append(0, sizes.cumsum())
        return letters[~is_dropped], sizes - np.diff(dropped_before[bounds])

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


def spans(text: NDArray[Byte], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[Byte]:
    """Parts of a text, one behind another.

    Args:
        text: Its bytes, or what is known of each.
        starts: Where each part begins, (N,).
        ends: Where each part ends, (N,).
    """
    sizes = ends - starts
    places = np.arange(sizes.sum())
    places += np.repeat(starts - (sizes.cumsum() - sizes), sizes)
    return text[places]


def plain_parts(block: bytes, separator: str) -> Iterator[Cells | None]:
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


def csv_parts(
    text: NDArray[np.uint8], cell_count: int, part_bytes: int = PART_BYTES
) -> Iterator[Cells | None]:
    """The cells of rows of CSV (RFC 4180), without their quotes, some thousands at a time.

    Args:
        text: Whole rows, each with a line end, which may be of one byte or two.
        cell_count: C; separated by commas.
        part_bytes: How much is taken at a time; more where a row is longer.

    Yields:
        The cells; None, and nothing more, where rows have not as many, or are very long, or
        quotes or line ends are not where they should be.
    """
    start, size = 0, part_bytes
    while start < text.size:
        part = text[start : start + size]
        is_quote = part == _QUOTE
        # Counted so far, an odd number of them; that bytes are too small to count is no matter.
        is_inside = (is_quote.cumsum(dtype=np.uint8) & 1).view(np.bool_)
        ends = np.flatnonzero(((part == _COMMA) | (part == _NEWLINE)) & ~is_inside)
        line_ends = ends[part[ends] == _NEWLINE]
        if not line_ends.size and start + size < text.size and size < part_bytes * LONGEST_ROW:
            size *= 2
            continue
        length = int(line_ends[-1]) + 1 if line_ends.size else 0
        cells = _lined_up(part[:length], ends[: np.searchsorted(ends, length)], cell_count)
        cells = cells and _without_quotes(cells, is_quote[:length], is_inside[:length])
        yield cells
        if cells is None:
            return
        start, size = start + length, part_bytes


def _cells(text: NDArray[np.uint8], separator: int, cell_count: int) -> Cells | None:
    return _lined_up(text, np.flatnonzero((text == _NEWLINE) | (text == separator)), cell_count)


def _lined_up(text: NDArray[np.uint8], ends: NDArray[np.int64], cell_count: int) -> Cells | None:
    """The cells of lines, by where any cell ends; None if the lines have not as many cells."""
    is_line_end = text.take(ends) == _NEWLINE
    # Each line has an end of its own, and there is none between if there are enough for all.
    if not ends.size or ends.size != np.count_nonzero(is_line_end) * cell_count:
        return None
    by_column = np.ascontiguousarray(ends.reshape(-1, cell_count).T)
    if not is_line_end.reshape(-1, cell_count)[:, -1].all():
        return None
    starts = np.empty_like(by_column)
    starts[0, 0] = 0
    starts[0, 1:] = by_column[-1, :-1] + 1
    starts[1:] = by_column[:-1] + 1
    return Cells(text, starts, by_column)


def _without_quotes(
    cells: Cells, is_quote: NDArray[np.bool_], is_inside: NDArray[np.bool_]
) -> Cells | None:
    """The same cells without the quotes around them, and the returns behind them.

    Args:
        cells: Of whole rows.
        is_quote: Of each byte, whether it is one.
        is_inside: Of each byte, whether so far there are more quotes that open than that close.
    """
    text, starts, ends = cells.text, cells.starts, cells.ends
    has_return = text[ends[-1] - 1] == _RETURN
    if np.count_nonzero((text == _RETURN) & ~is_inside) != np.count_nonzero(has_return):
        return None
    ends[-1] -= has_return
    is_quoted = is_quote[starts]
    is_inner = is_quote.copy()
    is_inner[starts[is_quoted]] = is_inner[ends[is_quoted] - 1] = False
    inner = np.flatnonzero(is_inner)
    doubled = inner[::2]
    # The first of two seems to close, and the second, next to it, to open again. One is left
    # over where a cell does not end with the quote that it needs.
    if not np.array_equal(doubled + 1, inner[1::2]) or is_inside[doubled].any():
        return None
    return Cells(text, starts + is_quoted, ends - is_quoted, doubled)
