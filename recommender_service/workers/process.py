"""A worker's process, as the first worker sees it."""

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Self

from recommender_service.workers.line import Line

MODULE = "recommender_service.worker"
PATIENCE_S = 60.0
"""Seconds in which a worker does what it is told; a million movies take some ten."""

START_PATIENCE_S = 60.0
"""Seconds in which a process begins."""

_LAST_WORDS_S = 5.0


class WorkerLostError(Exception):
    """A worker does no longer do what it is told; the message says why."""


class WorkerProcess:
    """A worker that was started; made by `start`."""

    def __init__(self, process: Process, line: Line) -> None:
        self._process = process
        self._line = line
        self.metrics_url: str | None = None
        """Where it says what it counts; None if it does not, or not yet."""

    @classmethod
    async def start(cls) -> Self:
        """Starts a process, which knows nothing yet.

        Raises:
            OSError: There is no room for another one.
        """
        line, theirs = Line.pair()
        try:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", MODULE, str(theirs.fileno())),
                    stdin=DEVNULL,
                    stdout=DEVNULL,
                    pass_fds=[theirs.fileno()],
                    # Ctrl-C in a terminal is for the first one, which stops the others in order.
                    start_new_session=True,
                )
        except BaseException:
            line.close()
            raise
        return cls(process, line)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def begin(self, message: Any) -> None:
        """Tells it with what to begin, and waits until it has.

        Raises:
            WorkerLostError: It has ended, or takes too long.
        """
        await self._told(message, (), START_PATIENCE_S)

    async def tell(self, message: Any, descriptors: Sequence[int] = ()) -> None:
        """Tells it something, and waits until it has done that.

        Raises:
            WorkerLostError: It has ended, or takes too long.
        """
        await self._told(message, descriptors, PATIENCE_S)

    async def _told(self, message: Any, descriptors: Sequence[int], patience_s: float) -> None:
        try:
            async with asyncio.timeout(patience_s):
                await self._line.send(message, descriptors)
                answer, _ = await self._line.receive()
                self.metrics_url = answer["metrics_url"]
        except TimeoutError:
            raise WorkerLostError(f"does not answer for {patience_s:g} s, and is killed") from None
        except (OSError, EOFError):
            raise WorkerLostError(await self._end()) from None

    async def ended(self) -> str:
        """Waits for its end, and says what that was."""
        status = await self._process.wait()
        if status < 0:
            return f"was killed by {signal.Signals(-status).name}"
        return f"ended with status {status}"

    def terminate(self) -> None:
        """Asks it to end in order."""
        with suppress(ProcessLookupError):
            self._process.terminate()

    async def kill(self) -> None:
        """Ends it at once, if it has not ended."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        self._line.close()

    async def _end(self) -> str:
        try:
            async with asyncio.timeout(_LAST_WORDS_S):
                return await self.ended()
        except TimeoutError:
            return "hung up, and is killed"
