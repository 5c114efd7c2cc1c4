"""Reports from within Keras' fitting."""

import math
import time
from collections.abc import Callable
from typing import Any

import keras

from trainer_service.model.progress import TrainingProgress

INTERVAL_S = 0.3
"""Seconds between two reports within an epoch."""


class ProgressReport(keras.callbacks.Callback):
    """Tells how far the fitting is, a few times a second.

    Args:
        report: Who is told.
        rating_count: Training ratings.
        step_count: Batches in an epoch.
    """

    def __init__(
        self, report: Callable[[TrainingProgress], None], *, rating_count: int, step_count: int
    ) -> None:
        super().__init__()
        self._report = report
        self._rating_count = rating_count
        self._step_count = step_count
        self._val_loss: float | None = None
        self._epoch = 0
        self._first_epoch: int | None = None
        self._train_began = self._epoch_began = self._epoch_fitted = self._last_report = 0.0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Starts the clock."""
        self._train_began = self._last_report = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Starts the epoch's clock."""
        self._epoch = epoch
        if self._first_epoch is None:
            self._first_epoch = epoch
        self._epoch_began = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Tells, unless it has just been told."""
        self._epoch_fitted = time.monotonic()
        share = (batch + 1) / self._step_count
        if share < 1 and self._epoch_fitted - self._last_report >= INTERVAL_S:
            self._tell(share, logs or {})

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Tells the epoch's final figures."""
        figures = logs or {}
        self._val_loss = float(figures["val_loss"]) if "val_loss" in figures else None
        self._tell(1.0, figures)

    def _tell(self, share: float, logs: dict[str, Any]) -> None:
        if not all(map(math.isfinite, logs.values())):
            return  # the fitting ends, and says why
        now = self._last_report = time.monotonic()
        epochs_done = self._epoch + share
        epochs_here = epochs_done - (self._first_epoch or 0)
        self._report(
            TrainingProgress(
                epoch=self._epoch + 1,
                epoch_count=self.params["epochs"],
                epoch_share=share,
                loss=float(logs["loss"]),
                val_loss=self._val_loss,
                ratings_per_second=self._rating_count
                * share
                / (self._epoch_fitted - self._epoch_began),
                time_left_s=(self.params["epochs"] - epochs_done)
                * (now - self._train_began)
                / epochs_here,
            )
        )
