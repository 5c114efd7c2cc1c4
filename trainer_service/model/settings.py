"""How to train: every setting with its type, bounds, default and meaning."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

FEW_USERS = 1_000
"""Training users below which a model soon learns them by heart, so that it is trained less."""

BATCH_CELLS = 2**24
"""Users times movies that a batch may have when its size follows the data."""


class TrainingSettings(BaseModel):
    """What a run is told; the domain's twin of the contract's message of that name."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    min_ratings: Annotated[int, Field(ge=0, le=1_000_000_000)] = 5_000
    """Only movies with more than this many clean ratings are considered."""

    epochs: Annotated[int, Field(ge=1, le=1_000)] | None = None
    """Passes over the training users; if not given, as many as show the model 400,000 users,
    from 3 to 40, and 20 if there are fewer than 1,000 of them."""

    dim: Annotated[int, Field(ge=1, le=1_024)] = 256
    """Dimensions of the movie embedding."""

    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """Seed of everything that is drawn at random."""

    co_liked_weight: Annotated[float, Field(ge=0, le=1_000, allow_inf_nan=False)] = 4.0
    """Weight of the co-liked head's loss beside the rating head's; 0 leaves it out."""

    few_seeds: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.13
    """Share of the users whom the co-liked head is given one to five films of."""

    holdout: Annotated[float, Field(ge=0, le=0.4, allow_inf_nan=False)] = 1 / 14
    """Share of the users held out for validation, and as many again for the test."""

    patience: Annotated[int, Field(ge=1, le=1_000)] = 20
    """Epochs without a lower validation loss after which training ends early."""

    learning_rate: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 0.02
    """Step size of Adam at the start of its cosine decay."""

    batch_size: Annotated[int, Field(ge=1, le=65_536)] | None = None
    """Users per batch; if not given, a 16th of the training users, from 128 to 1,024, and
    fewer where there are so many movies that a batch would take much memory."""

    l2: Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)] = 2.0
    """Squared penalty on the rating head's vectors and biases, in ratings each."""

    ease_up_to: Annotated[int, Field(ge=0, le=100_000)] = 4_000
    """EASE is measured beside the model up to this many movies."""

    def for_data(self, *, user_count: int, movie_count: int) -> "FittingSettings":
        """The same settings, with what follows the size of the data filled in.

        Args:
            user_count: Training users.
            movie_count: Movies trained on.
        """
        most = max(BATCH_CELLS // movie_count, 32)
        epochs = 20 if user_count < FEW_USERS else min(max(round(400_000 / user_count), 3), 40)
        chosen = {
            "batch_size": self.batch_size or min(max(user_count // 16, 128), 1_024, most),
            "epochs": self.epochs or epochs,
        }
        return FittingSettings.model_validate(self.model_dump() | chosen)


class FittingSettings(TrainingSettings):
    """Settings with nothing left open."""

    epochs: int
    batch_size: int
