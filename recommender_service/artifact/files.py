"""The files of a version, each read once, and none believed to be one."""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from movierec.control.files import NoFileError, opened_file
from recommender_service.errors import BadVersionError
from recommender_service.memory import SharedMemory

BLOCK_BYTES = 1024 * 1024

# What says of a name that it leads nowhere, rather than of the volume that it is away.
_LEADS_NOWHERE = {
    errno.ELOOP: "is a link in a circle",
    errno.ENAMETOOLONG: "is a link to a name that is too long",
    errno.ENOTDIR: "is a link into what is no folder",
}


def read_bytes(path: Path, most_bytes: int) -> bytes:
    """The content of a small file.

    Args:
        path: The file.
        most_bytes: The largest size that is read.

    Raises:
        BadVersionError: MISSING: there is none, or it is no file. UNREADABLE: it
            may not be read. FORMAT: it has more bytes.
        OSError: The volume does not answer as it should.
    """
    with _opened(path) as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise BadVersionError("FORMAT", f"{path.name} has more than {most_bytes:,} bytes")
    return content


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


def digest_of(path: Path, size: int) -> str:
    """The sha256 of a file that is not kept, as hexadecimal digits.

    Args:
        path: The file.
        size: That it must have, in bytes.

    Raises:
        BadVersionError: MISSING, UNREADABLE, or CHECKSUM: it has another size.
        OSError: The volume does not answer as it should.
    """
    with _opened(path) as file:
        _check_size(path, os.fstat(file.fileno()).st_size, size)
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # it reads into


def _check_size(path: Path, found: int, size: int) -> None:
    if found != size:
        raise BadVersionError(
            "CHECKSUM", f"{path.name} has {found:,} bytes, and the manifest says {size:,}"
        )


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """A file, open to be read; errors that are the version's own reject it."""
    try:
        with opened_file(path) as file:
            yield file
    except NoFileError as error:
        raise BadVersionError("MISSING", str(error)) from None
    except FileNotFoundError:
        raise BadVersionError("MISSING", f"{path.name} is not there") from None
    except PermissionError:
        raise BadVersionError(
            "UNREADABLE",
            f"{path.name} may not be read: allow it to user {os.geteuid()}, who runs this, for "
            f"the file and its folder",
        ) from None
    except OSError as error:
        if error.errno not in _LEADS_NOWHERE:
            raise
        raise BadVersionError("MISSING", f"{path.name} {_LEADS_NOWHERE[error.errno]}") from None
