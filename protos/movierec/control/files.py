"""Folders that are made durably, and small files that are replaced as a whole."""

import os
import secrets
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Puts a file in the place of another, durably; readers see the one or the other.

    Args:
        path: The file; its folder is made if it is not there.
        content: What it is to hold.

    Raises:
        OSError: The volume did not take it. The file is as it was.
    """
    make_folder(path.parent)
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
