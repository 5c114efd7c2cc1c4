"""Fits the model to a split, keeps the best epoch, and goes on where it was stopped."""

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from movierec.control.files import make_in_folder
from trainer_service.data import Ratings
from trainer_service.errors import (
    CheckpointError,
    TrainingDivergedError,
    WeightsNotKeptError,
    said_by,
)
from trainer_service.model.als import movies_by_als
from trainer_service.model.batches import HeldOutBatches, UserBatches, UserRows
from trainer_service.model.co_liked import CoLikedHead
from trainer_service.model.evaluation import TrainingMetrics
from trainer_service.model.history import History, HistoryFolder, KeepHistory, KeepWeights
from trainer_service.model.measuring import measure
from trainer_service.model.network import RatingModel, TwoHeadModel
from trainer_service.model.progress import TrainingProgress
from trainer_service.model.progress_report import ProgressReport
from trainer_service.model.ranking import likes_of
from trainer_service.model.settings import FittingSettings
from trainer_service.model.split import Split

log = logging.getLogger(__name__)

VERSIONS = re.compile(r"movierec \S+ keras \S+ tensorflow \S+$")
"""At the end of what tells one fitting from another: what computed it."""

RANK = 64
"""The most numbers that the rating head knows of a user, or of a movie."""


@dataclass(frozen=True)
class Fitted:
    """A model with the weights of its best epoch.

    Args:
        model: The rating model.
        embeddings: Its movie embedding, unit rows, (M, D).
        history: The losses, and which epoch was the best.
        batch_size: Users per batch that it was fitted with.
    """

    model: RatingModel
    embeddings: NDArray[np.float32]
    history: History
    batch_size: int

    @property
    def loss(self) -> float:
        """Training loss of the best epoch."""
        return self.history.loss[self.history.best_epoch - 1]

    @property
    def val_loss(self) -> float | None:
        """Validation loss of the best epoch, if there was any validation."""
        return min(self.history.val_loss, default=None)

    def predict(self, known: Ratings, asked: Ratings) -> NDArray[np.float32]:
        """Predicts ratings, see the function of this name."""
        return predict(self.model, known, asked, batch_size=self.batch_size)

    def measured(self, split: Split, *, ease_up_to: int) -> TrainingMetrics:
        """The figures of this model, and of what it is measured beside.

        Args:
            split: The sides of the data that it was fitted to.
            ease_up_to: Movies up to which EASE is measured.
        """
        return measure(
            embeddings=self.embeddings,
            predict=lambda asked: self.predict(split.train, asked),
            split=split,
            best_epoch=self.history.best_epoch,
            loss=self.loss,
            val_loss=self.val_loss,
            ease_up_to=ease_up_to,
        )


@dataclass(frozen=True)
class Fitting:
    """Both heads, compiled, and what they are fitted to; made by `prepare`.

    Args:
        heads: The model.
        batches: Of the training ratings.
        validation: Of what is held out.
    """

    heads: TwoHeadModel
    batches: UserBatches
    validation: HeldOutBatches


def prepare(split: Split, settings: FittingSettings, *, epochs_done: int = 0) -> Fitting:
    """Makes a model ready to be fitted.

    Args:
        split: The sides of the data.
        settings: How to train, with everything that follows the data filled in.
        epochs_done: Epochs that were drawn before.
    """
    train = split.train
    batches = UserBatches(
        train,
        batch_size=settings.batch_size,
        few_seeds=settings.few_seeds,
        seed=settings.seed,
        epochs_done=epochs_done,
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
    head = None
    if settings.co_liked_weight:
        teacher = movies_by_als(likes_of(train), seed=settings.seed)
        head = CoLikedHead(teacher, weight=settings.co_liked_weight)
    heads = TwoHeadModel(model, head, l2=settings.l2)
    decay = keras.optimizers.schedules.CosineDecay(
        settings.learning_rate, decay_steps=settings.epochs * len(batches)
    )
    heads.compile(optimizer=keras.optimizers.Adam(decay), jit_compile=True)
    heads.build(None)
    heads.optimizer.build(heads.trainable_variables)
    return Fitting(heads, batches, validation)


def predict(
    model: RatingModel, known: Ratings, asked: Ratings, *, batch_size: int
) -> NDArray[np.float32]:
    """Predicts ratings, in stars, of users that the model was fitted to.

    Args:
        model: The rating model.
        known: What the users' tastes are told from.
        asked: Whose stars are predicted, (N,); over the same users.
        batch_size: Users at once.

    Returns:
        Stars, (N,), not clipped.
    """
    known_rows, asked_rows = UserRows(known), UserRows(asked)
    users = asked_rows.users
    predicted = []
    for some in np.split(users, range(batch_size, len(users), batch_size)):
        stars = np.zeros((len(some), known.movie_count), dtype=np.float32)
        row, movie, given = known_rows.places(some)
        stars[row, movie] = given
        rows = np.asarray(model({"user_index": some, "known": stars}))
        row, movie, _ = asked_rows.places(some)
        predicted.append(rows[row, movie])
    return np.concatenate(predicted) if predicted else np.empty(0, dtype=np.float32)


def fit(
    split: Split,
    settings: FittingSettings,
    checkpoints: Path,
    report: Callable[[TrainingProgress], None],
    *,
    on_epoch: Callable[[int, Mapping[str, float]], object] = lambda _epoch, _figures: None,
    fingerprint: str = "",
) -> Fitted:
    """Fits both heads to the training ratings.

    The epoch with the lowest validation loss is kept; without anything held
    out, the last one. What an earlier fitting with the same settings and the
    same versions of the libraries left in the folder is taken up after its last
    finished epoch, unless its weights cannot be loaded.

    Args:
        split: The sides of the data.
        settings: How to train, with everything that follows the data filled in.
        checkpoints: A folder for weights and history; made if it is not there, in one that is.
        report: Told how far it is, a few times a second.
        on_epoch: Told each epoch, counted from 1, and its figures, before it is kept.
        fingerprint: Of the data; a history of other data is not taken up.

    Raises:
        CheckpointError: The folder does not take the weights.
        TrainingDivergedError: The loss is no number any more.
    """
    with _kept_in(checkpoints):
        return _fit(
            split, settings, HistoryFolder(checkpoints), report, on_epoch, fingerprint=fingerprint
        )


def load(
    split: Split, settings: FittingSettings, checkpoints: Path, *, fingerprint: str = ""
) -> Fitted:
    """What `fit` came to with the same arguments, without fitting anything.

    Raises:
        WeightsNotKeptError: It did not come to its end, or what it left is not there any more.
    """
    folder = HistoryFolder(checkpoints)
    try:
        made_by = VERSIONS.search(folder.kept_key())
        history = folder.read(_key(settings, fingerprint))
        if history.is_complete(epochs=settings.epochs, patience=settings.patience):
            return _best_of(prepare(split, settings).heads, folder, history, settings)
    except OSError as error:
        raise WeightsNotKeptError(
            f"the weights in {checkpoints} cannot be read: {said_by(error)}; mend that and try "
            f"again, or train again"
        ) from error
    if made_by and made_by[0] != _versions():
        raise WeightsNotKeptError(
            f"the weights in {checkpoints} were made by {made_by[0]}, and this is {_versions()}, "
            f"which may compute otherwise: go back to those versions to publish them, or train "
            f"again"
        )
    raise WeightsNotKeptError(
        f"{checkpoints} holds {history.epochs_done} finished epochs of {settings.epochs}, so that "
        f"there is nothing to publish: train again"
    )


def _fit(
    split: Split,
    settings: FittingSettings,
    folder: HistoryFolder,
    report: Callable[[TrainingProgress], None],
    on_epoch: Callable[[int, Mapping[str, float]], object],
    *,
    fingerprint: str,
) -> Fitted:
    history = folder.read(_key(settings, fingerprint))
    fitting = prepare(split, settings, epochs_done=history.epochs_done)
    if not _loaded(fitting.heads, folder, history):
        history = History(key=history.key)
        fitting = prepare(split, settings)
    heads, batches = fitting.heads, fitting.batches
    make_in_folder(folder.path)
    keep = KeepHistory(folder, history, patience=settings.patience)
    if not history.has_lost_patience(settings.patience):
        heads.fit(
            batches,
            validation_data=fitting.validation if len(split.held_out) else None,
            initial_epoch=history.epochs_done,
            epochs=settings.epochs,
            shuffle=False,  # the batches draw their own order, from the seed
            verbose=0,
            callbacks=[
                keras.callbacks.TerminateOnNaN(),
                keras.callbacks.LambdaCallback(
                    on_epoch_end=lambda epoch, logs: on_epoch(epoch + 1, logs)
                ),
                KeepWeights(folder),
                keep,
                ProgressReport(report, rating_count=len(split.train), step_count=len(batches)),
            ],
        )
    if keep.diverged:
        raise TrainingDivergedError(
            f"the loss is no number any more in epoch {keep.history.epochs_done + 1}, with "
            f"{settings.model_dump_json()}: try a smaller learning rate"
        )
    return _best_of(heads, folder, keep.history, settings)


def _best_of(
    heads: TwoHeadModel, folder: HistoryFolder, history: History, settings: FittingSettings
) -> Fitted:
    heads.load_weights(folder.weights(history.best_epoch))
    model = heads.rating_model
    return Fitted(
        model=model,
        embeddings=np.asarray(model.unit_movie_vectors(), dtype=np.float32),
        history=history,
        batch_size=settings.batch_size,
    )


def _key(settings: FittingSettings, fingerprint: str) -> str:
    """What tells one fitting from another."""
    # What computes counts: other versions may compute otherwise, and their weights be those of
    # another model.
    return f"{settings.model_dump_json()} {fingerprint} {_versions()}"


def _versions() -> str:
    """What computes."""
    return f"movierec {version('movierec')} keras {keras.__version__} tensorflow {tf.__version__}"


@contextmanager
def _kept_in(checkpoints: Path) -> Iterator[None]:
    """Says of an error of the operating system which folder it was about."""
    try:
        yield
    except BrokenPipeError:
        raise  # nobody listens to the progress any more
    except OSError as error:
        raise CheckpointError(
            f"the weights could not be kept in {checkpoints}: {said_by(error)}; mend that, and "
            f"train again"
        ) from error


def _loaded(heads: TwoHeadModel, folder: HistoryFolder, history: History) -> bool:
    """Loads the weights of the last finished epoch; if not all that are kept can be, says so."""
    if not history.epochs_done:
        return True
    # The best epoch's are needed at the end: better to know now than then.
    for path in map(folder.weights, (history.best_epoch, history.epochs_done)):
        try:
            heads.load_weights(path)
        except (OSError, KeyError, RuntimeError, ValueError) as error:
            log.warning("starting anew from the first epoch: cannot load %s: %s", path, error)
            return False
    return True
