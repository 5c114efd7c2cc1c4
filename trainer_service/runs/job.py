"""The work of a run, from top to bottom: files to ratings to embeddings to a version."""

import signal
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from trainer_service.artifact.gating import hold_against_active
from trainer_service.artifact.publication import Publication
from trainer_service.artifact.publishing import publish, require_volume
from trainer_service.data import read_dataset
from trainer_service.errors import DataChangedError
from trainer_service.model.evaluation import TrainingMetrics
from trainer_service.model.memory import check_memory
from trainer_service.model.settings import TrainingSettings
from trainer_service.model.split import of_test_users, split_ratings
from trainer_service.runs.run import RunPhase, RunUpdate


class Trained(BaseModel):
    """What is known of a run that was trained before, and only has to be published.

    Args:
        fingerprint: Of the data that it was trained on; empty if that is not known.
        metrics: What was measured; None if the run had not come to that.
    """

    model_config = ConfigDict(frozen=True)

    fingerprint: str
    metrics: TrainingMetrics | None


class Job(BaseModel):
    """What a training process is to do.

    Args:
        run_id: Whose; empty when nothing is to be trained.
        dataset: The data set's name.
        dataset_dir: Where it lies.
        artifacts_dir: Where the version is to go.
        control_dir: Where is said which version is to serve.
        checkpoints_dir: Where weights may be kept meanwhile.
        tensorboard_dir: Where files for TensorBoard go, if they are wanted.
        settings: How to train.
        max_bad_row_share: Share of bad rows from which the data is refused.
        validate_only: Whether to stop after reading.
        force: Whether the version is to count as if it had passed the quality gate.
        trained: If only what lies in `checkpoints_dir` is to be published.
    """

    model_config = ConfigDict(frozen=True)

    run_id: str
    dataset: str
    dataset_dir: Path
    artifacts_dir: Path
    control_dir: Path
    checkpoints_dir: Path
    tensorboard_dir: Path | None = None
    settings: TrainingSettings
    max_bad_row_share: float
    validate_only: bool = False
    force: bool = False
    trained: Trained | None = None


def run_job(job: Job, tell: Callable[[RunUpdate], None]) -> None:
    """Does a job.

    Args:
        job: What to do.
        tell: Told what happens, as it happens.

    Raises:
        ServiceError: It cannot be done, for a reason that the caller can act on.
    """
    tell(RunUpdate(phase=RunPhase.READING))
    dataset = read_dataset(job.dataset_dir, max_bad_row_share=job.max_bad_row_share)
    # The active version may know movies that this one does not. All else that is under the
    # threshold is let go before the fitting.
    test = of_test_users(dataset.ratings, job.settings.holdout)
    dataset = dataset.over_threshold(job.settings.min_ratings)
    fingerprint = dataset.report.fingerprint
    if job.trained is None:
        tell(RunUpdate(data=dataset.report))
    elif job.trained.fingerprint not in {"", fingerprint}:
        raise DataChangedError(
            f"the data set {job.dataset} is not the one that run {job.run_id} was trained on: put "
            f"that back, or train again"
        )
    split = split_ratings(dataset.ratings, job.settings.holdout)
    size = dict(user_count=split.train_user_count, movie_count=split.train.movie_count)
    settings = job.settings.for_data(**size)
    check_memory(settings, **size)
    if job.validate_only:
        return

    # TensorFlow takes seconds to import, which reading and refusing need not wait for.
    from trainer_service.model.fitting import fit, load  # noqa: PLC0415
    from trainer_service.runs.tensorboard import TensorBoardFolder  # noqa: PLC0415

    board = TensorBoardFolder(job.tensorboard_dir) if job.tensorboard_dir else None

    if job.trained is None:
        require_volume(job.artifacts_dir, job.run_id, trained=False)
        tell(RunUpdate(phase=RunPhase.FITTING, settings_used=settings))
        fitted = fit(
            split,
            settings,
            job.checkpoints_dir,
            lambda progress: tell(RunUpdate(progress=progress)),
            **({"on_epoch": board.add_epoch} if board else {}),
            fingerprint=fingerprint,
        )
    else:
        fitted = load(split, settings, job.checkpoints_dir, fingerprint=fingerprint)

    tell(RunUpdate(phase=RunPhase.EVALUATING))
    metrics = job.trained.metrics if job.trained else None
    if metrics is None:
        metrics = fitted.measured(split, ease_up_to=settings.ease_up_to)
        tell(RunUpdate(metrics=metrics))
    if board:
        board.tell_evaluation(metrics)
        board.project(dataset.movies, dataset.ratings.rating_counts, fitted.embeddings)
    require_volume(job.artifacts_dir, job.run_id)
    gate = hold_against_active(
        job.artifacts_dir,
        job.control_dir,
        dataset=job.dataset,
        embeddings=fitted.embeddings,
        movie_ids=dataset.movies.movie_ids,
        test=test,
        holdout=settings.holdout,
    ).model_copy(update={"forced": job.force})
    tell(RunUpdate(gate=gate))

    # From here on a cancellation comes too late: a version is published whole or
    # not at all, and a run that has published has succeeded.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # of the whole process; a mask is of a thread
    tell(RunUpdate(phase=RunPhase.PUBLISHING))
    publication = Publication(
        run_id=job.run_id,
        dataset=job.dataset,
        report=dataset.report,
        settings=settings,
        metrics=metrics,
        movies=dataset.movies,
        rating_counts=dataset.ratings.rating_counts,
        embeddings=fitted.embeddings,
        gate=gate,
    )
    tell(RunUpdate(version=publish(job.artifacts_dir, publication)))
