"""Reports on data sets and versions: made one at a time, each in a process of its own."""

import asyncio
import hashlib
import logging
import os
import shutil
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from movierec.chassis.errors import ServiceError
from movierec.control.files import NoFileError, read_file
from trainer_service.artifact.layout import report_dir
from trainer_service.artifact.manifest import BadVersionError
from trainer_service.artifact.reading import read_manifest
from trainer_service.artifact.reports import publish_report, staged_report, unreported
from trainer_service.errors import (
    DamagedVersionError,
    DataError,
    ReportFailedError,
    StorageError,
    TooManyReportsError,
    VersionNotFoundError,
    error_told,
    said_by,
)
from trainer_service.insights.job import InsightsJob, Losses, Outcome
from trainer_service.runs.datasets import DatasetFolder
from trainer_service.runs.store import RunStore

log = logging.getLogger(__name__)

MOST_WAITING = 4
"""Calls that wait for their turn; more are refused."""

RETRY_AFTER_S = 10.0
LONGEST_S = 600.0
"""Seconds after which a report is given up."""

MOST_FILE_BYTES = 64 * 2**20
MOST_SAID_BYTES = 4_000
ENVIRONMENT = {"MPLBACKEND": "svg"}


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A file of a report.

    Args:
        name: No path.
        content: All of it.
    """

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        """64 hexadecimal digits."""
        return hashlib.sha256(self.content).hexdigest()


class Reporter:
    """Makes reports when they are asked for, and of each version once it is published.

    Args:
        store: Where runs are kept, whose losses are shown.
        datasets: Where the data lies.
        artifacts_dir: The volume; reports lie beside its versions.
        by_itself: Whether to make one of each new version without being asked.
    """

    def __init__(
        self,
        *,
        store: RunStore,
        datasets: DatasetFolder,
        artifacts_dir: Path,
        by_itself: bool,
    ) -> None:
        self._store = store
        self._datasets = datasets
        self._artifacts_dir = artifacts_dir
        self._by_itself = by_itself
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._wanted = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to make reports of new versions, and of the newest if it has none."""
        self._loop = asyncio.get_running_loop()
        if self._by_itself:
            self._wanted.set()
            self._task = asyncio.create_task(self._report())

    async def stop(self) -> None:
        """Gives up the report that is being made by itself."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def wake(self) -> None:
        """Says that a version was published; from any thread."""
        if self._loop:
            self._loop.call_soon_threadsafe(self._wanted.set)

    async def on_dataset(self, dataset: str, min_ratings: int) -> Sequence[ReportFile]:
        """Makes a report on a data set.

        Args:
            dataset: Its name.
            min_ratings: The threshold to look at.

        Raises:
            InvalidRequestError: The data set's name is none.
            DataError: It is not there, or cannot be read.
            TooManyReportsError: Too many wait already.
            ReportFailedError: It could not be made.
        """
        dataset_dir = await asyncio.to_thread(self._datasets.locate, dataset)
        async with self._in_turn():
            with tempfile.TemporaryDirectory(prefix="movierec-report-") as folder:
                job = InsightsJob(
                    folder=Path(folder),
                    dataset=dataset,
                    dataset_dir=dataset_dir,
                    min_ratings=min_ratings,
                )
                await _made(job)
                return await asyncio.to_thread(_files_in, job.folder)

    async def on_version(self, number: int) -> Sequence[ReportFile]:
        """The report on a version, which is made if it is not there.

        Args:
            number: The version's number.

        Raises:
            VersionNotFoundError: There is no such version.
            DamagedVersionError: It is not what its manifest says.
            StorageError: The volume does not answer.
            TooManyReportsError: Too many wait already.
            ReportFailedError: It could not be made.
        """
        try:
            if not await asyncio.to_thread(report_dir(self._artifacts_dir, number).is_dir):
                async with self._in_turn():
                    await self._make_on_version(number)
            return await asyncio.to_thread(_files_in, report_dir(self._artifacts_dir, number))
        except (FileNotFoundError, NotADirectoryError):
            raise VersionNotFoundError(number) from None
        except BadVersionError as error:
            raise DamagedVersionError(f"version {number} is damaged: {error}") from None
        except OSError as error:
            raise StorageError(
                f"the report on version {number} cannot be kept or read: {said_by(error)}; see "
                f"that {report_dir(self._artifacts_dir, number)} can be written"
            ) from error

    @asynccontextmanager
    async def _in_turn(self) -> AsyncIterator[None]:
        """Waits until no other report is being made.

        Raises:
            TooManyReportsError: Too many wait already.
        """
        if self._waiting >= MOST_WAITING:
            raise TooManyReportsError(
                f"a report is being made, and {self._waiting} wait for theirs: try again later",
                retry_after_s=RETRY_AFTER_S,
            )
        self._waiting += 1
        try:
            await self._turn.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._turn.release()

    async def _report(self) -> None:
        """Makes the reports of new versions, as long as there are any; none is tried twice."""
        tried: set[int] = set()
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                missing = await asyncio.to_thread(unreported, self._artifacts_dir)
            except OSError as error:
                log.warning("which versions have no report cannot be told: %s", said_by(error))
                continue
            for number in missing:
                if number in tried:
                    continue
                tried.add(number)
                try:
                    async with self._turn:
                        await self._make_on_version(number)
                except (ServiceError, BadVersionError, OSError) as error:
                    why = said_by(error) if isinstance(error, OSError) else error
                    log.warning(
                        "the report on version %s could not be made: %s; it is tried again when "
                        "somebody asks for it",
                        *(number, why),
                    )
                except Exception:  # of whatever kind: a report is not worth a service
                    log.exception("the report on version %s could not be made", number)

    async def _make_on_version(self, number: int) -> None:
        """Makes the report on a version, unless it is there, in its turn.

        Raises:
            BadVersionError: It is not what its manifest says.
            OSError: It is not there, or the volume does not answer as it should.
            ServiceError: The report could not be made.
        """
        if await asyncio.to_thread(report_dir(self._artifacts_dir, number).is_dir):
            return  # somebody else was faster
        manifest = await asyncio.to_thread(read_manifest, self._artifacts_dir, number)
        staged = await asyncio.to_thread(staged_report, self._artifacts_dir, number)
        try:
            job = InsightsJob(
                folder=staged,
                version=number,
                artifacts_dir=self._artifacts_dir,
                dataset=manifest.dataset,
                dataset_dir=await asyncio.to_thread(self._located, manifest.dataset),
                losses=await asyncio.to_thread(self._losses, manifest.run_id),
            )
            await _made(job)
            await asyncio.to_thread(publish_report, self._artifacts_dir, number, staged)
        finally:
            await asyncio.to_thread(shutil.rmtree, staged, ignore_errors=True)

    def _located(self, dataset: str) -> Path | None:
        """Where a data set lies; None if it does not any more."""
        try:
            return self._datasets.locate(dataset)
        except ServiceError:
            return None

    def _losses(self, run_id: str) -> Losses:
        """The losses of a run's finished epochs, as far as its log is there."""
        finished = {
            event.progress.epoch: event.progress
            for event in self._store.events(run_id)
            if event.progress and event.progress.epoch_share >= 1
        }
        epochs = [finished[epoch] for epoch in sorted(finished)]
        return Losses(
            loss=tuple(epoch.loss for epoch in epochs),
            val_loss=tuple(epoch.val_loss for epoch in epochs),
        )


async def _made(job: InsightsJob) -> None:
    """Has a process make a report.

    Raises:
        ServiceError: It could not.
    """
    with tempfile.TemporaryFile() as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "trainer_service.insights.worker"),
            stdin=PIPE,
            stdout=PIPE,
            stderr=errors,
            env=os.environ | ENVIRONMENT,
            start_new_session=True,
        )
        assert process.stdin and process.stdout  # noqa: S101, PT018  # asked for above
        try:
            async with asyncio.timeout(LONGEST_S):
                process.stdin.write(f"{job.model_dump_json()}\n".encode())
                line = await process.stdout.readline()
        except TimeoutError:
            raise ReportFailedError(f"the report took longer than {LONGEST_S:g} s") from None
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            process.stdin.close()
            await process.wait()
        errors.seek(0)
        said = errors.read()[-MOST_SAID_BYTES:].decode(errors="replace").strip()
    try:
        outcome = Outcome.model_validate_json(line)
    except ValidationError:
        outcome = Outcome(
            reason="KILLED",
            message="the process that made the report was killed; the machine may have run out of "
            "memory",
        )
    if said:
        log.warning("the process that made a report said: %s", said)
    if outcome.reason == DamagedVersionError.reason:
        raise DamagedVersionError(outcome.message)
    if outcome.reason == StorageError.reason:
        raise StorageError(outcome.message)
    if outcome.reason:
        error = error_told(outcome.reason, outcome.message)
        raise error if isinstance(error, DataError) else ReportFailedError(outcome.message)


def _files_in(folder: Path) -> Sequence[ReportFile]:
    """The files of a report, by their names.

    Raises:
        OSError: The folder is not there, or does not answer as it should.
        ReportFailedError: What lies there is no report.
    """
    try:
        return [
            ReportFile(path.name, read_file(path, MOST_FILE_BYTES))
            for path in sorted(folder.iterdir())
        ]
    except NoFileError as error:
        raise ReportFailedError(f"what lies in {folder} is no report: {error}") from None
