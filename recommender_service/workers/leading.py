"""The other workers, as the first one leads them."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from weakref import WeakValueDictionary

from recommender_service.artifact.standing import Standing
from recommender_service.query.version import Version
from recommender_service.workers import telling
from recommender_service.workers.process import WorkerLostError, WorkerProcess

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
"""Seconds before a worker is started again that ended soon after its start; the first time
there is no pause, and each further time it is twice as long."""

GOOD_AFTER_S = 10.0
"""Seconds after which the end of a worker is not counted with those before."""

log = logging.getLogger(__name__)


class Workers:
    """Starts workers, has them follow, and starts those again that end.

    Args:
        numbers: One for each; what they are called in the log.
        begin: What each is told at its start, besides its number.
        now: Where the versions stand, and those that are loaded.
    """

    def __init__(
        self,
        numbers: Sequence[int],
        begin: Mapping[str, Any],
        now: Callable[[], tuple[Standing, Sequence[Version]]],
    ) -> None:
        self._numbers = numbers
        self._begin = begin
        self._now = now
        self._coming: WeakValueDictionary[int, Version] = WeakValueDictionary()
        self._generation = 1
        # Up to which generation; of those that have been told how the versions stand, or are being
        # told. One that is only starting holds nobody up: it will be told how they stand then.
        self._followed: dict[WorkerProcess, int] = {}
        self._tried: set[int] = set()
        self._changed = asyncio.Condition()
        self._processes: dict[int, WorkerProcess] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._is_ending = False

    def metrics_urls(self) -> dict[int, str | None]:
        """By worker, where it says what it counts; None of one that is not there."""
        # Taken at once, since it is called in another thread.
        processes = dict(self._processes)
        return {
            number: processes[number].metrics_url if number in processes else None
            for number in self._numbers
        }

    async def start(self) -> None:
        """Starts the workers; returns when each answers calls, or has failed to once."""
        self._keepers = [asyncio.create_task(self._keep(number)) for number in self._numbers]
        async with self._changed:
            await self._changed.wait_for(lambda: self._tried.issuperset(self._numbers))

    async def stop(self) -> None:
        """Has the workers end in order, and waits for them; kills them if it is cancelled."""
        self._is_ending = True
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        await self._tell_of_change()
        processes = list(self._processes.values())
        for process in processes:
            process.terminate()
        try:
            await asyncio.gather(*(process.ended() for process in processes))
        finally:
            await asyncio.gather(*(process.kill() for process in processes))

    async def share(self, version: Version) -> None:
        """Brings a version into the workers before it is loaded here, so that none comes later."""
        self._coming[version.number] = version
        await self.follow()

    async def follow(self) -> None:
        """Has the workers follow how the versions stand now.

        Returns when all do that answer now; one that does not is killed, so that none
        answers from what stood before.
        """
        self._generation += 1
        generation = self._generation
        answering = list(self._followed)
        async with self._changed:
            self._changed.notify_all()
            await self._changed.wait_for(
                lambda: (
                    self._is_ending
                    or all(
                        # One that has ended answers no more.
                        self._followed.get(process, generation) >= generation
                        for process in answering
                    )
                )
            )

    async def _keep(self, number: int) -> None:
        """Has a worker run, for ever."""
        pause_s = 0.0
        while True:
            began = time.monotonic()
            why = await self._run(number)
            if time.monotonic() - began >= GOOD_AFTER_S:
                pause_s = 0.0
            again = f"in {pause_s:g} s" if pause_s else "now"
            log.warning("worker %d %s; it is started again %s", number, why, again)
            await asyncio.sleep(pause_s)
            pause_s = min(max(2 * pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)

    async def _run(self, number: int) -> str:
        """Starts a worker and leads it to its end; returns what that was."""
        process = None
        try:
            process = self._processes[number] = await WorkerProcess.start()
            why = await self._lead(number, process)
        except OSError as error:
            why = f"cannot be started: {error}"
        except Exception:
            log.exception("leading worker %d failed", number)
            why = "is given up"
        # When this is cancelled the process goes on, to its end in order.
        if process:
            await process.kill()
            del self._processes[number]
            self._followed.pop(process, None)
            why = f"(process {process.pid}) {why}"
        self._tried.add(number)
        await self._tell_of_change()
        return why

    async def _lead(self, number: int, process: WorkerProcess) -> str:
        telling_it = asyncio.create_task(self._tell(number, process))
        ending = asyncio.create_task(process.ended())
        try:
            await asyncio.wait([telling_it, ending], return_when=asyncio.FIRST_COMPLETED)
            return ending.result() if ending.done() else telling_it.result()
        finally:
            telling_it.cancel()
            ending.cancel()

    async def _tell(self, number: int, process: WorkerProcess) -> str:
        """Tells a worker of every change, until it is lost; returns why it is."""
        try:
            await process.begin({"kind": telling.BEGIN, "number": number, **self._begin})
            self._followed[process] = 0
            known: dict[int, datetime] = {}
            while True:
                generation = self._generation
                known = await self._tell_all(process, known)
                self._followed[process] = generation
                self._tried.add(number)
                await self._tell_of_change()
                async with self._changed:
                    await self._changed.wait_for(lambda: self._generation > generation)  # noqa: B023
        except WorkerLostError as error:
            return str(error)

    async def _tell_all(
        self, process: WorkerProcess, known: Mapping[int, datetime]
    ) -> dict[int, datetime]:
        """Tells a worker how things stand; of each version that it then knows, when it was loaded.

        Args:
            process: The worker.
            known: What it knew before.
        """
        standing, loaded = self._now()
        for version in loaded:
            if self._coming.get(version.number) is version:
                del self._coming[version.number]
        coming = list(self._coming.values())
        wanted = {version.number: version for version in (*loaded, *coming)}
        for version in wanted.values():
            if known.get(version.number) != version.load_time:
                await process.tell(*telling.of_version(version))
        await process.tell(telling.of_standing(standing, [version.number for version in coming]))
        return {number: version.load_time for number, version in wanted.items()}

    async def _tell_of_change(self) -> None:
        async with self._changed:
            self._changed.notify_all()
