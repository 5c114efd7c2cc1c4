"""Fitting: the taste is found, the best epoch is kept, and a stop at any time costs nothing."""

import os
import re
import shutil
from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.datasets import two_tastes
from trainer_service.data import Ratings
from trainer_service.errors import TrainingDivergedError, WeightsNotKeptError
from trainer_service.model.fitting import Fitted, fit, load, prepare
from trainer_service.model.history import HistoryFolder
from trainer_service.model.progress import TrainingProgress
from trainer_service.model.settings import FittingSettings
from trainer_service.model.split import Split, split_ratings

SETTINGS = FittingSettings(
    min_ratings=0, epochs=6, batch_size=32, dim=32, learning_rate=0.1, l2=1.0, seed=3
)

OVERFITTING = SETTINGS.model_copy(
    update=dict(co_liked_weight=0.0, l2=0.0, dim=8, batch_size=8, epochs=20, patience=2)
)
"""Without a penalty and with small batches, the rating head soon learns noise."""


class Stopped(Exception):  # noqa: N818  # it is no error, but what a kill is to a process
    """The fitting was stopped from outside."""


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Split:
    return split_ratings(two_tastes(tmp_path_factory.mktemp("data"), users=300).ratings, 0.2)


def ignore(_: TrainingProgress) -> None:
    """Nobody listens."""


def stop_after(epoch: int) -> Callable[[TrainingProgress], None]:
    """A listener that stops the fitting at the end of an epoch."""

    def report(progress: TrainingProgress) -> None:
        if (progress.epoch, progress.epoch_share) == (epoch, 1):
            raise Stopped

    return report


def stopped_then_resumed(
    split: Split, settings: FittingSettings, folder: Path, *, after: int
) -> tuple[Fitted, list[int]]:
    """A fitting that is stopped after an epoch, then begun again, and the epochs it then had."""
    with pytest.raises(Stopped):
        fit(split, settings, folder, stop_after(after))
    # As if killed while the next epoch's weights, or its history, were being written.
    for name in (
        f"epoch-{after + 1:04}.weights.h5",
        "epoch-0099.weights.h5",
        ".history.json.0a1b2c3d",
    ):
        (folder / name).write_bytes(b"torn")
    reports: list[TrainingProgress] = []
    fitted = fit(split, settings, folder, reports.append)
    return fitted, [report.epoch for report in reports if report.epoch_share == 1]


def changed(fitted: Fitted, other: Fitted) -> bool:
    return fitted.embeddings.tobytes() != other.embeddings.tobytes()


@pytest.fixture(scope="module")
def reports() -> list[TrainingProgress]:
    return []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fit") / "checkpoints"


@pytest.fixture(scope="module")
def fitted(split: Split, folder: Path, reports: list[TrainingProgress]) -> Fitted:
    return fit(split, SETTINGS, folder, reports.append)


@pytest.fixture(scope="module")
def overfitted_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("overfit") / "checkpoints"


@pytest.fixture(scope="module")
def overfitted(split: Split, overfitted_folder: Path) -> Fitted:
    return fit(split, OVERFITTING, overfitted_folder, ignore)


def test_the_five_movies_closest_to_any_are_mostly_of_its_own_taste(fitted: Fitted) -> None:
    cosine = fitted.embeddings @ fitted.embeddings.T
    np.testing.assert_allclose(np.diag(cosine), 1, atol=1e-5)
    closest = np.argsort(-cosine, axis=1)[:, 1:6]
    first_taste = np.arange(20) < 10
    assert np.mean(first_taste[closest] == first_taste[:, None]) > 0.75  # chance 0.47


def test_what_is_kept_is_the_epoch_with_the_lowest_validation_loss(
    overfitted: Fitted, fitted: Fitted, reports: list[TrainingProgress]
) -> None:
    ended = [report for report in reports if report.epoch_share == 1]
    assert tuple(report.loss for report in ended) == fitted.history.loss
    assert tuple(report.val_loss for report in ended) == fitted.history.val_loss
    for one in (fitted, overfitted):
        assert one.val_loss == min(one.history.val_loss)
        assert one.loss == one.history.loss[int(np.argmin(one.history.val_loss))]


def test_the_published_weights_are_those_of_the_best_epoch_not_of_the_last(
    split: Split, overfitted: Fitted
) -> None:
    predicted = overfitted.predict(split.train, split.held_out)
    squared_error = np.mean((predicted - split.held_out.rating) ** 2)
    assert squared_error == pytest.approx(min(overfitted.history.val_loss), rel=1e-4)
    assert squared_error != pytest.approx(overfitted.history.val_loss[-1], rel=1e-3)


def test_the_fitting_ends_early_after_so_many_epochs_without_a_better_one(
    overfitted: Fitted,
) -> None:
    history = overfitted.history
    assert history.epochs_done < OVERFITTING.epochs
    assert history.epochs_done == history.best_epoch + OVERFITTING.patience


def test_ratings_are_predicted_of_who_was_fitted_to(split: Split, fitted: Fitted) -> None:
    predicted = fitted.predict(split.train, split.held_out)
    error = np.sqrt(np.mean((predicted - split.held_out.rating) ** 2))
    assert error < 1.1  # the ratings' own spread is 1.5
    nothing = split.held_out.select(np.zeros(len(split.held_out), dtype=bool))
    assert fitted.predict(split.train, nothing).shape == (0,)


def test_the_same_data_settings_and_seed_give_byte_equal_embeddings(
    split: Split, overfitted: Fitted, fitted: Fitted, tmp_path: Path
) -> None:
    for settings, ended in ((OVERFITTING, overfitted), (SETTINGS, fitted)):
        folder = tmp_path / f"weight {settings.co_liked_weight}"
        assert not changed(ended, fit(split, settings, folder, ignore))


@pytest.mark.parametrize("weight", [0.0, 4.0])
def test_a_weight_of_0_leaves_the_co_liked_head_and_its_teacher_out(
    split: Split, weight: float
) -> None:
    settings = SETTINGS.model_copy(update={"co_liked_weight": weight})
    assert (prepare(split, settings).heads.co_liked_head is not None) == (weight > 0)


def test_the_rmse_is_of_ratings_predicted_from_those_that_were_trained_on(
    split: Split, overfitted: Fitted
) -> None:
    def error(known: Ratings) -> float:
        predicted = overfitted.predict(known, split.held_out)
        return float(np.sqrt(np.mean((predicted.clip(0.5, 5) - split.held_out.rating) ** 2)))

    measured = overfitted.measured(split, ease_up_to=0).rmse
    assert measured == pytest.approx(error(split.train), rel=1e-5)
    assert measured != pytest.approx(error(split.held_out), rel=1e-2)


def test_another_seed_gives_other_embeddings(
    split: Split, overfitted: Fitted, tmp_path: Path
) -> None:
    other = fit(split, OVERFITTING.model_copy(update={"seed": 4}), tmp_path, ignore)
    assert changed(overfitted, other)


def test_progress_tells_epoch_loss_rate_and_time_left(reports: list[TrainingProgress]) -> None:
    last = reports[-1]
    assert (last.epoch, last.epoch_count, last.epoch_share) == (6, 6, 1)
    assert last.time_left_s == 0
    assert all(report.ratings_per_second > 0 for report in reports)
    assert all(report.time_left_s > 0 for report in reports[:-1])
    assert reports[0].loss > last.loss


def test_a_fitting_that_was_stopped_goes_on_and_ends_as_if_it_had_never_been(
    split: Split, fitted: Fitted, tmp_path: Path
) -> None:
    resumed, epochs = stopped_then_resumed(split, SETTINGS, tmp_path, after=2)
    assert epochs == [3, 4, 5, 6]
    assert resumed.history == fitted.history
    assert not changed(resumed, fitted)


def test_going_on_after_a_worse_epoch_never_lets_it_take_the_place_of_the_best(
    split: Split, overfitted: Fitted, tmp_path: Path
) -> None:
    best = overfitted.history.best_epoch
    resumed, epochs = stopped_then_resumed(split, OVERFITTING, tmp_path, after=best + 1)
    assert epochs == [best + 2]
    assert resumed.history == overfitted.history
    assert not changed(resumed, overfitted)


def test_a_fitting_that_had_ended_trains_nothing_and_gives_the_same(
    split: Split, fitted: Fitted, folder: Path, overfitted: Fitted, overfitted_folder: Path
) -> None:
    """Whether it had come to the last epoch, or had lost patience."""
    for settings, kept, ended in (
        (SETTINGS, folder, fitted),
        (OVERFITTING, overfitted_folder, overfitted),
    ):
        reports: list[TrainingProgress] = []
        again = fit(split, settings, kept, reports.append)
        assert reports == []
        assert again.history == ended.history
        assert not changed(again, ended)


@pytest.mark.parametrize(
    ("settings", "fingerprint"), [({"l2": 0.5}, ""), ({}, "other data")], ids=["settings", "data"]
)
@pytest.mark.usefixtures("overfitted")
def test_other_settings_or_other_data_start_anew(
    split: Split,
    overfitted_folder: Path,
    tmp_path: Path,
    settings: dict[str, Any],
    fingerprint: str,
) -> None:
    kept = shutil.copytree(overfitted_folder, tmp_path / "checkpoints")
    other = OVERFITTING.model_copy(update=settings)
    with pytest.raises(Stopped):
        fit(split, other, kept, stop_after(1), fingerprint=fingerprint)
    assert [path.name for path in kept.glob("epoch-*")] == ["epoch-0001.weights.h5"]


@pytest.mark.parametrize("library", ["movierec", "keras", "tensorflow"])
@pytest.mark.usefixtures("overfitted")
def test_what_another_version_of_a_library_left_starts_anew_and_is_not_published(
    split: Split, overfitted_folder: Path, tmp_path: Path, library: str
) -> None:
    kept = shutil.copytree(overfitted_folder, tmp_path / "checkpoints")
    file = kept / "history.json"
    told = file.read_text("ascii")
    other = re.sub(rf"{library} [^ \"]+", f"{library} 0.0.1", told)
    assert other != told
    file.write_text(other, encoding="ascii")
    made_by = (
        rf"made by .*\b{library} 0\.0\.1\b.*, and this is movierec .*: go back to those versions"
    )
    with pytest.raises(WeightsNotKeptError, match=made_by):
        load(split, OVERFITTING, kept)
    with pytest.raises(Stopped):
        fit(split, OVERFITTING, kept, stop_after(1))
    assert [path.name for path in kept.glob("epoch-*")] == ["epoch-0001.weights.h5"]


def test_weights_that_cannot_be_loaded_start_anew_and_a_warning_says_so(
    split: Split,
    overfitted: Fitted,
    overfitted_folder: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    history = overfitted.history
    assert history.best_epoch != history.epochs_done
    for epoch in (history.best_epoch, history.epochs_done):
        kept = shutil.copytree(overfitted_folder, tmp_path / f"epoch {epoch} cut short")
        path = HistoryFolder(kept).weights(epoch)
        os.truncate(path, path.stat().st_size // 2)
        again = fit(split, OVERFITTING, kept, ignore)
        assert f"starting anew from the first epoch: cannot load {path}" in caplog.text
        assert again.history == history
        assert not changed(again, overfitted)


def test_with_nothing_held_out_the_last_epoch_is_kept(split: Split, tmp_path: Path) -> None:
    everything = split_ratings(split.train, 0.0)
    fitted = fit(everything, OVERFITTING.model_copy(update={"epochs": 3}), tmp_path, ignore)
    assert (fitted.history.epochs_done, fitted.history.best_epoch) == (3, 3)
    assert fitted.val_loss is None
    assert fitted.loss == fitted.history.loss[-1]


# A penalty beyond what is legal is the surest way to a loss that is no number: within
# an epoch of several batches, or only in its validation where an epoch is one batch.
@pytest.mark.parametrize("batch_size", [32, 512])
def test_a_loss_that_is_no_number_ends_the_fitting_with_the_settings_that_led_there(
    split: Split, tmp_path: Path, batch_size: int
) -> None:
    settings = OVERFITTING.model_copy(update={"l2": 1e38, "batch_size": batch_size})
    reports: list[TrainingProgress] = []
    with pytest.raises(TrainingDivergedError, match=r'epoch \d, with .*"l2":1e\+38'):
        fit(split, settings, tmp_path, reports.append)
    # JSON, in which progress travels, knows no other numbers.
    assert all(isfinite(report.loss) for report in reports)
    assert all(isfinite(report.val_loss) for report in reports if report.val_loss is not None)
