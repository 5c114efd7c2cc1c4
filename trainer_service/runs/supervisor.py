"""Conducts runs: one at a time, each in a process of its own."""

import asyncio
import logging
import tempfile
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

from trainer_service.artifact.publishing import discard_staging, published_by
from trainer_service.data import DataReport
from trainer_service.errors import (
    DataError,
    RequestIdReusedError,
    RunInProgressError,
    RunNotFoundError,
)
from trainer_service.model.settings import TrainingSettings
from trainer_service.runs.datasets import DatasetFolder
from trainer_service.runs.job import Job
from trainer_service.runs.log import RunLog
from trainer_service.runs.process import TrainingProcess
from trainer_service.runs.run import Run, RunError, RunEvent, RunPhase, RunState, RunUpdate
from trainer_service.runs.store import RunStore

KILL_AFTER_S = 5.0
"""Seconds after which a process that was asked to end is killed."""

log = logging.getLogger(__name__)


class RunSupervisor:
    """Starts runs, keeps their logs, and takes up those that were interrupted.

    Args:
        store: Where runs are kept.
        datasets: Where the data lies.
        artifacts_dir: Where versions go.
        max_bad_row_share: Share of bad rows from which data is refused.
    """

    def __init__(
        self,
        *,
        store: RunStore,
        datasets: DatasetFolder,
        artifacts_dir: Path,
        max_bad_row_share: float,
    ) -> None:
        self._store = store
        self._datasets = datasets
        self._artifacts_dir = artifacts_dir
        self._max_bad_row_share = max_bad_row_share
        self._runs: dict[str, Run] = {}
        self._active: _ActiveRun | None = None
        self._starting = asyncio.Lock()
        self._validating = asyncio.Lock()
        self._stopping = False

    async def start(self) -> None:
        """Reads what is kept, and takes up the run that was interrupted, if any.

        Raises:
            OSError: Another trainer keeps its runs there, or nobody can.
        """
        await asyncio.to_thread(self._store.lock)
        for run in await asyncio.to_thread(self._store.runs):
            self._runs[run.run_id] = run
        # One at a time goes on, so that at most one can have been interrupted.
        unfinished = next((run for run in self._runs.values() if not run.state.is_final), None)
        if unfinished is None:
            return
        log.info("run %s was interrupted; it is taken up again", unfinished.run_id)
        events = await asyncio.to_thread(self._store.events, unfinished.run_id)
        active = _ActiveRun(unfinished, RunLog(events, closed=False))
        if unfinished.state is not RunState.INTERRUPTED:
            await self._record(active, RunState.INTERRUPTED)
        # It may have published before it could say so.
        version = await asyncio.to_thread(published_by, self._artifacts_dir, unfinished.run_id)
        if version is None:
            self._launch(active)
        else:
            await self._record(active, RunState.SUCCEEDED, RunUpdate(version=version))

    async def stop(self) -> None:
        """Interrupts the run that is going on, and waits until its process is gone."""
        self._stopping = True
        if self._active:
            self._active.end()
            await self._active.ended.wait()
        self._store.unlock()

    async def train(self, dataset: str, settings: TrainingSettings, request_id: str) -> Run:
        """Starts a run, or finds the one that has the same request id.

        Args:
            dataset: The data set's name.
            settings: How to train.
            request_id: The caller's own id, or empty.

        Raises:
            InvalidRequestError: The data set's name is none.
            RequestIdReusedError: The request id belongs to another request.
            DataError: The data set is not there, or a file of it is missing.
            RunInProgressError: Another run is going on.
        """
        async with self._starting:
            for run in self._runs.values():
                if request_id and run.request_id == request_id:
                    if (run.dataset, run.settings) != (dataset, settings):
                        raise RequestIdReusedError(request_id, run.run_id)
                    return run
            await asyncio.to_thread(self._datasets.locate, dataset)
            if self._active:
                raise RunInProgressError(self._active.run.run_id)
            run = await asyncio.to_thread(self._store.create, dataset, settings, request_id)
            active = _ActiveRun(run, RunLog((), closed=False))
            await self._record(active, RunState.QUEUED)
            self._launch(active)
            return active.run

    async def validate(self, dataset: str, settings: TrainingSettings) -> DataReport:
        """Reads the data, and trains nothing.

        Raises:
            InvalidRequestError: The data set's name is none.
            DataError: The data cannot be trained on.
        """
        dataset_dir = await asyncio.to_thread(self._datasets.locate, dataset)
        report = None
        with tempfile.TemporaryDirectory() as scratch:
            job = self._job("", dataset, dataset_dir, settings, Path(scratch), validate_only=True)
            async with self._validating:
                process = await TrainingProcess.start(job, Path(scratch) / "worker.log")
                try:
                    async for update in process.updates():
                        report = update.data or report
                        if update.error:
                            raise DataError.told(update.error.reason, update.error.message)
                finally:
                    process.kill()
                    outcome = await process.outcome()
        if report is None:
            raise RuntimeError(outcome.message)
        return report

    def run(self, run_id: str) -> Run:
        """A run as it stands.

        Raises:
            RunNotFoundError: There is none of that id.
        """
        if run_id not in self._runs:
            raise RunNotFoundError(run_id)
        return self._runs[run_id]

    def runs(self) -> list[Run]:
        """All runs, newest first."""
        return sorted(self._runs.values(), key=lambda run: (run.create_time, run.run_id))[::-1]

    async def follow(self, run_id: str, after_sequence: int = 0) -> AsyncGenerator[RunEvent]:
        """The events of a run, past ones first, until it ends.

        Raises:
            RunNotFoundError: There is none of that id.
        """
        run = self.run(run_id)
        if self._active and self._active.run.run_id == run.run_id:
            followed = self._active.log
        else:
            events = await asyncio.to_thread(self._store.events, run_id)
            followed = RunLog(events, closed=True)
        async with aclosing(followed.follow(after_sequence)) as events_:
            async for event in events_:
                yield event

    async def cancel(self, run_id: str) -> Run:
        """Cancels a run, unless it has begun to publish or has ended; returns it as it is then.

        Raises:
            RunNotFoundError: There is none of that id.
        """
        run = self.run(run_id)
        active = self._active
        if active and active.run.run_id == run_id:
            active.cancelled = True
            active.end()
            await active.ended.wait()
        return self._runs[run.run_id]

    def _launch(self, active: "_ActiveRun") -> None:
        self._active = active
        active.task = asyncio.create_task(self._conduct(active))

    async def _conduct(self, active: "_ActiveRun") -> None:
        """Sees a run through to its end, whatever that is."""
        run_id = active.run.run_id
        try:
            await self._record(active, RunState.RUNNING)
            told = await self._watch(active)
            if told.version is None:
                # It may have published before it could say so.
                version = await asyncio.to_thread(published_by, self._artifacts_dir, run_id)
                told = told.model_copy(update={"version": version})
        except Exception as error:
            log.exception("run %s could not be conducted", run_id)
            told = RunUpdate(error=RunError(reason="NOT_CONDUCTED", message=str(error)))
        await asyncio.to_thread(discard_staging, self._artifacts_dir, run_id)
        if told.version is not None:
            await self._record(active, RunState.SUCCEEDED, RunUpdate(version=told.version))
        elif active.cancelled:
            await self._record(active, RunState.CANCELLED)
        elif self._stopping:
            await self._record(active, RunState.INTERRUPTED)
        else:
            await self._record(active, RunState.FAILED, RunUpdate(error=told.error))
        self._active = None
        await active.log.close()
        active.ended.set()

    async def _watch(self, active: "_ActiveRun") -> RunUpdate:
        """Runs the process; returns how it ended, as a version or an error."""
        run = active.run
        folder = self._store.folder(run.run_id)
        dataset_dir = await asyncio.to_thread(self._datasets.locate, run.dataset)
        job = self._job(
            run.run_id, run.dataset, dataset_dir, run.settings, folder, validate_only=False
        )
        active.process = await TrainingProcess.start(job, folder / "worker.log")
        if active.ending:
            active.end()
        ending = RunUpdate()
        try:
            async for update in active.process.updates():
                if update.version is not None or update.error is not None:
                    ending = update
                else:
                    await self._record(active, RunState.RUNNING, update)
        except Exception:
            active.process.kill()
            raise
        finally:
            outcome = await active.process.outcome()
        return ending if ending.news else RunUpdate(error=outcome)

    async def _record(
        self, active: "_ActiveRun", state: RunState, update: RunUpdate | None = None
    ) -> None:
        before = active.run
        event = RunEvent(
            run_id=before.run_id,
            sequence=len(active.log) + 1,
            time=datetime.now(UTC),
            state=state,
            **(update.news if update else {}),
        )
        active.run = before.after(event)
        self._runs[before.run_id] = active.run
        try:
            self._store.append(event)
            if update is None or update.progress is None:
                self._store.save(active.run)
        except OSError:
            # The run is worth more than its record: it goes on, and followers hear of it.
            log.exception("an event of run %s could not be kept", before.run_id)
        await active.log.append(event)

    def _job(
        self,
        run_id: str,
        dataset: str,
        dataset_dir: Path,
        settings: TrainingSettings,
        folder: Path,
        *,
        validate_only: bool,
    ) -> Job:
        return Job(
            run_id=run_id,
            dataset=dataset,
            dataset_dir=dataset_dir,
            artifacts_dir=self._artifacts_dir,
            checkpoints_dir=folder / "checkpoints",
            settings=settings,
            max_bad_row_share=self._max_bad_row_share,
            validate_only=validate_only,
        )


class _ActiveRun:
    """The run that is going on."""

    def __init__(self, run: Run, log: RunLog) -> None:
        self.run = run
        self.log = log
        self.process: TrainingProcess | None = None
        self.task: asyncio.Task[None] | None = None
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
