"""How to train: every setting with its type, bounds, default and meaning."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field


class TrainingSettings(BaseModel):
    """What a run is told; the domain's twin of the contract's message of that name."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    min_ratings: Annotated[int, Field(ge=0, le=1_000_000_000)] = 5_000
    """Only movies with more than this many clean ratings are considered."""

    epochs: Annotated[int, Field(ge=1, le=1_000)] = 20
    """Passes over the training users."""

    dim: Annotated[int, Field(ge=1, le=1_024)] = 64
    """Dimensions of the movie embedding."""

    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """Seed of everything that is drawn at random."""

    co_liked_weight: Annotated[float, Field(ge=0, le=1_000, allow_inf_nan=False)] = 1.0
    """Weight of the co-liked head's loss beside the rating head's; 0 leaves it out."""

    holdout: Annotated[float, Field(ge=0, le=0.4, allow_inf_nan=False)] = 1 / 14
    """Share of the users held out for validation, and as many again for the test."""

    learning_rate: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 0.01
    """Step size of Adam at the start of its cosine decay."""

    batch_size: Annotated[int, Field(ge=1, le=65_536)] | None = None
    """Users per batch; if not given, a 64th of the training users, from 32 to 1,024."""

    l2: Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)] = 10.0
    """Squared penalty on the rating head's vectors and biases, in ratings each."""

    def batch_size_for(self, user_count: int) -> int:
        """Users per batch: what was asked for, or what fits the data.

        Args:
            user_count: Training users.
        """
        return self.batch_size or min(max(user_count // 64, 32), 1_024)

    def for_users(self, user_count: int) -> Self:
        """The same settings, with what follows the size of the data filled in.

        Args:
            user_count: Training users.
        """
        return self.model_copy(update={"batch_size": self.batch_size_for(user_count)})
