"""A whole run of the training process: from its start to a published version."""

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.setup import DEFAULTS, Setup
from bench.tables import Table, in_megabytes
from bench.working import working
from trainer_service.artifact.publishing import prepare_volume
from trainer_service.runs.job import Job
from trainer_service.runs.run import RunPhase, RunUpdate

TARGETS = {DEFAULTS.min_ratings: "60 s, 3 GB", 0: "600 s, 6 GB"}
"""The most that a run may take, by `--min-ratings`."""


@dataclass(frozen=True, slots=True)
class TimedRun:
    """What a run took.

    Args:
        phases: Seconds in each phase; the first has the process' start in it.
        peak_bytes: Of the process and all that descend from it.
        movie_count: Movies that were trained on.
        epoch_count: Epochs that were trained, before patience was lost or all were done.
    """

    phases: dict[RunPhase, float]
    peak_bytes: int
    movie_count: int
    epoch_count: int

    @property
    def seconds(self) -> float:
        """From the start of the process to the published version."""
        return sum(self.phases.values())


def run(job: Job) -> TimedRun:
    """Does a job in a process of its own, as the service does.

    Raises:
        RuntimeError: No version was published.
    """
    prepare_volume(job.artifacts_dir)  # which the service does at its start
    began: dict[RunPhase, float] = {}
    movie_count = epoch_count = 0
    start = time.perf_counter()
    with working("trainer_service.runs.worker", job) as (told, watch):
        for line in told:
            update = RunUpdate.model_validate_json(line)
            if update.phase:
                began[update.phase] = time.perf_counter()
            if update.data:
                movie_count = update.data.kept_movie_count
            if update.progress:
                epoch_count = update.progress.epoch
            if update.error:
                raise RuntimeError(f"the run failed: {update.error.message}")
            if update.version is not None:
                break
        else:
            raise RuntimeError("the run ended without a version; see above for what it printed")
        moments = [start, *list(began.values())[1:], time.perf_counter()]
    phases = {
        phase: end - begin
        for phase, begin, end in zip(began, moments[:-1], moments[1:], strict=True)
    }
    return TimedRun(phases, watch.peak_bytes, movie_count, epoch_count)


def measure(setup: Setup) -> Table:
    """Time and peak memory at the default filter, and with all movies."""
    folder = setup.full_scale()
    runs = {}
    for min_ratings in TARGETS:
        with TemporaryDirectory(dir=setup.data) as temporary:
            job = Job(
                run_id="bench",
                dataset=folder.name,
                dataset_dir=folder.absolute(),
                artifacts_dir=Path(temporary) / "artifacts",
                control_dir=Path(temporary) / "control",
                checkpoints_dir=Path(temporary) / "checkpoints",
                settings=DEFAULTS.model_copy(update={"min_ratings": min_ratings}),
                max_bad_row_share=0,
            )
            runs[min_ratings] = run(job)
    return Table(
        title="A run on 20 million rows, from its start to a published version",
        columns=(
            *("`--min-ratings`", "movies", "epochs", "at most", "took"),
            *(phase.lower() for phase in RunPhase),
            "peak memory",
        ),
        rows=tuple(
            (
                f"{min_ratings:,}",
                f"{timed.movie_count:,}",
                str(timed.epoch_count),
                TARGETS[min_ratings],
                f"{timed.seconds:.1f} s",
                *(f"{timed.phases[phase]:.1f} s" for phase in RunPhase),
                in_megabytes(timed.peak_bytes),
            )
            for min_ratings, timed in runs.items()
        ),
        notes=(
            "One run each, at the default settings.",
            (
                "Reading has the start of the process in it; fitting, TensorFlow's start and "
                "compiling; evaluating, the baselines."
            ),
            "The memory is the training process' own, without the service that starts it.",
        ),
        figures={
            f"{what}, --min-ratings {min_ratings}": (value,)
            for min_ratings, timed in runs.items()
            for what, value in (
                ("seconds", timed.seconds),
                *((f"seconds {phase.lower()}", took) for phase, took in timed.phases.items()),
                ("peak bytes", timed.peak_bytes),
            )
        },
    )
