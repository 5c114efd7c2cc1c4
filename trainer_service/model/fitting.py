"""Fits the model to a split, keeps the best epoch, and measures it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from trainer_service.data import Ratings
from trainer_service.errors import TrainingDivergedError
from trainer_service.model.batches import HeldOutBatches, UserBatches
from trainer_service.model.evaluation import (
    TrainingMetrics,
    by_cosine,
    by_popularity,
    measure_ranking,
)
from trainer_service.model.metrics import rmse
from trainer_service.model.network import RatingModel, TwoHeadModel
from trainer_service.model.progress import TrainingProgress
from trainer_service.model.progress_report import ProgressReport
from trainer_service.model.settings import TrainingSettings
from trainer_service.model.split import FEWEST_LIKES, Split, split_likes

CHECKPOINT = "best.weights.h5"


@dataclass(frozen=True)
class Fitted:
    """A model with the weights of its best epoch.

    Args:
        model: The rating model.
        embeddings: Its movie embedding, unit rows, (M, D).
        best_epoch: Counted from 1.
        loss: Training loss of that epoch.
        val_loss: Validation loss of that epoch, if there was any validation.
    """

    model: RatingModel
    embeddings: NDArray[np.float32]
    best_epoch: int
    loss: float
    val_loss: float | None


def fit(
    split: Split,
    settings: TrainingSettings,
    checkpoints: Path,
    report: Callable[[TrainingProgress], None],
) -> Fitted:
    """Fits both heads to the training ratings.

    `ModelCheckpoint` keeps the epoch with the lowest validation loss; without
    anything held out, the last one.

    Args:
        split: The sides of the data.
        settings: How to train.
        checkpoints: A folder for the weights that are kept.
        report: Told how far it is, a few times a second.

    Raises:
        TrainingDivergedError: The loss is no number any more.
    """
    train = split.train
    model = RatingModel(
        user_count=train.user_count,
        movie_count=train.movie_count,
        dim=settings.dim,
        mean_rating=float(train.rating.mean(dtype=np.float64)),
        seed=settings.seed,
    )
    heads = TwoHeadModel(model, co_liked_weight=settings.co_liked_weight, l2=settings.l2)
    batch_size = settings.batch_size_for(split.train_user_count)
    batches = UserBatches(train, batch_size=batch_size, seed=settings.seed)
    measured = len(split.held_out) > 0
    validation = (
        HeldOutBatches(
            split.held_out,
            split.validation,
            batch_size=batch_size,
            seed=settings.seed,
        )
        if measured
        else None
    )
    decay = keras.optimizers.schedules.CosineDecay(
        settings.learning_rate, decay_steps=settings.epochs * len(batches)
    )
    heads.compile(optimizer=keras.optimizers.Adam(decay))
    checkpoints.mkdir(parents=True, exist_ok=True)
    path = checkpoints / CHECKPOINT
    history = heads.fit(
        batches,
        validation_data=validation,
        epochs=settings.epochs,
        shuffle=False,  # the batches draw their own order, from the seed
        verbose=0,
        callbacks=[
            keras.callbacks.ModelCheckpoint(
                path,
                monitor="val_loss",
                mode="min",
                save_best_only=measured,
                save_weights_only=True,
            ),
            keras.callbacks.TerminateOnNaN(),
            ProgressReport(report, rating_count=len(train), step_count=len(batches)),
        ],
    ).history
    if not np.isfinite([*history["loss"], *history.get("val_loss", ())]).all():
        raise TrainingDivergedError(
            f"the loss is no number any more after epoch {len(history['loss'])}, with "
            f"{settings.model_dump_json()}: try a smaller learning rate"
        )
    heads.load_weights(path)
    best = int(np.argmin(history["val_loss"])) if measured else settings.epochs - 1
    return Fitted(
        model=model,
        embeddings=np.asarray(model.unit_movie_vectors(), dtype=np.float32),
        best_epoch=best + 1,
        loss=float(history["loss"][best]),
        val_loss=float(history["val_loss"][best]) if measured else None,
    )


def measure(fitted: Fitted, split: Split) -> TrainingMetrics:
    """Measures a fitted model on what was held out.

    Args:
        fitted: The model.
        split: The sides of the data that it was fitted to.
    """
    notes = []
    held_out = split.held_out
    error = None
    if len(held_out):
        error = rmse(_predict(fitted.model, held_out), held_out.rating)
    else:
        notes.append("no RMSE: no rating was held out")
    likes = split_likes(split.test)
    ranking = popularity = None
    if likes:
        ranking = measure_ranking(likes, by_cosine(fitted.embeddings))
        popularity = measure_ranking(likes, by_popularity(split.train))
    else:
        notes.append(
            f"no ranking figures: no test user likes {FEWEST_LIKES} or more of the movies"
            if len(split.test)
            else "no ranking figures: no user was held out"
        )
    return TrainingMetrics(
        best_epoch=fitted.best_epoch,
        loss=fitted.loss,
        val_loss=fitted.val_loss,
        rmse=error,
        ranking=ranking,
        popularity=popularity,
        notes=tuple(notes),
    )


def _predict(model: RatingModel, ratings: Ratings) -> NDArray[np.float32]:
    predicted = np.asarray(model((ratings.user_index, ratings.movie_index)), dtype=np.float32)
    return np.clip(predicted, 0.5, 5.0)
