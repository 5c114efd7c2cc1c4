"""The training process, as the service sees it."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

from trainer_service.runs.job import Job
from trainer_service.runs.run import RunError, RunUpdate

LONGEST_UPDATE_BYTES = 1024 * 1024
ENVIRONMENT = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2"}


class TrainingProcess:
    """A process that does one job; made by `start`."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, job: Job, log: Path) -> Self:
        """Starts a process on a job.

        Args:
            job: What it is to do.
            log: Where its standard error goes.
        """
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "trainer_service.runs.worker"),
                stdin=PIPE,
                stdout=PIPE,
                stderr=errors,
                env=os.environ | ENVIRONMENT,
                limit=LONGEST_UPDATE_BYTES,
                # Ctrl-C in a terminal is for the service, which stops the process in order.
                start_new_session=True,
            )
        assert process.stdin  # noqa: S101  # asked for above
        process.stdin.write(f"{job.model_dump_json()}\n".encode())
        return cls(process)

    async def updates(self) -> AsyncIterator[RunUpdate]:
        """What the process tells, until it ends."""
        assert self._process.stdout  # noqa: S101  # asked for in `start`
        async for line in self._process.stdout:
            yield RunUpdate.model_validate_json(line)

    def terminate(self) -> None:
        """Asks the process to end; it does not, once it has begun to publish."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends the process at once."""
        self._signal(signal.SIGKILL)

    async def outcome(self) -> RunError:
        """Waits for the end, and says what it means when nothing else was told."""
        status = await self._process.wait()
        if status < 0:
            name = signal.Signals(-status).name
            return RunError(
                reason="WORKER_KILLED",
                message=f"the training process was killed by {name}"
                + ("; the machine may have run out of memory" if name == "SIGKILL" else ""),
            )
        return RunError(
            reason="WORKER_CRASHED",
            message=f"the training process ended with status {status}; "
            f"worker.log in the run's folder has the details",
        )

    def _signal(self, number: signal.Signals) -> None:
        if self._process.returncode is None:
            self._process.send_signal(number)
