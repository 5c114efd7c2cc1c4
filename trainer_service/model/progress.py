"""How far a fitting is."""

from pydantic import BaseModel, ConfigDict


class TrainingProgress(BaseModel):
    """A report from within the fitting.

    Args:
        epoch: Under way or just finished, counted from 1.
        epoch_count: How many there will be.
        epoch_share: How much of the epoch is done; at 1 its figures are final.
        loss: Mean of the training loss so far in this epoch.
        val_loss: Of the newest finished epoch, if anything is held out.
        ratings_per_second: Training ratings, in this epoch, validation apart.
        time_left_s: For the epochs that are left, at the pace so far.
    """

    model_config = ConfigDict(frozen=True)

    epoch: int
    epoch_count: int
    epoch_share: float
    loss: float
    val_loss: float | None = None
    ratings_per_second: float
    time_left_s: float
