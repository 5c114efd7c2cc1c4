"""Long work in a thread beside the event loop, so paced that calls hardly notice."""

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")

PAUSE_S = 0.0001
"""Long enough for the event loop to take its turn."""


def paced(items: Iterable[Item], every: int) -> Iterator[Item]:
    """The same items, with a pause after so many of them.

    A thread that computes without a pause is in the way of the event loop whenever
    that wakes up, which is several times a call.

    Args:
        items: Any.
        every: How many are worked on between two pauses; half a millisecond's worth.
    """
    left = iter(items)
    while some := list(islice(left, every)):
        yield from some
        time.sleep(PAUSE_S)
