"""The files of a version, looked at before they are opened, and each read once."""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from recommender_service.errors import BadVersionError
from recommender_service.memory import SharedMemory

BLOCK_BYTES = 1024 * 1024


def size_of(path: Path) -> int:
    """The size of a file in bytes.

    Asked before it is read: a pipe would never end, and a size that only
    somebody says would be memory that only they need.

    Raises:
        BadVersionError: MISSING: there is none, or it is no file. UNREADABLE: it
            may not be looked at.
        OSError: The volume does not answer as it should.
    """
    with _rejecting(path):
        return _size(path, path.stat())


def read_bytes(path: Path, most_bytes: int) -> bytes:
    """The content of a small file.

    Args:
        path: The file.
        most_bytes: What comes after these is left out.

    Raises:
        BadVersionError: MISSING, or UNREADABLE: it may not be read.
        OSError: The volume does not answer as it should.
    """
    with _opened(path) as file:
        return file.read(most_bytes)


def read_shared(path: Path, size: int) -> tuple[SharedMemory, str]:
    """Reads a file once, into memory that can be shared, and hashes it meanwhile.

    Args:
        path: The file.
        size: That it must have, in bytes.

    Returns:
        The content, and its sha256 as hexadecimal digits.

    Raises:
        BadVersionError: MISSING, UNREADABLE (it may not be read), or CHECKSUM: it
            has another size.
        OSError: The volume does not answer as it should, or there is not as much
            memory.
    """
    digest = hashlib.sha256()

    def blocks(file: BinaryIO) -> Iterator[memoryview]:
        _check_size(path, os.fstat(file.fileno()).st_size, size)
        buffer = memoryview(bytearray(BLOCK_BYTES))
        read = 0
        while read <= size and (count := file.readinto(buffer)):  # type: ignore[attr-defined]
            read += count
            digest.update(buffer[:count])
            yield buffer[:count]
        _check_size(path, read, size)  # for one that has changed meanwhile

    with _opened(path) as file:
        return SharedMemory(size, blocks(file)), digest.hexdigest()


def _check_size(path: Path, found: int, size: int) -> None:
    if found != size:
        raise BadVersionError(
            "CHECKSUM", f"{path.name} has {found:,} bytes, and the manifest says {size:,}"
        )


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    size_of(path)
    with _rejecting(path), open(path, "rb", opener=_open_at_once) as file:
        _size(path, os.fstat(file.fileno()))  # it may have become a pipe meanwhile
        yield file


def _open_at_once(path: str, flags: int) -> int:
    """Opens a pipe without waiting for somebody to write to it."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


@contextmanager
def _rejecting(path: Path) -> Iterator[None]:
    """Has errors that are the version's own reject it."""
    try:
        yield
    except FileNotFoundError:
        raise BadVersionError("MISSING", f"{path.name} is not there") from None
    except PermissionError:
        raise BadVersionError(
            "UNREADABLE",
            f"{path.name} may not be read: allow it to user {os.geteuid()}, who runs this, for "
            f"the file and its folder",
        ) from None


def _size(path: Path, facts: os.stat_result) -> int:
    if not stat.S_ISREG(facts.st_mode):
        raise BadVersionError("MISSING", f"{path.name} is there, but is no file")
    return facts.st_size
