"""The run that is going on."""

import asyncio

from trainer_service.runs.log import RunLog
from trainer_service.runs.process import TrainingProcess
from trainer_service.runs.run import Run, RunPhase

KILL_AFTER_S = 5.0
"""Seconds after which a process that was asked to end is killed."""


class ActiveRun:
    """A run with its log and its process.

    Args:
        run: As it stands.
        log: Its events so far, not closed.
    """

    def __init__(self, run: Run, log: RunLog) -> None:
        self.run = run
        self.log = log
        self.process: TrainingProcess | None = None
        self.ended = asyncio.Event()
        self.cancelled = False
        self.ending = False

    def end(self) -> None:
        """Asks the process to end, and kills it if it does not, unless it is publishing."""
        self.ending = True
        if self.process:
            self.process.terminate()
            asyncio.get_running_loop().call_later(KILL_AFTER_S, self._kill)

    def _kill(self) -> None:
        if self.process and self.run.phase is not RunPhase.PUBLISHING:
            self.process.kill()
