"""The training process by itself, without a service."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.datasets import write_two_tastes
from support.servers import DEADLINE_S
from trainer_service.artifact.publishing import prepare_volume
from trainer_service.model.settings import TrainingSettings
from trainer_service.runs.job import Job
from trainer_service.runs.run import RunPhase, RunUpdate


@contextmanager
def working(folder: Path, settings: TrainingSettings) -> Iterator[subprocess.Popen[str]]:
    """A training process that was given a job, with its standard input still open."""
    prepare_volume(folder / "artifacts")
    job = Job(
        run_id="run-1",
        dataset="tastes",
        dataset_dir=write_two_tastes(folder / "tastes"),
        artifacts_dir=folder / "artifacts",
        control_dir=folder / "control",
        checkpoints_dir=folder / "checkpoints",
        settings=settings,
        max_bad_row_share=0,
    )
    with subprocess.Popen(
        [sys.executable, "-m", "trainer_service.runs.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin
        process.stdin.write(f"{job.model_dump_json()}\n")
        process.stdin.flush()
        try:
            yield process
        finally:
            process.kill()


def updates_of(process: subprocess.Popen[str]) -> Iterator[RunUpdate]:
    assert process.stdout
    return (RunUpdate.model_validate_json(line) for line in process.stdout)


def test_it_ends_when_its_standard_input_does_even_if_it_is_still_listened_to(
    tmp_path: Path,
) -> None:
    settings = TrainingSettings(min_ratings=10, epochs=1_000, dim=4, batch_size=1)
    with working(tmp_path, settings) as process:
        assert any(update.progress for update in updates_of(process))
        assert process.stdin
        process.stdin.close()
        assert not any(update.version for update in updates_of(process))
        assert process.wait(DEADLINE_S) == 1
    assert list((tmp_path / "artifacts" / "versions").iterdir()) == []


def test_a_signal_to_end_comes_too_late_once_it_publishes(tmp_path: Path) -> None:
    settings = TrainingSettings(min_ratings=10, epochs=1, dim=1_024)
    with working(tmp_path, settings) as process:
        updates = updates_of(process)
        assert any(update.phase is RunPhase.PUBLISHING for update in updates)
        process.terminate()
        assert [update.version for update in updates] == [1]
        assert process.wait(DEADLINE_S) == 0
