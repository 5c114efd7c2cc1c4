"""Memory that other processes can share."""

import errno
import fcntl
import mmap
import os
import weakref
from collections.abc import Iterable, Iterator
from typing import Self

_NO_MEMORY = {errno.ENOMEM, errno.ENOSPC, errno.EFBIG}
"""What writing to memory says when there is none; the last one when a limit is set."""


class SharedMemory:
    """Bytes in memory of this process' own, which processes that it starts can share.

    It is no mapping of a file on a volume: reading such a one kills the process
    when the volume vanishes. Where there is `memfd_create`, which is on Linux, a
    process that is handed the descriptor can map the same memory, and nobody can
    change it; elsewhere only forks share it.

    The memory is given back when the last reference to `content` is gone, and the
    last one to this.

    Args:
        size: Of all blocks together, in bytes.
        blocks: What it is to hold; each is copied before the next one is taken.

    Raises:
        MemoryError: There is not as much memory.
        OSError: A block cannot be read.
        ValueError: The blocks have another size.
    """

    def __init__(self, size: int, blocks: Iterable[memoryview]) -> None:
        self.descriptor: int | None = None
        """Of the memory, as long as this lives; None where only forks share it."""
        if hasattr(os, "memfd_create"):
            self.descriptor = os.memfd_create("movierec", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            weakref.finalize(self, os.close, self.descriptor)
            try:
                self._mapping = _filled_file(self.descriptor, size, blocks)
            except OSError as error:
                if error.errno in _NO_MEMORY:
                    raise MemoryError from None
                raise
        else:
            self._mapping = _filled(size, blocks)
        self.content = memoryview(self._mapping)[:size].toreadonly()
        """The bytes, which can only be read."""

    @classmethod
    def handed_over(cls, descriptor: int, size: int) -> Self:
        """The memory that another process has filled.

        Args:
            descriptor: Of the memory; it is this object's from now on.
            size: In bytes, without what was added to map nothing.

        Raises:
            OSError: It cannot be mapped.
        """
        memory = cls.__new__(cls)
        memory.descriptor = descriptor
        weakref.finalize(memory, os.close, descriptor)
        memory._mapping = _mapped_file(descriptor, size)  # noqa: SLF001  # made just above
        memory.content = memoryview(memory._mapping)[:size].toreadonly()  # noqa: SLF001
        return memory

    def lines(self) -> Iterator[bytes]:
        """The lines, each with its line feed; for one reader at a time."""
        self._mapping.seek(0)
        return iter(self._mapping.readline, b"") if self.content else iter(())


def _filled_file(descriptor: int, size: int, blocks: Iterable[memoryview]) -> mmap.mmap:
    with open(descriptor, "wb", closefd=False) as file:
        file.writelines(blocks)
        _check_size(file.tell(), size)
    os.ftruncate(descriptor, _mapped_size(size))
    fcntl.fcntl(
        descriptor,
        fcntl.F_ADD_SEALS,
        fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL,
    )
    return _mapped_file(descriptor, size)


def _mapped_file(descriptor: int, size: int) -> mmap.mmap:
    return mmap.mmap(descriptor, _mapped_size(size), access=mmap.ACCESS_READ)


def _filled(size: int, blocks: Iterable[memoryview]) -> mmap.mmap:
    mapping = mmap.mmap(-1, _mapped_size(size))  # shared with forks
    for block in blocks:
        mapping.write(block)
    _check_size(mapping.tell(), size)
    return mapping


def _mapped_size(size: int) -> int:
    return max(1, size)  # nothing cannot be mapped


def _check_size(found: int, size: int) -> None:
    if found != size:
        raise ValueError(f"{found:,} bytes came, and {size:,} were announced")
