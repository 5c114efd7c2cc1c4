"""What lies on the volume: the numbers of versions, their manifests, and they themselves."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from recommender_service.artifact.contents import NUMBER, is_folder
from recommender_service.artifact.loading import load_version
from recommender_service.artifact.manifest import Manifest, read_manifest
from recommender_service.artifact.questions import PATIENCE_S, Questions
from recommender_service.errors import BadVersionError
from recommender_service.query.version import Version

SLOWEST_BYTES_PER_S = 10e6
"""Loading may take as long as reading takes from a volume that is as slow as this, ..."""

LOAD_PATIENCE_S = (3 * PATIENCE_S, 600.0)
"""... and the first of these seconds more, but never longer than the second: a manifest can
say any size."""

Found = TypeVar("Found")


class VersionGoneError(Exception):
    """A version is not on the volume, or is no longer."""


class Volume:
    """The shared volume, which may answer late, with errors, or never.

    Whatever it is asked, `SilentVolumeError` and other `OSError`s say that it has
    not answered as it should, and nothing of the versions.

    Args:
        artifacts_dir: Where it is.
        questions: How it is asked.
    """

    def __init__(self, artifacts_dir: Path, questions: Questions) -> None:
        self._folder = artifacts_dir / "versions"
        self._questions = questions

    @property
    def is_silent(self) -> bool:
        """Whether the volume does not answer, as far as is known."""
        return self._questions.is_silent("versions")

    async def numbers(self) -> set[int] | None:
        """Which versions there are; None if there is no folder for them."""
        return await self._questions.ask("versions", self._numbers)

    async def holds(self, number: int) -> bool:
        """Whether there is such a version."""
        folder = self._folder_of(number)
        return await self._questions.ask(f"folder {number}", lambda: is_folder(folder))

    async def manifest(self, number: int) -> Manifest:
        """Reads the manifest of a version.

        Raises:
            BadVersionError: The version must not be served.
            VersionGoneError: There is no such version.
        """
        return await self._read(f"manifest {number}", number, read_manifest)

    async def load(self, number: int, manifest: Manifest) -> Version:
        """Loads a version, and checks all of it.

        Args:
            number: Which one.
            manifest: Says how much there is to read.

        Raises:
            BadVersionError: The version must not be served.
            VersionGoneError: There is no such version, or it went meanwhile.
        """
        size_bytes = sum(file.size_bytes for file in manifest.files.values())
        least_s, most_s = LOAD_PATIENCE_S
        patience_s = min(least_s + max(size_bytes, 0) / SLOWEST_BYTES_PER_S, most_s)
        return await self._read(f"version {number}", number, load_version, patience_s)

    async def _read(
        self,
        topic: str,
        number: int,
        read: Callable[[Path], Found],
        patience_s: float = PATIENCE_S,
    ) -> Found:
        folder = self._folder_of(number)
        return await self._questions.ask(topic, lambda: _read(folder, read), patience_s=patience_s)

    def _folder_of(self, number: int) -> Path:
        if not NUMBER.fullmatch(str(number)):
            raise VersionGoneError
        return self._folder / str(number)

    def _numbers(self) -> set[int] | None:
        try:
            with os.scandir(self._folder) as entries:
                return {
                    int(entry.name)
                    for entry in entries
                    if NUMBER.fullmatch(entry.name) and is_folder(entry)
                }
        except FileNotFoundError:
            return None  # nothing was ever published, or the volume is away


def _read(folder: Path, read: Callable[[Path], Found]) -> Found:
    try:
        return read(folder)
    except PermissionError as error:
        name = Path(error.filename or folder).name
        raise BadVersionError(
            "UNREADABLE",
            f"{name} cannot be read ({error.strerror}): let the recommender's user read it",
        ) from None
    except (BadVersionError, OSError):
        if not is_folder(folder):
            raise VersionGoneError from None
        raise
