"""Very many short texts in little memory."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise
from typing import overload

import numpy as np
from numpy.typing import NDArray

from recommender_service.catalogue.utf8 import decoded, encoded

BLOCK = 512
"""Texts that are taken in together: few, so that the garbage collector never looks for them."""


class Texts(Sequence[str]):
    """Texts in order, each made when it is asked for.

    They are kept in UTF-8, one behind another. A million strings would take three
    times the memory, and freeing them would hold up every thread of the process
    for long.

    Args:
        texts: Any.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._letters = bytearray()
        self._bounds = array("q", [0])
        self.extend(texts)

    def __len__(self) -> int:
        return len(self._bounds) - 1

    @overload
    def __getitem__(self, position: int) -> str: ...
    @overload
    def __getitem__(self, position: slice) -> list[str]: ...
    def __getitem__(self, position: int | slice) -> str | list[str]:
        if isinstance(position, slice):
            return [self[i] for i in range(*position.indices(len(self)))]
        position = range(len(self))[position]  # counted from the end, if negative
        return decoded(self._letters[self._bounds[position] : self._bounds[position + 1]])

    def __iter__(self) -> Iterator[str]:
        for begin, end in pairwise(self._bounds):
            yield decoded(self._letters[begin:end])

    def extend(self, texts: Iterable[str]) -> None:
        """Adds texts behind the others."""
        left = iter(texts)
        while some := [encoded(text) for text in islice(left, BLOCK)]:
            letters = np.frombuffer(b"".join(some), np.uint8)
            self.extend_encoded(letters, np.fromiter(map(len, some), np.int64, len(some)))

    def extend_encoded(self, letters: NDArray[np.uint8], sizes: NDArray[np.int64]) -> None:
        """Adds texts behind the others.

        Args:
            letters: The texts in UTF-8, one behind another.
            sizes: Bytes of each, (N,).
        """
        bounds = sizes.cumsum() + self._bounds[-1]
        self._letters += letters.data
        self._bounds.frombytes(bounds.tobytes())

    def part(self, begin: int, end: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Some of the texts in UTF-8, one behind another; none can be added while they are in use.

        Args:
            begin: The first of them.
            end: The first that is none of them any more.

        Returns:
            Their bytes, and where in these each begins, and the last one ends, (N + 1,).
        """
        bounds = np.frombuffer(self._bounds, np.int64)[begin : end + 1]
        letters = np.frombuffer(self._letters, np.uint8)[bounds[0] : bounds[-1]]
        return letters, bounds - bounds[0]
