"""The run that is going on."""

import asyncio
import logging

from trainer_service.runs.log import RunLog
from trainer_service.runs.process import TrainingProcess
from trainer_service.runs.run import Run, RunPhase, RunState

KILL_AFTER_S = 5.0
"""Seconds after which a process that was asked to end is killed."""


log = logging.getLogger(__name__)


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

    def become(self, run: Run) -> None:
        """Takes the run as it stands now; what it has come to is a line of the service's log."""
        before, self.run = self.run.state, run
        if run.state is before:
            return
        match run.state:
            case RunState.RUNNING:
                log.info("run %s trains on %s", run.run_id, run.dataset)
            case RunState.SUCCEEDED if run.was_rejected:
                rejected = "run %s has published version %s, which the quality gate rejected"
                log.warning(rejected, run.run_id, run.version)
            case RunState.SUCCEEDED:
                log.info("run %s has published version %s", run.run_id, run.version)
            case RunState.FAILED:
                log.warning("run %s failed: %s", run.run_id, run.error.message if run.error else "")
            case _:
                log.info("run %s is %s", run.run_id, run.state.lower())

    def end(self) -> None:
        """Asks the process to end, and kills it if it does not, unless it is publishing."""
        self.ending = True
        if self.process:
            self.process.terminate()
            asyncio.get_running_loop().call_later(KILL_AFTER_S, self._kill)

    def _kill(self) -> None:
        if self.process and self.run.phase is not RunPhase.PUBLISHING:
            self.process.kill()
