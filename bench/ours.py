"""Our model, made ready to be fitted just as a run does it, for whoever times the fitting."""

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from bench.alternating import Trial, seconds
from trainer_service.data import Ratings, read_dataset
from trainer_service.model.batches import HeldOutBatches, UserBatches
from trainer_service.model.fitting import RANK
from trainer_service.model.network import RatingModel, TwoHeadModel
from trainer_service.model.settings import FittingSettings, TrainingSettings
from trainer_service.model.split import Split, split_ratings

DEFAULTS = TrainingSettings()


@dataclass(frozen=True, slots=True)
class Ours:
    """Both heads, compiled, and what they are fitted to.

    Args:
        heads: The model.
        batches: Of the training ratings.
        validation: Of what is held out.
        settings: The default ones, with what follows the data filled in.
    """

    heads: TwoHeadModel
    batches: UserBatches
    validation: HeldOutBatches
    settings: FittingSettings

    def epoch(self) -> Trial:
        """The trial that times one epoch in seconds; an epoch before that compiles."""
        self._fit_epoch()
        return seconds(self._fit_epoch)

    def _fit_epoch(self) -> None:
        self.heads.fit(self.batches, shuffle=False, verbose=0)


def make_ready(split: Split) -> Ours:
    """Our model for a split, at the default settings."""
    train = split.train
    settings = DEFAULTS.for_data(user_count=split.train_user_count, movie_count=train.movie_count)
    batches = UserBatches(
        train,
        batch_size=settings.batch_size,
        few_seeds=settings.few_seeds,
        seed=settings.seed,
    )
    validation = HeldOutBatches(
        train,
        split.held_out,
        split.validation,
        batch_size=settings.batch_size,
        few_seeds=settings.few_seeds,
        seed=settings.seed,
    )
    model = RatingModel(
        user_count=train.user_count,
        movie_count=train.movie_count,
        dim=settings.dim,
        rank=min(settings.dim, RANK),
        mean_rating=float(train.rating.mean(dtype=np.float64)),
        seed=settings.seed,
    )
    heads = TwoHeadModel(model, co_liked_weight=settings.co_liked_weight, l2=settings.l2)
    decay = keras.optimizers.schedules.CosineDecay(
        settings.learning_rate, decay_steps=settings.epochs * len(batches)
    )
    heads.compile(optimizer=keras.optimizers.Adam(decay), jit_compile=True)
    heads.build(None)
    heads.optimizer.build(heads.trainable_variables)
    return Ours(heads, batches, validation, settings)


def often_rated(folder: Path) -> Ratings:
    """What is left of a data set at the default filter."""
    dataset = read_dataset(folder, max_bad_row_share=0)
    return dataset.over_threshold(DEFAULTS.min_ratings).ratings


def split_as_run(ratings: Ratings) -> Split:
    """The split that a run makes at the default settings."""
    return split_ratings(ratings, DEFAULTS.holdout)
