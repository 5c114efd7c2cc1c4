"""What a fitting keeps on disk, so that it can go on after a kill at any moment.

`epoch-0007.weights.h5` holds the weights and the optimizer after epoch 7;
`history.json` is replaced as a whole once they are there, and says which epochs
count. Whatever else lies in the folder was cut short, and is not looked at.
"""

import os
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from movierec.control.files import replace_file

WEIGHTS = "epoch-{epoch:04d}.weights.h5"


class History(BaseModel):
    """The losses of the epochs that are finished, the first at place 0.

    Args:
        key: What the fitting was told; another key is another fitting.
        loss: Training loss.
        val_loss: Validation loss; empty when nothing is held out.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    loss: tuple[float, ...] = ()
    val_loss: tuple[float, ...] = ()

    @property
    def epochs_done(self) -> int:
        """How many epochs are finished."""
        return len(self.loss)

    @property
    def best_epoch(self) -> int:
        """The one with the lowest validation loss, the first of several, or the last; from 1."""
        return int(np.argmin(self.val_loss)) + 1 if self.val_loss else self.epochs_done

    def is_complete(self, *, epochs: int, patience: int) -> bool:
        """Whether a fitting of so many epochs with that patience is over."""
        return self.epochs_done >= epochs or self.has_lost_patience(patience)

    def has_lost_patience(self, patience: int) -> bool:
        """Whether so many epochs have gone by since the best one."""
        return self.epochs_done - self.best_epoch >= patience

    def after(self, loss: float, val_loss: float | None) -> Self:
        """The history with one more epoch."""
        val_losses = () if val_loss is None else (*self.val_loss, val_loss)
        return self.model_copy(update={"loss": (*self.loss, loss), "val_loss": val_losses})


class HistoryFolder:
    """The folder of one fitting.

    Args:
        path: Made when it is first written to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, key: str) -> History:
        """What is kept of the fitting of that key; an empty history if nothing is."""
        try:
            history = History.model_validate_json(self._file.read_bytes())
        except (FileNotFoundError, ValidationError):
            return History(key=key)
        usable = history.key == key and all(path.exists() for path in self._needed(history))
        return history if usable else History(key=key)

    def kept_key(self) -> str:
        """What the fitting was told of which something is kept; empty if nothing is."""
        try:
            return History.model_validate_json(self._file.read_bytes()).key
        except (FileNotFoundError, ValidationError):
            return ""

    def weights(self, epoch: int) -> Path:
        """The weights after an epoch, counted from 1."""
        return self.path / WEIGHTS.format(epoch=epoch)

    def write(self, history: History) -> None:
        """Replaces what is kept, and removes the weights that are not needed any more."""
        needed = self._needed(history)
        for path in needed:
            with path.open("rb") as file:
                os.fsync(file.fileno())
        replace_file(self._file, history.model_dump_json().encode())
        for pattern in ("epoch-*", f".{self._file.name}.*"):  # of either, what a kill cut short
            for path in self.path.glob(pattern):
                if path not in needed:
                    path.unlink()

    def _needed(self, history: History) -> set[Path]:
        return {self.weights(history.best_epoch), self.weights(history.epochs_done)}

    @property
    def _file(self) -> Path:
        return self.path / "history.json"


class KeepWeights(keras.callbacks.ModelCheckpoint):
    """Writes the weights after each epoch.

    Args:
        folder: Where they are kept; it is there.
    """

    def __init__(self, folder: HistoryFolder) -> None:
        super().__init__(folder.path / WEIGHTS, save_weights_only=True)
        self._folder = folder

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Writes those of an epoch, counted from 0."""
        # Keras would make a folder anew whose volume has vanished, and keep the weights there.
        self._folder.path.stat()
        super().on_epoch_end(epoch, logs)


class KeepHistory(keras.callbacks.Callback):
    """Writes the history after each epoch, and ends the fitting when patience is lost.

    Comes after `KeepWeights`.

    Args:
        folder: Where it is kept.
        history: What has been before.
        patience: Epochs without a new best after which to end.
    """

    def __init__(self, folder: HistoryFolder, history: History, *, patience: int) -> None:
        super().__init__()
        self._folder = folder
        self._patience = patience
        self.history = history
        self.diverged = False

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Adds the epoch, or ends the fitting when its figures or weights are no numbers."""
        figures = logs or {}
        # The last step's weights are in no training loss yet.
        numbers = *figures.values(), *self.model.get_weights()
        if not all(np.isfinite(values).all() for values in numbers):
            self.diverged = self.model.stop_training = True
            return
        val_loss = figures.get("val_loss")
        self.history = self.history.after(
            float(figures["loss"]), None if val_loss is None else float(val_loss)
        )
        self._folder.write(self.history)
        if self.history.has_lost_patience(self._patience):
            self.model.stop_training = True
