"""The bench's timing of a whole run."""

from pathlib import Path

import pytest

from bench.train import run
from trainer_service.model.settings import TrainingSettings
from trainer_service.runs.job import Job
from trainer_service.runs.run import RunPhase
from trainer_service.sample import write_sample


def job(folder: Path, min_ratings: int) -> Job:
    return Job(
        run_id="bench",
        dataset="sample",
        dataset_dir=folder / "sample",
        artifacts_dir=folder / "artifacts",
        control_dir=folder / "control",
        checkpoints_dir=folder / "checkpoints",
        settings=TrainingSettings(min_ratings=min_ratings, epochs=2, dim=8),
        max_bad_row_share=0,
    )


def test_a_run_is_timed_by_phase_up_to_the_version_that_it_publishes(tmp_path: Path) -> None:
    write_sample(tmp_path / "sample", scale=0.01)
    timed = run(job(tmp_path, min_ratings=20))
    assert list(timed.phases) == list(RunPhase)
    assert all(seconds > 0 for seconds in timed.phases.values())
    assert timed.seconds == sum(timed.phases.values())
    assert timed.epoch_count == 2
    assert timed.movie_count > 1
    assert timed.peak_bytes > 100_000_000
    assert any((tmp_path / "artifacts").iterdir())


def test_a_run_that_is_refused_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"the run failed: .*sample"):
        run(job(tmp_path, min_ratings=0))
