"""Takes a data set out of its archive, and nothing else."""

import os
import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from movierec_client.errors import DownloadError
from movierec_client.movielens.partial import need_room
from movierec_client.movielens.watching import Watcher

_MOST_BYTES = 8 << 30  # The largest set has a seventh of it.
_MOST_FILES = 100  # and seven of them
_CHUNK_BYTES = 1 << 20
_TABLES = ({"movies.csv", "ratings.csv"}, {"movies.dat", "ratings.dat"})


class BadArchiveError(Exception):
    """The archive is damaged, or holds what it should not. Says what."""


def unpack(archive: Path, name: str, folder: Path, watcher: Watcher) -> None:
    """Unpacks the folder NAME of an archive as a new folder, which appears as a whole.

    Only files that lie directly in it are taken. An archive with a path that leads elsewhere, or
    with a link, is refused.

    Args:
        archive: The zip file.
        name: The folder in it.
        folder: What it is to be; it may be there if it is empty.
        watcher: Is told how it goes on.

    Raises:
        BadArchiveError: The archive is no good. Nothing is left behind.
        DownloadError: The disk does not take it. Nothing is left behind.
    """
    staging = folder.with_name(f".{folder.name}.unpacking")
    try:
        _remove(staging)  # as a kill leaves it
        staging.mkdir()
        with zipfile.ZipFile(archive) as opened:
            _unpack(opened, _members(opened, name), staging, watcher)
        _check_tables(staging)
        _make_durable(staging)
        staging.rename(folder)
        _make_durable(folder.parent)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise BadArchiveError(f"it is damaged ({error})") from error
    except OSError as error:
        raise DownloadError(
            f"{folder} cannot be written ({error.strerror}): see to it, and call again; the "
            f"archive is kept"
        ) from error
    finally:
        _remove(staging)


def _members(archive: zipfile.ZipFile, name: str) -> list[zipfile.ZipInfo]:
    members = archive.infolist()
    for member in members:
        path = PurePosixPath(member.filename)
        leads_elsewhere = path.is_absolute() or ".." in path.parts or "\\" in member.orig_filename
        if leads_elsewhere or ":" in member.filename or stat.S_ISLNK(member.external_attr >> 16):
            raise BadArchiveError(f"it holds {member.orig_filename!r}, which leads elsewhere")
    taken = [
        member
        for member in members
        if not member.is_dir() and PurePosixPath(member.filename).parent == PurePosixPath(name)
    ]
    if len(taken) > _MOST_FILES or sum(member.file_size for member in taken) > _MOST_BYTES:
        raise BadArchiveError(f"it holds more than {_MOST_FILES} files or {_MOST_BYTES:,} bytes")
    if len({member.filename.lower() for member in taken}) < len(taken):
        raise BadArchiveError("it holds a file twice")
    return taken


def _unpack(
    archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], staging: Path, watcher: Watcher
) -> None:
    """Writes files; reading checks that each has the size and the CRC that are told of it."""
    total = sum(member.file_size for member in members)
    need_room(staging.parent, total)
    watcher.stage("unpacking", 0, total)
    done = 0
    for member in members:
        path = staging / PurePosixPath(member.filename).name
        with archive.open(member) as source, path.open("xb") as target:
            while some := source.read(_CHUNK_BYTES):
                target.write(some)
                done += len(some)
                watcher.advance(done)
            target.flush()
            os.fsync(target.fileno())
        if path.stat().st_size != member.file_size:
            raise BadArchiveError(f"{member.filename} in it ends too early")


def _check_tables(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    if not any(tables <= names for tables in _TABLES):
        held = ", ".join(sorted(names)) or "nothing"
        raise BadArchiveError(f"it holds no movies and ratings, but {held}")


def _make_durable(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
