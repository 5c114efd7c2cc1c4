"""Folders that are made durably, small files that are replaced as a whole, and files that are read.

Something else may lie in a file's place: a pipe would never end, and to open a device may be
to do something. So what is opened is looked at before and after.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


class NoFileError(Exception):
    """What is there is no file, or a larger one than is read; a sentence that begins with its name.

    What is no file is a folder, a pipe, a device or a socket.
    """


@contextmanager
def opened_file(path: Path) -> Iterator[BinaryIO]:
    """A file, open to be read.

    Args:
        path: The file; a link to one will do.

    Raises:
        NoFileError: What is there is no file.
        OSError: It is not there, may not be read, or the volume does not answer as it should.
    """
    _check(path, path.stat())
    with open(path, "rb", opener=open_at_once) as file:
        _check(path, os.fstat(file.fileno()))  # it may have become something else meanwhile
        yield file


def read_file(path: Path, most_bytes: int) -> bytes:
    """The content of a small file.

    Args:
        path: The file; a link to one will do.
        most_bytes: The largest size that is read.

    Raises:
        NoFileError: What is there is no file, or a larger one.
        OSError: As with `opened_file`.
    """
    with opened_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most_bytes:
            raise NoFileError(
                f"{path.name} has {size:,} bytes, of which at most {most_bytes:,} are read"
            )
        return file.read(size)


def open_at_once(path: str, flags: int) -> int:
    """Opens what may be a pipe without waiting for somebody at its other end."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0), 0o666)


def _check(path: Path, facts: os.stat_result) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise NoFileError(f"{path.name} is there, but is no file")


def replace_file(path: Path, content: bytes) -> None:
    """Puts a file in the place of another, durably; readers see the one or the other.

    Args:
        path: The file; its folder is made if it is not there.
        content: What it is to hold.

    Raises:
        OSError: The volume did not take it. The file is as it was.
    """
    make_folder(path.parent)
    replace_in_folder(path, content)


def replace_in_folder(path: Path, content: bytes) -> None:
    """Does the same in a folder that has to be there.

    Raises:
        FileNotFoundError: It is not.
        OSError: The volume did not take it. The file is as it was.
    """
    # Of a name that no two writers share, and that readers pass over.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def is_full(error: OSError) -> bool:
    """Whether a volume took nothing for want of room."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT}


def make_folder(folder: Path) -> None:
    """Makes a folder, if it is not there, and those above it, durably.

    Raises:
        OSError: The volume did not take it, or something else is in its place.
    """
    if folder.is_dir():
        return
    if not folder.parent.exists():
        make_folder(folder.parent)
    make_in_folder(folder)


def make_in_folder(folder: Path) -> None:
    """Makes a folder, if it is not there, durably, in one that has to be there.

    Raises:
        FileNotFoundError: What it is to lie in is not there.
        OSError: The volume did not take it, or something else is in its place.
    """
    if folder.is_dir():
        return
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Makes durable which files a folder holds.

    Raises:
        OSError: The volume does not answer as it should.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
