"""Names of rows, found exactly, by a part of them, and by likeness."""

from array import array
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

BLOCK = 1_024
"""Names that are kept as one string."""

LEAST_LIKENESS = 75.0
"""From 0 to 100; below it a name is not like another."""


class _Shelf:
    """The names of one length.

    Args:
        length: In characters.
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self.rows = array("i")
        """Whose names they are, in the order of the names."""
        self.blocks: list[str] = []
        """The names, each followed by a line feed, `BLOCK` in a string; the last has the rest."""
        self.loose: list[str] = []
        """Names that are not yet in a block."""

    def bind(self) -> None:
        """Makes a block of the loose names, if there are any."""
        if not self.loose:
            return
        self.blocks.append("\n".join([*self.loose, ""]))
        self.loose.clear()


class _Shelves(dict[int, _Shelf]):
    """By length; each is there when it is asked for."""

    def __missing__(self, length: int) -> _Shelf:
        self[length] = shelf = _Shelf(length)
        return shelf


class Names:
    """Names, each of a row; many may have the same name, and one many names.

    They are kept in few long strings, by length, for the same reasons as
    `Texts`, and because a part is found in a long string as fast as the memory
    is read.

    Args:
        names: Names and their rows. No name is empty or holds a line feed.
    """

    def __init__(self, names: Iterable[tuple[str, int]]) -> None:
        hashes, rows, shelves = array("q"), array("i"), _Shelves()
        for name, row in names:
            hashes.append(hash(name))
            rows.append(row)
            shelf = shelves[len(name)]
            shelf.rows.append(row)
            shelf.loose.append(name)
            if len(shelf.loose) == BLOCK:
                shelf.bind()
        for shelf in shelves.values():
            shelf.bind()
        self._shelves = [shelves[length] for length in sorted(shelves)]
        order = np.argsort(np.asarray(hashes), kind="stable")
        self._hashes: NDArray[np.int64] = np.asarray(hashes)[order]
        self._rows: NDArray[np.int32] = np.asarray(rows)[order]

    def rows_of(self, name: str) -> list[int]:
        """The rows that have a name, in ascending order; by mishap another one, too.

        They go by a hash of the name, which another name may have as well.
        """
        begin = self._hashes.searchsorted(hash(name), "left")
        end = self._hashes.searchsorted(hash(name), "right")
        rows: list[int] = self._rows[begin:end].tolist()
        return rows

    def holding(self, part: str) -> Iterator[tuple[str, int]]:
        """Every name that a text is a part of, or the whole, and its row.

        Args:
            part: Not empty, and without a line feed.
        """
        for shelf in self._shelves:
            if shelf.length >= len(part):
                yield from _holding(shelf, part)

    def alike(self, text: str) -> Iterator[tuple[str, int]]:
        """Every name that is like a text, and its row.

        A longer name may hold what is like the text; a shorter one must be like
        all of it: "It" is not "Some Like It Hot".
        """
        for shelf in self._shelves:
            scorer = fuzz.ratio if shelf.length < len(text) else fuzz.partial_ratio
            for number, block in enumerate(shelf.blocks):
                names = block[:-1].split("\n")
                found = process.extract(
                    text, names, scorer=scorer, limit=None, score_cutoff=LEAST_LIKENESS
                )
                for name, _, position in found:
                    yield name, shelf.rows[number * BLOCK + position]


def _holding(shelf: _Shelf, part: str) -> Iterator[tuple[str, int]]:
    width = shelf.length + 1
    for number, block in enumerate(shelf.blocks):
        place = block.find(part)
        while place >= 0:
            position = place // width
            begin = position * width
            yield block[begin : begin + shelf.length], shelf.rows[number * BLOCK + position]
            place = block.find(part, begin + width)
