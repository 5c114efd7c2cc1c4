"""Long work in a thread beside the event loop, so paced that calls hardly notice."""

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")

PAUSE_S = 0.0002
"""Long enough for the event loop to take its turn."""

LEAST_LOST = 0.1
"""Of its time, that a thread must have lost to others for it to make way for them."""


def paced(items: Iterable[Item], every: int) -> Iterator[Item]:
    """The same items, with a pause after so many of them as long as others want the time, too.

    A thread that computes without a pause is in the way of the event loop whenever
    that wakes up, which is several times a call. What it loses of its time meanwhile
    says how much else is done; where that is little, pauses would only make it slow.

    Args:
        items: Any.
        every: How many are worked on between two pauses; half a millisecond's worth.
    """
    left = iter(items)
    while some := list(islice(left, every)):
        began, before = time.perf_counter(), time.thread_time()
        yield from some
        took, computed = time.perf_counter() - began, time.thread_time() - before
        if took - computed > LEAST_LOST * took:
            time.sleep(PAUSE_S)
