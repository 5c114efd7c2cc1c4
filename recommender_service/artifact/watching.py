"""Watches the volume: what there is, what is to serve, and that it does."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from recommender_service.artifact.followed import FollowedActivation
from recommender_service.artifact.survey import Survey
from recommender_service.artifact.trouble import Trouble
from recommender_service.artifact.versions import Versions
from recommender_service.artifact.volume import VersionGoneError
from recommender_service.errors import BadVersionError

log = logging.getLogger(__name__)


class VersionWatcher:
    """Polls the volume, loads what is to serve or has a label, and swaps one reference.

    A version that is no good is set aside, and what serves goes on; one that
    cannot be read just now is tried again, and until then the next older one
    will do; a volume that does not answer changes nothing.

    Args:
        followed: What is to serve.
        survey: What there is.
        versions: What is in memory.
        poll_interval_s: Between two looks.
        after_look: Awaited after each look, whatever was seen.
    """

    def __init__(
        self,
        followed: FollowedActivation,
        survey: Survey,
        versions: Versions,
        *,
        poll_interval_s: float,
        after_look: Callable[[], Awaitable[None]],
    ) -> None:
        self._followed = followed
        self._survey = survey
        self._versions = versions
        self._poll_interval_s = poll_interval_s
        self._after_look = after_look
        self._trouble = Trouble("the volume answers again")
        self._polling: asyncio.Task[None] | None = None
        self._loading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to poll; the first look is taken at once, and not waited for."""
        self._polling = asyncio.create_task(self._poll())

    async def stop(self) -> None:
        """Ends the polling. What serves stays, for the calls under way."""
        tasks = [task for task in (self._polling, self._loading) if task]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _poll(self) -> None:
        while True:
            is_again = False
            try:
                is_again = await self._look()
            except Exception:
                log.exception("looking for versions failed; it is tried again")
            await self._after_look()
            if is_again:
                continue
            if self._loading and not self._loading.done():
                # When it is loaded there may be something new, or more to load.
                await asyncio.wait([self._loading], timeout=self._poll_interval_s)
            else:
                await asyncio.sleep(self._poll_interval_s)

    async def _look(self) -> bool:
        """Whether another look is to follow at once."""
        # The folders may lie on two volumes, of which one does not answer.
        is_changed, _ = await asyncio.gather(self._follow(), self._survey_volume())
        await self._versions.settle()
        if self._loading is None or self._loading.done():
            number = self._versions.to_load()
            self._loading = None if number is None else asyncio.create_task(self._load(number))
        return is_changed

    async def _load(self, number: int) -> None:
        """Loads a version, while the looks go on."""
        try:
            await self._versions.put(await self._survey.load(number))
        except VersionGoneError:
            log.info("version %d was removed before it was loaded", number)
        except (BadVersionError, OSError, MemoryError):
            pass  # the survey remembers, and has said so
        except Exception:
            log.exception("loading version %d failed; it is tried again", number)

    async def _follow(self) -> bool:
        before = self._versions.activation
        await self._followed.read()
        now = self._versions.activation
        if now.generation == before.generation:
            return False
        # Whoever said so may have mended what was wrong with them.
        pinned = [] if now.pinned is None else [now.pinned]
        for number in {*pinned, *now.labels.values()}:
            self._survey.look_anew(number)
        return True

    async def _survey_volume(self) -> None:
        try:
            await self._survey.look(self._versions.loaded_numbers)
        except OSError as error:
            self._trouble.begins(f"the volume does not answer; what serves goes on: {error}")
        else:
            self._trouble.ends()
