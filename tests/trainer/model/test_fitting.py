"""Fitting: the best epoch is kept, the taste is found, the run can be repeated."""

from collections.abc import Callable
from math import isfinite
from pathlib import Path

import numpy as np
import pytest

from support.datasets import two_tastes
from trainer_service.errors import TrainingDivergedError
from trainer_service.model.fitting import Fitted, fit, measure
from trainer_service.model.progress import TrainingProgress
from trainer_service.model.settings import TrainingSettings
from trainer_service.model.split import Split, split_ratings

SETTINGS = TrainingSettings(min_ratings=0, epochs=8, dim=8, learning_rate=0.03, seed=3, l2=1.0)


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Split:
    return split_ratings(two_tastes(tmp_path_factory.mktemp("data"), users=300).ratings, 0.2)


def ignore(_: TrainingProgress) -> None:
    """Nobody listens."""


def fitted_with(
    split: Split,
    folder: Path,
    settings: TrainingSettings = SETTINGS,
    report: Callable[[TrainingProgress], None] = ignore,
) -> Fitted:
    return fit(split, settings, folder / "checkpoints", report)


@pytest.fixture(scope="module")
def reports() -> list[TrainingProgress]:
    return []


@pytest.fixture(scope="module")
def fitted(
    split: Split, reports: list[TrainingProgress], tmp_path_factory: pytest.TempPathFactory
) -> Fitted:
    return fitted_with(split, tmp_path_factory.mktemp("fit"), report=reports.append)


def test_movies_of_one_taste_are_closer_to_each_other_than_to_the_other_taste(
    fitted: Fitted,
) -> None:
    cosine = fitted.embeddings @ fitted.embeddings.T
    same = cosine[:10, :10][~np.eye(10, dtype=bool)]
    other = cosine[:10, 10:]
    assert same.min() > other.max()


def test_what_is_kept_is_the_epoch_with_the_lowest_validation_loss(
    fitted: Fitted, reports: list[TrainingProgress]
) -> None:
    by_epoch = {report.epoch: report for report in reports if report.epoch_share == 1}
    val_losses = {epoch: report.val_loss for epoch, report in by_epoch.items()}
    assert len(val_losses) == SETTINGS.epochs
    best = min(val_losses, key=lambda epoch: val_losses[epoch] or 0)
    assert fitted.best_epoch == best
    assert fitted.val_loss == val_losses[best]
    assert fitted.loss == by_epoch[best].loss


def test_the_published_weights_are_those_of_the_best_epoch_not_of_the_last(
    split: Split, tmp_path: Path
) -> None:
    # Without penalty and with this rate the rating head soon fits noise.
    overfitting = {"learning_rate": 0.3, "epochs": 12, "l2": 0.0, "co_liked_weight": 0.0}
    fitted = fitted_with(split, tmp_path, SETTINGS.model_copy(update=overfitting))
    held_out = split.held_out
    predicted = np.asarray(fitted.model((held_out.user_index, held_out.movie_index)))
    assert fitted.best_epoch < 12
    assert fitted.val_loss == pytest.approx(np.mean((predicted - held_out.rating) ** 2), rel=1e-4)


def test_the_same_data_settings_and_seed_give_byte_equal_embeddings(
    split: Split, fitted: Fitted, tmp_path: Path
) -> None:
    again = fitted_with(split, tmp_path)
    assert again.embeddings.tobytes() == fitted.embeddings.tobytes()


def test_another_seed_gives_other_embeddings(split: Split, fitted: Fitted, tmp_path: Path) -> None:
    other = fitted_with(split, tmp_path, SETTINGS.model_copy(update={"seed": 4}))
    assert other.embeddings.tobytes() != fitted.embeddings.tobytes()


def test_progress_tells_epoch_loss_rate_and_time_left(reports: list[TrainingProgress]) -> None:
    last = reports[-1]
    assert (last.epoch, last.epoch_count, last.epoch_share) == (8, 8, 1)
    assert last.time_left_s == 0
    assert all(report.ratings_per_second > 0 for report in reports)
    assert all(report.time_left_s > 0 for report in reports[:-1])
    assert reports[0].loss > last.loss


def test_the_figures_beat_popularity_where_taste_is_everything(
    split: Split, fitted: Fitted
) -> None:
    metrics = measure(fitted, split)
    assert metrics.rmse is not None
    assert metrics.rmse < 1.0  # the ratings' own spread is 1.5
    assert metrics.ranking
    assert metrics.popularity
    assert metrics.ranking.ndcg_at_100 > metrics.popularity.ndcg_at_100 + 0.1
    assert metrics.notes == ()


def test_with_nothing_held_out_the_last_epoch_is_kept_and_the_notes_say_so(
    split: Split, tmp_path: Path
) -> None:
    everything = split_ratings(split.train, 0.0)
    fitted = fitted_with(everything, tmp_path)
    assert (fitted.best_epoch, fitted.val_loss) == (SETTINGS.epochs, None)
    metrics = measure(fitted, everything)
    assert (metrics.rmse, metrics.ranking) == (None, None)
    assert metrics.notes == (
        "no RMSE: no rating was held out",
        "no ranking figures: no user was held out",
    )


def test_the_rating_head_alone_is_one_setting_away(split: Split, tmp_path: Path) -> None:
    alone = fitted_with(split, tmp_path, SETTINGS.model_copy(update={"co_liked_weight": 0.0}))
    assert measure(alone, split).rmse


def test_a_loss_that_is_no_number_ends_the_fitting_with_the_settings_that_led_there(
    split: Split, tmp_path: Path
) -> None:
    settings = SETTINGS.model_copy(update={"l2": 1e38})
    reports: list[TrainingProgress] = []
    with pytest.raises(TrainingDivergedError, match=r'"l2":1e\+38'):
        fitted_with(split, tmp_path, settings, reports.append)
    # JSON, in which progress travels, knows no other numbers.
    assert all(isfinite(report.loss) for report in reports)
