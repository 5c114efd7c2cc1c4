"""What is known of the versions on the volume, and whether they are any good."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from recommender_service.artifact.loads import Load, LoadOutcome, nobody_counts
from recommender_service.artifact.manifest import Manifest
from recommender_service.artifact.pauses import Pauses
from recommender_service.artifact.volume import VersionGoneError, Volume
from recommender_service.errors import BadVersionError
from recommender_service.query.version import Version

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about a version.

    Args:
        manifest: What its manifest says, if that could be read.
        reason: Why it must not be served, UPPER_SNAKE; empty if it may.
        message: The same as a sentence.
    """

    manifest: Manifest | None = None
    reason: str = ""
    message: str = ""

    @property
    def held_back(self) -> str:
        """Why it may not become the latest by itself; empty if it may."""
        return self.manifest.held_back if self.manifest else ""


class Survey:
    """Finds versions on the volume, loads them, and remembers what is wrong with them.

    One that is no good is set aside for good, until somebody asks for it to be
    looked at anew; one that cannot be read just now is tried again after growing
    pauses.

    Args:
        volume: Where they are.
        tell: Told what came of each loading.
        share: Awaited with each version that was loaded, before anybody gets it.
    """

    def __init__(
        self,
        volume: Volume,
        tell: Callable[[Load], None] = nobody_counts,
        share: Callable[[Version], Awaitable[None]] | None = None,
    ) -> None:
        self._volume = volume
        self._tell = tell
        self._share = share
        self._there: set[int] = set()
        self._findings: dict[int, Finding] = {}
        self._unread: dict[int, str] = {}
        self._unloaded: dict[int, str] = {}
        self._pauses = Pauses()
        self._loading: dict[int, asyncio.Task[Version]] = {}
        self.look_time: datetime | None = None
        """When the volume was last read, with a time zone."""

    async def look(self, in_memory: Collection[int]) -> None:
        """Finds out which versions there are now.

        Args:
            in_memory: Versions that are remembered though they may be gone.

        Raises:
            OSError: The volume does not answer as it should. Nothing is forgotten.
        """
        there = await self._volume.numbers()
        if there is not None:
            self.look_time = datetime.now(UTC)
        self._there = there or set()
        self._pauses.next_look()
        for gone in self._findings.keys() - self._there - set(in_memory):
            self._forget(gone)
        for gone in self._unread.keys() - self._there:
            del self._unread[gone]
        for number in sorted(self._there - self._findings.keys()):
            if self._pauses.is_due(number):
                await self._discover(number)

    @property
    def is_silent(self) -> bool:
        """Whether the volume does not answer, as far as is known."""
        return self._volume.is_silent

    @property
    def numbers(self) -> list[int]:
        """The versions of which something is known, or could not be read, newest first."""
        return sorted(self._findings.keys() | self._unread, reverse=True)

    @property
    def there(self) -> list[int]:
        """The versions that are on the volume, newest first."""
        return sorted(self._there, reverse=True)

    def of(self, number: int) -> Finding | None:
        """What is known of a version, if anything is."""
        return self._findings.get(number)

    def unread(self, number: int) -> str:
        """Why nothing could be read of a version that is there; empty if something was."""
        return self._unread.get(number, "")

    def unloaded(self, number: int) -> str:
        """Why a good version could not be loaded when that was last tried; empty if it could."""
        return self._unloaded.get(number, "")

    def is_loading(self, number: int) -> bool:
        """Whether a version is being loaded."""
        return number in self._loading

    def may_be_latest(self, number: int) -> bool:
        """Whether nothing is known against a version."""
        finding = self._findings.get(number)
        return finding is not None and not finding.reason and not finding.held_back

    def latest(self) -> list[int]:
        """The versions on the volume that may become the latest, newest first."""
        return sorted(filter(self.may_be_latest, self._there), reverse=True)

    def is_to_load(self, number: int) -> bool:
        """Whether a version is on the volume, no bad one, and not one to be left alone now."""
        finding = self._findings.get(number)
        is_good = finding is not None and not finding.reason
        return is_good and number in self._there and self._pauses.is_due(number)

    def look_anew(self, number: int) -> None:
        """Forgets what was wrong with a version, so that the next look reads it anew."""
        finding = self._findings.get(number)
        self._pauses.forget(number)
        if finding and finding.reason:
            self._forget(number)

    async def find(self, number: int) -> None:
        """Looks whether a version is still on the volume.

        Raises:
            VersionGoneError: It is not.
            OSError: The volume does not answer as it should.
        """
        if not await self._volume.holds(number):
            self._there.discard(number)
            raise VersionGoneError

    async def expect_folder(self) -> None:
        """Looks whether the volume is there, so that a version that is not is gone.

        Raises:
            OSError: It is away, or nothing was ever published, or the volume does not
                answer as it should.
        """
        if await self._volume.numbers() is None:
            raise FileNotFoundError("it has no folder for versions")

    async def read(self, number: int) -> None:
        """Reads a version's manifest, whatever was known of the version.

        Raises:
            BadVersionError: It must not be served.
            VersionGoneError: There is no such version.
            OSError: The volume does not answer as it should.
        """
        try:
            manifest = await self._volume.manifest(number)
        except BadVersionError as error:
            self._reject(number, error)
            raise
        except VersionGoneError:
            self._forget(number)
            raise
        self._there.add(number)
        self._unread.pop(number, None)
        self._findings[number] = Finding(manifest)

    async def load(self, number: int) -> Version:
        """Loads a version whose manifest was read; of several at a time, all get the same.

        Raises:
            BadVersionError: It must not be served.
            VersionGoneError: It is no longer there.
            OSError: The volume does not answer as it should.
            MemoryError: There is not enough memory.
        """
        loading = self._loading.get(number)
        if loading is None:
            finding = self._findings.get(number)
            if finding is None or finding.manifest is None:
                raise VersionGoneError
            loading = asyncio.create_task(self._load(number, finding.manifest))
            self._loading[number] = loading
            # Whoever asked for it may be gone when it fails.
            loading.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(loading)

    async def _load(self, number: int, manifest: Manifest) -> Version:
        began = time.monotonic()
        outcome: LoadOutcome | None = None
        try:
            version = await self._volume.load(number, manifest)
            if self._share:
                await self._share(version)
            outcome = LoadOutcome.LOADED
        except BadVersionError as error:
            outcome = LoadOutcome.REJECTED
            self._reject(number, error)
            raise
        except VersionGoneError:
            self._forget(number)
            raise
        except Exception as error:
            outcome = LoadOutcome.FAILED
            cause = self._pause(number, "loaded", error)
            self._unloaded[number] = f"it could not be loaded when that was last tried: {cause}"
            raise
        finally:
            del self._loading[number]
            if outcome:
                self._tell(Load(outcome, time.monotonic() - began))
        self._pauses.forget(number)
        self._unloaded.pop(number, None)
        return version

    async def _discover(self, number: int) -> None:
        try:
            await self.read(number)
        except BadVersionError:
            pass  # it is known now
        except VersionGoneError:
            log.info("version %d was removed before it was read", number)
        except OSError as error:
            self._pause(number, "read", error)
            self._unread[number] = f"it cannot be read just now, and is tried again: {error}"

    def _pause(self, number: int, what: str, error: BaseException) -> str:
        """Leaves a version alone for a while; returns why, as a sentence."""
        self._pauses.failed(number)
        cause = str(error) or "there is not enough memory"
        log.warning("version %d cannot be %s, and is tried again: %s", number, what, cause)
        return cause

    def _reject(self, number: int, error: BadVersionError) -> None:
        log.warning("version %d is rejected: %s: %s", number, error.reason, error.message)
        known = self._findings.get(number, Finding())
        self._there.add(number)
        self._unread.pop(number, None)
        self._unloaded.pop(number, None)
        self._findings[number] = replace(known, reason=error.reason, message=error.message)

    def _forget(self, number: int) -> None:
        self._findings.pop(number, None)
        self._unread.pop(number, None)
        self._unloaded.pop(number, None)
        self._there.discard(number)
        self._pauses.forget(number)
