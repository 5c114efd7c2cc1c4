"""Draws the README's pictures anew, from the sample: writes it, trains on it, and looks at both."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from trainer_service.artifact.publishing import prepare_volume
from trainer_service.insights.job import InsightsJob, Losses, Outcome
from trainer_service.model.settings import TrainingSettings
from trainer_service.runs.job import Job
from trainer_service.runs.process import ENVIRONMENT
from trainer_service.runs.run import RunUpdate
from trainer_service.sample import write_sample

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
PICTURES = (
    *("version-map", "version-loss", "version-rankings", "version-popularity"),
    *("dataset-stars", "dataset-per-movie", "dataset-genre-ratings", "dataset-genre-pairs"),
)
SAMPLE = "sample"
MIN_RATINGS = 50


def main() -> None:
    """Draws them; what lay in their folder goes."""
    with TemporaryDirectory(prefix="movierec-pictures-") as temporary:
        work = Path(temporary)
        data = work / SAMPLE
        write_sample(data)
        prepare_volume(work / "artifacts")
        version, losses = _trained(work, data)
        report = work / "report"
        report.mkdir()
        job = InsightsJob(
            folder=report,
            version=version,
            artifacts_dir=work / "artifacts",
            dataset=SAMPLE,
            dataset_dir=data,
            losses=losses,
        )
        outcome = Outcome.model_validate_json(_told("trainer_service.insights.worker", job)[-1])
        if outcome.reason:
            sys.exit(outcome.message)
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        for name in PICTURES:
            shutil.copy(report / f"{name}.svg", FOLDER)
            print(FOLDER / f"{name}.svg")


def _trained(work: Path, data: Path) -> tuple[int, Losses]:
    """Trains as a run does; returns the version and its losses."""
    job = Job(
        run_id="pictures",
        dataset=SAMPLE,
        dataset_dir=data,
        artifacts_dir=work / "artifacts",
        control_dir=work / "control",
        checkpoints_dir=work / "checkpoints",
        settings=TrainingSettings(min_ratings=MIN_RATINGS),
        max_bad_row_share=0,
    )
    lines = _told("trainer_service.runs.worker", job)
    updates = [RunUpdate.model_validate_json(line) for line in lines]
    if error := updates[-1].error:
        sys.exit(error.message)
    epochs = {
        update.progress.epoch: update.progress
        for update in updates
        if update.progress and update.progress.epoch_share >= 1
    }
    version = updates[-1].version
    assert version, "the last that a run tells of is its version, or an error"  # noqa: S101
    return version, Losses(
        loss=tuple(epochs[epoch].loss for epoch in sorted(epochs)),
        val_loss=tuple(epochs[epoch].val_loss for epoch in sorted(epochs)),
    )


def _told(module: str, job: Job | InsightsJob) -> list[bytes]:
    """Has a process do a job; returns the lines that it tells."""
    command = [sys.executable, "-m", module]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | ENVIRONMENT
    ) as process:
        assert process.stdin and process.stdout  # noqa: S101, PT018  # asked for above
        process.stdin.write(f"{job.model_dump_json()}\n".encode())
        process.stdin.flush()  # and stays open: when it ends, so does the process
        return process.stdout.readlines()


if __name__ == "__main__":
    main()
