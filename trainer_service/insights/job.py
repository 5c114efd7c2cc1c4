"""What a report is to be made of, and what becomes of it: how the service tells its process."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from trainer_service.model.settings import TrainingSettings

DEFAULT_MIN_RATINGS: int = TrainingSettings().min_ratings


class Losses(BaseModel):
    """The losses of a run's epochs, the first one at place 0.

    Args:
        loss: Training loss.
        val_loss: Validation loss; None where there was none.
    """

    model_config = ConfigDict(frozen=True)

    loss: tuple[float, ...] = ()
    val_loss: tuple[float | None, ...] = ()


class InsightsJob(BaseModel):
    """A report that is to be made.

    Args:
        folder: Where its files go; it is there, and empty.
        dataset: The data set's name; of a version's report, the manifest says it.
        dataset_dir: Where the data set lies; None if it is not there any more.
        min_ratings: The threshold to look at; of a version's report, the manifest says it.
        version: The version's number; None for a report on a data set alone.
        artifacts_dir: The volume, if there is a version.
        losses: Of the run that made the version, as far as that is known.
    """

    model_config = ConfigDict(frozen=True)

    folder: Path
    dataset: str = ""
    dataset_dir: Path | None = None
    min_ratings: int = DEFAULT_MIN_RATINGS
    version: int | None = None
    artifacts_dir: Path | None = None
    losses: Losses = Losses()


class Outcome(BaseModel):
    """How the making of a report ended.

    Args:
        reason: UPPER_SNAKE, if it could not be made; else empty.
        message: A sentence for people.
    """

    model_config = ConfigDict(frozen=True)

    reason: str = ""
    message: str = ""
