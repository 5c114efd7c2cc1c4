"""Runs on disk: `<runs>/<id>/` with `run.json`, `events.jsonl` and `checkpoints/`.

`run.json` is replaced as a whole whenever the run's state changes;
`events.jsonl` only grows. One service at a time owns the folder.
"""

import fcntl
import os
import secrets
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from movierec.control.files import make_folder, make_in_folder, replace_file
from trainer_service.errors import said_by
from trainer_service.model.settings import TrainingSettings
from trainer_service.runs.run import Run, RunEvent

LOCK = ".lock"
"""The file that the folder's owner has locked."""


class RunStore:
    """The folder of runs.

    Args:
        root: Made when it is locked.
        tensorboard: Whether runs keep files for TensorBoard.
    """

    def __init__(self, root: Path, *, tensorboard: bool = False) -> None:
        self._root = root
        self._has_tensorboard = tensorboard
        self._lock: IO[str] | None = None

    def lock(self) -> None:
        """Makes the folder this process's own, until it ends.

        Raises:
            OSError: Another process owns it, or it cannot be written to.
        """
        try:
            make_folder(self._root)
            self._lock = (self._root / LOCK).open("w", encoding="ascii")
        except OSError as error:
            raise OSError(
                f"no run can be kept in {self._root}: {said_by(error)}; let the trainer's user "
                f"write to it, or name another folder with MOVIEREC_RUNS_DIR"
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.unlock()
            raise OSError(
                f"another trainer keeps its runs in {self._root}: stop it, or give this one a "
                f"folder of its own with MOVIEREC_RUNS_DIR"
            ) from None

    def unlock(self) -> None:
        """Gives the folder up."""
        if self._lock:
            self._lock.close()
            self._lock = None

    def require(self) -> None:
        """Makes sure that the folder is the one that was locked.

        A volume that has vanished leaves the empty folder behind that it was mounted on, and
        another may be mounted there.

        Raises:
            OSError: It is not, or cannot be looked at.
        """
        assert self._lock, "runs are made and changed by who has locked their folder"  # noqa: S101
        held, found = os.fstat(self._lock.fileno()), (self._root / LOCK).stat()
        if (held.st_dev, held.st_ino) != (found.st_dev, found.st_ino):
            raise OSError("it is not the folder that this trainer has locked at its start")

    def create(
        self, dataset: str, settings: TrainingSettings, request_id: str, *, force: bool = False
    ) -> Run:
        """Makes a new run, in state QUEUED, in the folder that was locked.

        Raises:
            OSError: The folder cannot be written to, or is not there any more.
        """
        self.require()
        now = datetime.now(UTC)
        run_id = f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        make_in_folder(self.folder(run_id))
        run = Run(
            run_id=run_id,
            dataset=dataset,
            settings=settings,
            request_id=request_id,
            force=force,
            create_time=now,
        )
        self.save(run)
        return run

    @property
    def root(self) -> Path:
        """The folder of runs."""
        return self._root

    def folder(self, run_id: str) -> Path:
        """Everything of a run."""
        return self._root / run_id

    def checkpoints(self, run_id: str) -> Path:
        """Where a run keeps its weights."""
        return self.folder(run_id) / "checkpoints"

    def tensorboard(self, run_id: str) -> Path | None:
        """Where a run keeps files for TensorBoard, if it does."""
        return self.folder(run_id) / "tensorboard" if self._has_tensorboard else None

    def process_log(self, run_id: str) -> Path:
        """Where the standard error of a run's processes goes."""
        return self.folder(run_id) / "worker.log"

    def discard_checkpoints(self, run_id: str) -> None:
        """Removes a run's weights, if they are there."""
        shutil.rmtree(self.checkpoints(run_id), ignore_errors=True)

    def save(self, run: Run) -> None:
        """Replaces `run.json` as a whole.

        Raises:
            OSError: The folder cannot be written to, or is not there any more.
        """
        folder = self.folder(run.run_id)
        folder.stat()  # which would be made anew where a volume has vanished
        content = run.model_dump_json(indent=2, exclude_none=True)
        replace_file(folder / "run.json", content.encode())

    def append(self, event: RunEvent) -> None:
        """Adds an event to the run's log."""
        line = f"{event.model_dump_json(exclude_none=True)}\n"
        with self._log(event.run_id).open("a+b") as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                if file.read() != b"\n":  # a kill cut the last line short
                    file.write(b"\n")
            file.write(line.encode())

    def events(self, run_id: str) -> list[RunEvent]:
        """A run's log; a last line that a kill cut short is left out."""
        try:
            lines = self._log(run_id).read_bytes().splitlines()
        except FileNotFoundError:
            return []
        events: list[RunEvent] = []
        for line in lines:
            try:
                events.append(RunEvent.model_validate_json(line))
            except ValidationError:
                continue
        return events

    def runs(self) -> list[Run]:
        """Every run that can be read, oldest first."""
        found = []
        for path in sorted(self._root.glob("*/run.json")):
            try:
                found.append(Run.model_validate_json(path.read_bytes()))
            except (OSError, ValidationError):
                continue
        return found

    def _log(self, run_id: str) -> Path:
        return self.folder(run_id) / "events.jsonl"
