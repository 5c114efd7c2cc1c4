"""Conducts runs: one at a time, each in a process of its own."""

import asyncio
import logging
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from trainer_service.artifact.publishing import discard_staging, prepare_volume, published_by
from trainer_service.artifact.reading import gate_in, read_manifest
from trainer_service.artifact.retention import prepare_control
from trainer_service.data import DataReport
from trainer_service.errors import (
    RequestIdReusedError,
    RunInProgressError,
    RunNotFoundError,
    StorageError,
    error_told,
    said_by,
)
from trainer_service.model.settings import TrainingSettings
from trainer_service.runs.active import ActiveRun
from trainer_service.runs.datasets import DatasetFolder
from trainer_service.runs.job import Job, Trained
from trainer_service.runs.log import RunLog
from trainer_service.runs.process import TrainingProcess
from trainer_service.runs.run import Run, RunError, RunEvent, RunState, RunUpdate
from trainer_service.runs.store import RunStore
from trainer_service.runs.weights import KeptWeights

log = logging.getLogger(__name__)

_NOT_PUBLISHED = RunError(
    reason="PUBLISH_CANCELLED",
    message="publishing was cancelled; what was trained is kept, and can be published again",
)


class RunSupervisor:
    """Starts runs, keeps their logs, and takes up those that were interrupted.

    Args:
        store: Where runs are kept.
        datasets: Where the data lies.
        artifacts_dir: Where versions go; made at the start, and at no other time.
        control_dir: Where is said which version is to serve; made at the start, on a new volume.
        max_bad_row_share: Share of bad rows from which data is refused.
        keep_weights_for: How long weights are kept after a run that has not published.
        after_publication: Removes old versions and the like; called in a thread.
    """

    def __init__(
        self,
        *,
        store: RunStore,
        datasets: DatasetFolder,
        artifacts_dir: Path,
        control_dir: Path,
        max_bad_row_share: float,
        keep_weights_for: timedelta,
        after_publication: Callable[[], object],
    ) -> None:
        self._store = store
        self._weights = KeptWeights(store, keep_weights_for)
        self._datasets = datasets
        self._artifacts_dir = artifacts_dir
        self._control_dir = control_dir
        self._max_bad_row_share = max_bad_row_share
        self._after_publication = after_publication
        self._runs: dict[str, Run] = {}
        self._active: ActiveRun | None = None
        self._conducting: set[asyncio.Task[None]] = set()
        self._starting = asyncio.Lock()
        self._validating = asyncio.Lock()
        self._stopping = False

    async def start(self) -> None:
        """Reads what is kept, and takes up the run that was interrupted, if any.

        Raises:
            OSError: Another trainer keeps its runs there, or nobody can, or versions.
        """
        await asyncio.to_thread(prepare_volume, self._artifacts_dir)
        await asyncio.to_thread(self._store.lock)
        await asyncio.to_thread(prepare_control, self._artifacts_dir, self._control_dir)
        for run in await asyncio.to_thread(self._store.runs):
            self._runs[run.run_id] = run
        # Of a run that has ended they are there yet, if a kill came in between.
        await asyncio.to_thread(self._weights.discard, self.runs())
        # One at a time goes on, so that at most one can have been interrupted.
        unfinished = next((run for run in self._runs.values() if not run.state.is_final), None)
        if unfinished is None:
            return
        log.info("run %s was interrupted; it is taken up again", unfinished.run_id)
        events = await asyncio.to_thread(self._store.events, unfinished.run_id)
        active = ActiveRun(unfinished, RunLog(events, closed=False))
        if unfinished.state is not RunState.INTERRUPTED:
            await self._record(active, RunState.INTERRUPTED)
        # It may have published before it could say so.
        published = await asyncio.to_thread(self._published, unfinished)
        if published is None:
            self._launch(active)
        else:
            await self._record(active, RunState.SUCCEEDED, published)
            await self._tidy(active.run)

    async def stop(self) -> None:
        """Interrupts the run that is going on, and waits until its process is gone."""
        self._stopping = True
        if self._active:
            self._active.end()
            await self._active.ended.wait()
        if self._conducting:
            await asyncio.wait(self._conducting)
        self._store.unlock()

    async def train(
        self, dataset: str, settings: TrainingSettings, request_id: str, *, force: bool = False
    ) -> Run:
        """Starts a run, or finds the one that has the same request id.

        Args:
            dataset: The data set's name.
            settings: How to train.
            request_id: The caller's own id, or empty.
            force: Whether the version is to count as if it had passed the quality gate.

        Raises:
            InvalidRequestError: The data set's name is none.
            RequestIdReusedError: The request id belongs to another request.
            DataError: The data set is not there, or a file of it is missing.
            RunInProgressError: Another run is going on.
            StorageError: The run cannot be kept.
        """
        async with self._starting:
            for run in self._runs.values():
                if request_id and run.request_id == request_id:
                    if (run.dataset, run.settings, run.force) != (dataset, settings, force):
                        raise RequestIdReusedError(request_id, run.run_id)
                    return run
            await asyncio.to_thread(self._datasets.locate, dataset)
            if self._active:
                raise RunInProgressError(self._active.run.run_id)
            try:
                run = await asyncio.to_thread(
                    self._store.create, dataset, settings, request_id, force=force
                )
            except OSError as error:
                raise self._not_kept(error) from error
            active = ActiveRun(run, RunLog((), closed=False))
            await self._record(active, RunState.QUEUED)
            self._launch(active)
            return active.run

    async def publish(self, run_id: str, *, force: bool) -> int:
        """Takes a run up again, to publish what it has trained and do nothing else.

        Args:
            run_id: A run that has FAILED once it was fitting, or one whose version the
                quality gate rejected, if it could not compare it or with force.
            force: Whether the version is to count as if it had passed the gate.

        Returns:
            The sequence number of the run's last event before; follow it from there.

        Raises:
            RunNotFoundError: There is no run of that id.
            NotPublishableError: The run is none of those, or its weights were removed.
            DataError: The data set is not there, or a file of it is missing.
            RunInProgressError: Another run is going on.
            StorageError: The run cannot be kept.
        """
        async with self._starting:
            before = self.run(run_id)
            run = before.to_publish(force=force)
            if self._active:
                raise RunInProgressError(self._active.run.run_id)
            await asyncio.to_thread(self._datasets.locate, run.dataset)
            try:
                await asyncio.to_thread(self._store.require)
            except OSError as error:
                raise self._not_kept(error) from error
            await asyncio.to_thread(self._weights.require, before)
            events = await asyncio.to_thread(self._store.events, run_id)
            # First of all, so that a kill at any moment leaves a run that is taken up again.
            self._save(run)
            self._runs[run_id] = run
            self._launch(ActiveRun(run, RunLog(events, closed=False)))
            return len(events)

    async def validate(self, dataset: str, settings: TrainingSettings) -> DataReport:
        """Reads the data, and trains nothing.

        Raises:
            InvalidRequestError: The data set's name is none.
            DataError: The data cannot be trained on.
        """
        dataset_dir = await asyncio.to_thread(self._datasets.locate, dataset)
        report = None
        with tempfile.TemporaryDirectory() as scratch:
            job = self._job(
                run_id="",
                dataset=dataset,
                dataset_dir=dataset_dir,
                checkpoints_dir=Path(scratch),
                settings=settings,
                validate_only=True,
            )
            async with self._validating:
                process = await TrainingProcess.start(job, Path(scratch) / "worker.log")
                try:
                    async for update in process.updates():
                        report = update.data or report
                        if update.error:
                            raise error_told(update.error.reason, update.error.message)
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

    def _launch(self, active: ActiveRun) -> None:
        self._active = active
        task = asyncio.create_task(self._conduct(active))
        self._conducting.add(task)
        task.add_done_callback(self._conducting.discard)

    async def _conduct(self, active: ActiveRun) -> None:
        """Sees a run through to its end, whatever that is."""
        run_id = active.run.run_id
        try:
            await self._record(active, RunState.RUNNING)
            told = await self._watch(active)
            if told.version is None:
                # It may have published before it could say so.
                published = await asyncio.to_thread(self._published, active.run)
                told = published or told
        except Exception as error:
            log.exception("run %s could not be conducted", run_id)
            told = RunUpdate(error=RunError(reason="NOT_CONDUCTED", message=str(error)))
        await asyncio.to_thread(discard_staging, self._artifacts_dir, run_id)
        if told.version is not None:
            await self._record(active, RunState.SUCCEEDED, told)
        elif active.cancelled and active.run.publish_only:
            await self._record(active, RunState.FAILED, RunUpdate(error=_NOT_PUBLISHED))
        elif active.cancelled:
            await self._record(active, RunState.CANCELLED)
        elif self._stopping:
            await self._record(active, RunState.INTERRUPTED)
        else:
            await self._record(active, RunState.FAILED, active.run.failed(told))
        self._active = None
        await active.log.close()
        active.ended.set()
        await self._tidy(active.run)

    async def _watch(self, active: ActiveRun) -> RunUpdate:
        """Runs the process; returns how it ended, as a version or an error."""
        run = active.run
        job = self._job(
            run_id=run.run_id,
            dataset=run.dataset,
            dataset_dir=await asyncio.to_thread(self._datasets.locate, run.dataset),
            checkpoints_dir=self._store.checkpoints(run.run_id),
            tensorboard_dir=self._store.tensorboard(run.run_id),
            settings=run.settings,
            force=run.is_forced,
            trained=Trained(
                fingerprint=run.data.fingerprint if run.data else "", metrics=run.metrics
            )
            if run.publish_only
            else None,
        )
        active.process = await TrainingProcess.start(job, self._store.process_log(run.run_id))
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

    def _published(self, run: Run) -> RunUpdate | None:
        """What a run has published and not told, if it has."""
        try:
            version = published_by(self._artifacts_dir, run.run_id, after=run.version or 0)
            if version is None:
                return None
            gate = gate_in(read_manifest(self._artifacts_dir, version))
        except Exception:  # whatever lies on the volume, the trainer starts
            log.exception("what run %s has published cannot be told", run.run_id)
            return None
        return RunUpdate(version=version, gate=None if gate == run.gate else gate)

    async def _tidy(self, run: Run) -> None:
        """Removes what is not needed any more, once a run has ended."""
        async with self._starting:  # so that none is taken up again meanwhile
            await asyncio.to_thread(self._weights.discard, self.runs())
        if run.state is RunState.SUCCEEDED:
            try:
                await asyncio.to_thread(self._after_publication)
            except Exception:
                log.exception("old versions could not be removed; it is tried again after a run")

    async def _record(
        self, active: ActiveRun, state: RunState, update: RunUpdate | None = None
    ) -> None:
        before = active.run
        event = RunEvent(
            run_id=before.run_id,
            sequence=len(active.log) + 1,
            time=datetime.now(UTC),
            state=state,
            **(update.news if update else {}),
        )
        active.become(before.after(event))
        self._runs[before.run_id] = active.run
        try:
            self._store.append(event)
        except OSError:
            # The run is worth more than its record: it goes on, and followers hear of it.
            log.exception("an event of run %s could not be kept", before.run_id)
        if update is None or update.progress is None:
            self._save(active.run)
        await active.log.append(event)

    def _save(self, run: Run) -> None:
        try:
            self._store.save(run)
        except OSError:
            log.exception("what has become of run %s could not be kept", run.run_id)

    def _not_kept(self, error: OSError) -> StorageError:
        return StorageError(
            f"no run can be kept in {self._store.root}: {said_by(error)}; mend that, and try again"
        )

    def _job(self, **what: Any) -> Job:
        return Job(
            artifacts_dir=self._artifacts_dir,
            control_dir=self._control_dir,
            max_bad_row_share=self._max_bad_row_share,
            **what,
        )
