"""Reports: what a data set or a version looks like, as files that the trainer has made."""

import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from movierec_client.errors import ServerError

MOST_FILES = 200
MOST_BYTES = 256 * 1024 * 1024
"""What a report may have together; more is no report."""

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
_OF_REPORT = re.compile(r"(dataset|version)(-[a-z0-9-]+)?\.(html|json|svg)")
# Which systems take for devices, whatever stands behind them.
_DEVICES = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{port}{n}" for port in ("com", "lpt") for n in "123456789"),
}


@dataclass(frozen=True, slots=True)
class InsightsPart:
    """Some of a report, as it arrives.

    Args:
        name: Of the file that begins with it; empty where it goes on with the file before.
        size_bytes: Of the whole file.
        sha256: Of the whole file, 64 hexadecimal digits.
        content: The bytes.
    """

    name: str
    size_bytes: int
    sha256: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Insights:
    """A report: pages, pictures and numbers.

    Args:
        files: The content of each file by its name, in the order in which they came.
    """

    files: Mapping[str, bytes] = field(repr=False)

    @property
    def pages(self) -> tuple[str, ...]:
        """The names of the pages, to be opened in a browser; a version's first."""
        pages = [name for name in self.files if name.endswith(".html")]
        return tuple(sorted(pages, reverse=True))

    @property
    def numbers(self) -> dict[str, Any]:
        """What was drawn, of each page, by its name without an ending: "dataset", "version"."""
        return {
            name.removesuffix(".json"): json.loads(content)
            for name, content in self.files.items()
            if name.endswith(".json")
        }

    def write(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Writes the files, each whole or not at all; one of the same name is replaced.

        Args:
            folder: Made if it is not there.

        Returns:
            Where they are.

        Raises:
            OSError: The folder does not take them.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for name, content in self.files.items():
            path = folder / name
            temporary = path.with_name(f".{name}.{secrets.token_hex(4)}")
            try:
                temporary.write_bytes(content)
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
            paths.append(path)
        return paths


class Collecting:
    """Puts a report together from its parts, and believes none of them."""

    def __init__(self) -> None:
        self._files: dict[str, bytearray] = {}
        self._abouts: list[InsightsPart] = []
        self._left_bytes = MOST_BYTES

    def take(self, part: InsightsPart) -> None:
        """Takes the next part.

        Raises:
            ServerError: It belongs to no report.
        """
        if part.name:
            self._check_file()
            if not is_plain(part.name) or part.name.lower() in map(str.lower, self._files):
                raise _no_report(f"a file of it is called {part.name!r}"[:200])
            if len(self._files) >= MOST_FILES:
                raise _no_report(f"it has more than {MOST_FILES} files")
            self._abouts.append(part)
            self._files[part.name] = bytearray()
        if not self._abouts:
            raise _no_report("it begins in the middle of a file")
        self._left_bytes -= len(part.content)
        if self._left_bytes < 0:
            raise _no_report(f"it has more than {MOST_BYTES:,} bytes")
        self._files[self._abouts[-1].name] += part.content

    def report(self) -> Insights:
        """Returns the report, once all parts have come.

        Raises:
            ServerError: They are none.
        """
        self._check_file()
        if not self._files:
            raise _no_report("it has no file")
        return Insights({name: bytes(content) for name, content in self._files.items()})

    def _check_file(self) -> None:
        """Makes sure that the file that has come last is whole."""
        if not self._abouts:
            return
        about = self._abouts[-1]
        content = self._files[about.name]
        if len(content) != about.size_bytes:
            raise _no_report(f"{about.name} has {len(content):,} of {about.size_bytes:,} bytes")
        if hashlib.sha256(content).hexdigest() != about.sha256:
            raise _no_report(f"{about.name} is not what its digest says")


def collected(parts: Iterable[InsightsPart]) -> Insights:
    """Returns the report that parts make up.

    Raises:
        ServerError: They make up none.
    """
    collecting = Collecting()
    for part in parts:
        collecting.take(part)
    return collecting.report()


def is_plain(name: str) -> bool:
    """Whether a file may be written by that name: it leads nowhere, and is no device."""
    return bool(_NAME.fullmatch(name)) and name.partition(".")[0].lower() not in _DEVICES


def is_of_report(name: str) -> bool:
    """Whether a file is called as those of reports are."""
    return bool(_OF_REPORT.fullmatch(name))


def _no_report(why: str) -> ServerError:
    return ServerError(f"the trainer sent no report: {why}", code="INTERNAL")
