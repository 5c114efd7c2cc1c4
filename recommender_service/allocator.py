"""How the C library keeps memory that was freed."""

import ctypes
from contextlib import suppress

LARGE_BYTES = 1 << 20

_M_MMAP_THRESHOLD = -3  # of glibc's malloc.h


def give_back_large_blocks() -> None:
    """Has large blocks go back to the system as soon as they are freed.

    Left to itself glibc takes each freed block for a sign that more of its size will
    follow, up to 32 MiB, and puts those among the small ones, where versions that
    come and go leave holes: after 150 swaps of 20,000 movies the process had 168 MiB
    instead of 124. Other C libraries are left as they are.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)


def give_back_freed_blocks() -> None:
    """Gives small blocks back to the system that are free; it takes a millisecond.

    Left to itself glibc keeps what a thread has freed for that thread, and every load of a
    version is a thread of its own: 27,278 movies leave 5 MB behind, several versions 10 MB.
    Other C libraries are left as they are.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
