"""Very many short texts in little memory."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from typing import overload

BLOCK = 512
"""Texts that are kept as one."""


class Texts(Sequence[str]):
    """Texts in order, each made when it is asked for.

    They are kept in blocks of many, one behind another. A million strings would
    take three times the memory, and freeing them would hold up every thread of
    the process for long.

    Args:
        texts: Any.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._blocks: list[str] = []
        self._begins = array("I")
        self.extend(texts)

    def __len__(self) -> int:
        return len(self._begins)

    @overload
    def __getitem__(self, position: int) -> str: ...
    @overload
    def __getitem__(self, position: slice) -> list[str]: ...
    def __getitem__(self, position: int | slice) -> str | list[str]:
        if isinstance(position, slice):
            return [self[i] for i in range(*position.indices(len(self)))]
        position = range(len(self))[position]  # counted from the end, if negative
        begin = self._begins[position]
        if (position + 1) % BLOCK and position + 1 < len(self):
            return self._blocks[position // BLOCK][begin : self._begins[position + 1]]
        return self._blocks[position // BLOCK][begin:]

    def __iter__(self) -> Iterator[str]:
        for number, block in enumerate(self._blocks):
            begin = 0
            for end in self._begins[number * BLOCK + 1 : (number + 1) * BLOCK]:
                yield block[begin:end]
                begin = end
            yield block[begin:]

    def extend(self, texts: Iterable[str]) -> None:
        """Adds texts behind the others; quick when they are `BLOCK` at a time."""
        left = iter(texts)
        if (room := -len(self) % BLOCK) and (first := list(islice(left, room))):
            self._fill_up(first)
        while block := list(islice(left, BLOCK)):
            self._blocks.append("")
            self._fill_up(block)

    def _fill_up(self, texts: list[str]) -> None:
        block = self._blocks[-1]
        self._begins.extend(accumulate(map(len, texts[:-1]), initial=len(block)))
        self._blocks[-1] = "".join([block, *texts])
