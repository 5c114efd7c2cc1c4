"""The files of a version, looked at before they are opened.

Something else may lie in a file's place: a pipe would never end.
"""

import errno
import os
import stat
from pathlib import Path

from trainer_service.artifact.manifest import BadVersionError


def read_file(path: Path, most_bytes: int) -> bytes:
    """The content of a file.

    Args:
        path: The file; a link to one will do.
        most_bytes: The largest size that is read.

    Raises:
        BadVersionError: What is there is no file (a folder, a pipe, a link in a circle), or a
            larger one.
        OSError: It is not there, may not be read, or the volume does not answer as it should.
    """
    try:
        _check(path, path.stat(), most_bytes)  # to open a device may be to do something
        with open(path, "rb", opener=_open_at_once) as file:
            facts = os.fstat(file.fileno())
            _check(path, facts, most_bytes)  # it may have become something else meanwhile
            return file.read(facts.st_size)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.EISDIR, errno.ENXIO}:
            raise _no_file(path) from None
        raise


def _open_at_once(path: str, flags: int) -> int:
    """Opens a pipe without waiting for somebody to write to it."""
    return os.open(path, flags | os.O_NONBLOCK)


def _check(path: Path, facts: os.stat_result, most_bytes: int) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise _no_file(path)
    if facts.st_size > most_bytes:
        raise BadVersionError(
            f"{path.name} has {facts.st_size:,} bytes, of which at most {most_bytes:,} are read"
        )


def _no_file(path: Path) -> BadVersionError:
    return BadVersionError(f"{path.name} is there, but is no file")
