"""Watches the volume, and keeps the newest good version serving."""

import asyncio
import logging
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from recommender_service.artifact.loading import load_version
from recommender_service.artifact.manifest import read_manifest
from recommender_service.errors import BadVersionError, NoVersionError
from recommender_service.query.version import Version

# As it is written to folders' names, and well below 2^63.
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")

log = logging.getLogger(__name__)


class VersionState(StrEnum):
    """Where a version stands with this recommender."""

    LOADING = "LOADING"
    AVAILABLE = "AVAILABLE"
    SERVING = "SERVING"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True)
class VersionStatus:
    """What is known of a version on the volume.

    Args:
        number: Its number.
        state: Where it stands.
        manifest: The bytes of its manifest, if that could be read.
        reason: Why it was rejected, UPPER_SNAKE.
        message: The same as a sentence.
    """

    number: int
    state: VersionState
    manifest: bytes = b""
    reason: str = ""
    message: str = ""


class VersionWatcher:
    """Polls the volume and swaps the serving version, one reference at a time.

    A version that is no good is set aside once and for all, and what serves
    goes on; one that cannot be read just now is tried again, and until then the
    next older one will do; a volume that does not answer changes nothing.

    Args:
        artifacts_dir: The volume.
        poll_interval_s: Between two looks.
        on_serving: Awaited whenever another version begins to serve.
    """

    def __init__(
        self,
        artifacts_dir: Path,
        *,
        poll_interval_s: float,
        on_serving: Callable[[], Awaitable[None]],
    ) -> None:
        self._folder = artifacts_dir / "versions"
        self._poll_interval_s = poll_interval_s
        self._on_serving = on_serving
        self._statuses: dict[int, VersionStatus] = {}
        self._serving: Version | None = None
        self._polling: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to poll; the first look is taken at once, and not waited for."""
        self._polling = asyncio.create_task(self._poll())

    async def stop(self) -> None:
        """Ends the polling. What serves stays, for the calls under way."""
        if self._polling:
            self._polling.cancel()
            await asyncio.wait([self._polling])

    @property
    def serving(self) -> Version:
        """The version that serves; a call takes it once and keeps it.

        Raises:
            NoVersionError: Nothing is loaded yet.
        """
        if self._serving is None:
            raise NoVersionError
        return self._serving

    def statuses(self) -> list[VersionStatus]:
        """Every version on the volume, newest first."""
        return [self._statuses[number] for number in sorted(self._statuses, reverse=True)]

    async def _poll(self) -> None:
        while True:
            try:
                await self._look()
            except OSError as error:
                log.warning("the volume does not answer; what serves goes on: %s", error)
            except Exception:
                log.exception("looking for versions failed; it is tried again")
            await asyncio.sleep(self._poll_interval_s)

    async def _look(self) -> None:
        numbers = await asyncio.to_thread(self._numbers)
        serving = self._serving.number if self._serving else 0
        for gone in self._statuses.keys() - numbers - {serving}:
            del self._statuses[gone]
        for number in sorted(numbers - self._statuses.keys()):
            await self._discover(number)
        newer = [
            status.number
            for status in self.statuses()
            if status.state is VersionState.AVAILABLE and status.number > serving
        ]
        for number in newer:
            if await self._load(number):
                break

    def _numbers(self) -> set[int]:
        try:
            with os.scandir(self._folder) as entries:
                return {
                    int(entry.name)
                    for entry in entries
                    if _NUMBER.fullmatch(entry.name) and entry.is_dir()
                }
        except FileNotFoundError:
            return set()  # nothing was ever published

    async def _discover(self, number: int) -> None:
        try:
            manifest = await asyncio.to_thread(read_manifest, self._folder / str(number))
        except BadVersionError as error:
            self._reject(number, error)
        except OSError as error:
            log.warning("version %d cannot be read, and is tried again: %s", number, error)
        else:
            self._note(number, VersionState.AVAILABLE, manifest.content)

    async def _load(self, number: int) -> bool:
        manifest = self._statuses[number].manifest
        self._note(number, VersionState.LOADING, manifest)
        try:
            version = await asyncio.to_thread(load_version, self._folder / str(number))
        except BadVersionError as error:
            self._reject(number, error)
            return False
        except (OSError, MemoryError) as error:
            log.warning("version %d cannot be loaded, and is tried again: %s", number, error)
            self._note(number, VersionState.AVAILABLE, manifest)
            return False
        if self._serving:
            before = self._serving
            self._note(before.number, VersionState.AVAILABLE, before.manifest)
        self._serving = version
        self._note(number, VersionState.SERVING, version.manifest)
        log.info("version %d serves, with %d movies", number, len(version.catalogue))
        await self._on_serving()
        return True

    def _note(self, number: int, state: VersionState, manifest: bytes) -> None:
        self._statuses[number] = VersionStatus(number, state, manifest)

    def _reject(self, number: int, error: BadVersionError) -> None:
        log.warning("version %d is rejected: %s: %s", number, error.reason, error.message)
        manifest = self._statuses[number].manifest if number in self._statuses else b""
        self._statuses[number] = VersionStatus(
            number, VersionState.REJECTED, manifest, error.reason, error.message
        )
