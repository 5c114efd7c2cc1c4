"""A file that has not arrived as a whole, with what is needed to take it up."""

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Self

from movierec_client.errors import DownloadError

try:
    import fcntl
except ImportError:  # Windows, where the file is not locked.
    fcntl = None  # type: ignore[assignment]


class Partial:
    """The beginning of a file: PATH, and PATH.json with whose beginning it is.

    It is to be used as a context manager, and by one process at a time. All that was written is
    there after a kill; what a power failure leaves is found out by the checksums.

    Args:
        path: Where it lies, or is to lie.
        url: Where it comes from; what came from elsewhere is not gone on with.

    Raises:
        DownloadError: Another process is at it, or it may not be written; on entering.
    """

    def __init__(self, path: Path, url: str) -> None:
        self.path = path
        self._url = url
        self._facts_path = path.with_name(f"{path.name}.json")
        self._facts: dict[str, Any] = {}
        self._file: IO[bytes] | None = None
        self._is_ours = False

    def __enter__(self) -> Self:
        try:
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
            self._file = open(
                self.path, "r+b", 0, opener=lambda path, _: os.open(path, flags, 0o666)
            )
            self._lock()
            self._is_ours = True
            self._facts = self._read_facts()
            if not self._facts:
                self._open_file.truncate(0)
            self._open_file.seek(0, os.SEEK_END)
        except OSError as error:
            self.__exit__()
            raise _cannot_be_written(self.path, error) from error
        except DownloadError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        if self._file:
            if self._is_ours and not self._file.seek(0, os.SEEK_END):
                with suppress(OSError):
                    self.remove()  # nothing has come, so that nothing is to be left
            self._file.close()

    @property
    def size(self) -> int:
        """How many bytes are there."""
        return self._open_file.seek(0, os.SEEK_END)

    @property
    def total(self) -> int | None:
        """How many there will be, if the server has said so."""
        total = self._facts.get("total")
        return total if isinstance(total, int) else None

    @property
    def is_whole(self) -> bool:
        """Whether as much is there as the server has said."""
        return self.total is not None and self.size == self.total

    def range_headers(self) -> dict[str, str]:
        """Returns what asks for the rest, if it is still of the same file (RFC 9110, 13.1.5)."""
        validator = self._facts.get("etag") or self._facts.get("last_modified")
        if not validator or not self.size or (self.total is not None and self.size > self.total):
            return {}
        return {"Range": f"bytes={self.size}-", "If-Range": str(validator)}

    def continues(self, headers: Mapping[str, str], total: int | None) -> bool:
        """Tells whether the rest that a server sends is of the same file; a few ask nobody."""
        said = _validators(headers)
        same = all(said[name] in ("", self._facts[name]) for name in said)
        return same and (self.total is None or total in (None, self.total))

    def begin(self, headers: Mapping[str, str], total: int | None) -> None:
        """Begins anew, with a file of these headers and of this size, if that is known."""
        self.clear()
        self._facts = {"url": self._url, "total": total, **_validators(headers)}
        self._write_facts()

    def know_total(self, total: int) -> None:
        """Is told the size, which the server had not said before."""
        if self.total is None:
            self._facts["total"] = total
            self._write_facts()

    def write(self, some: bytes) -> None:
        """Adds bytes.

        Raises:
            DownloadError: The disk does not take them; what it has taken stays.
        """
        try:
            rest = memoryview(some)
            while rest:
                rest = rest[self._open_file.write(rest) :]
        except OSError as error:
            raise _cannot_be_written(self.path, error) from error

    def need_room(self, more_bytes: int) -> None:
        """Makes sure that there is room for so many bytes more.

        Raises:
            DownloadError: There is not.
        """
        need_room(self.path.parent, more_bytes)

    def clear(self) -> None:
        """Throws away what there is."""
        try:
            self._open_file.truncate(0)
            self._open_file.seek(0)
            self._facts_path.unlink(missing_ok=True)
        except OSError as error:
            raise _cannot_be_written(self.path, error) from error
        self._facts = {}

    def remove(self) -> None:
        """Takes the files away; nothing is to be done with it afterwards."""
        self._facts_path.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    @property
    def _open_file(self) -> IO[bytes]:
        assert self._file, "it is used as a context manager"  # noqa: S101
        return self._file

    def _lock(self) -> None:
        if fcntl is None:
            return
        try:
            fcntl.flock(self._open_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DownloadError(
                f"{self.path} is being downloaded by another process: wait for it to end"
            ) from error

    def _read_facts(self) -> dict[str, Any]:
        """Returns what is known of the file; nothing if it is another one, or cannot be told."""
        try:
            facts = json.loads(self._facts_path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        known = isinstance(facts, dict) and facts.get("url") == self._url
        return facts if known and {"etag", "last_modified", "total"} <= facts.keys() else {}

    def _write_facts(self) -> None:
        staged = self._facts_path.with_name(f"{self._facts_path.name}.new")
        try:
            staged.write_text(json.dumps(self._facts), encoding="utf-8")
            staged.replace(self._facts_path)
        except OSError as error:
            staged.unlink(missing_ok=True)
            raise _cannot_be_written(self._facts_path, error) from error


def need_room(folder: Path, more_bytes: int) -> None:
    """Makes sure that there is room in a folder for so many bytes more.

    Raises:
        DownloadError: There is not.
    """
    free = shutil.disk_usage(folder).free
    if more_bytes > free:
        raise DownloadError(
            f"{folder} has room for {free:,} bytes, and {more_bytes:,} more are needed: make room "
            f"or give another folder"
        )


def _validators(headers: Mapping[str, str]) -> dict[str, str]:
    """Returns what tells this state of a file from others; a weak ETag does not."""
    etag = headers.get("ETag") or ""
    return {
        "etag": "" if etag.startswith("W/") else etag,
        "last_modified": headers.get("Last-Modified") or "",
    }


def _cannot_be_written(path: Path, error: OSError) -> DownloadError:
    return DownloadError(
        f"{path} cannot be written ({error.strerror}): see to it, and call again; what has arrived "
        f"is kept"
    )
