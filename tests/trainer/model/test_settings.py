"""Settings: what follows the size of the data, and what is out of range."""

from typing import Any

import pytest
from pydantic import ValidationError

from trainer_service.model.settings import TrainingSettings


@pytest.mark.parametrize(
    ("user_count", "movie_count", "batch_size", "epochs"),
    [
        (3, 4, 128, 20),  # few users
        (999, 20, 128, 20),
        (1_000, 20, 128, 40),  # no longer few; 400 epochs would be too many
        (5_200, 1_000, 325, 40),  # a 16th; 77 epochs would show 400,000
        (10_000, 1_000, 625, 40),  # exactly the most epochs
        (16_384, 1_000, 1_024, 24),  # a 16th is exactly the most
        (118_000, 1_000, 1_024, 3),  # 3.4 epochs
        (1_000_000, 1_000, 1_024, 3),  # no fewer than 3
        (118_000, 26_744, 627, 3),  # 2**24 / 26,744
        (118_000, 10_000_000, 32, 3),  # no fewer than 32, however many movies
    ],
)
def test_batch_and_epochs_follow_the_size_of_the_data(
    user_count: int, movie_count: int, batch_size: int, epochs: int
) -> None:
    chosen = TrainingSettings().for_data(user_count=user_count, movie_count=movie_count)
    assert (chosen.batch_size, chosen.epochs) == (batch_size, epochs)


def test_what_is_told_wins_over_what_follows_the_data() -> None:
    told = TrainingSettings(batch_size=7, epochs=1, dim=5, seed=9)
    chosen = told.for_data(user_count=138_000, movie_count=26_744)
    assert chosen.model_dump() == told.model_dump()


def test_all_else_stays_as_it_was_told() -> None:
    told = TrainingSettings(few_seeds=0.3, l2=2.0)
    open_fields = {"batch_size", "epochs"}
    chosen = told.for_data(user_count=100, movie_count=10)
    assert chosen.model_dump(exclude=open_fields) == told.model_dump(exclude=open_fields)


@pytest.mark.parametrize(
    "told",
    [
        {"min_ratings": -1},
        {"epochs": 0},
        {"dim": 0},
        {"seed": -1},
        {"co_liked_weight": -0.1},
        {"few_seeds": 1.1},
        {"holdout": 0.5},
        {"holdout": float("nan")},
        {"patience": 0},
        {"learning_rate": 0.0},
        {"learning_rate": -1.0},
        {"learning_rate": float("nan")},
        {"batch_size": 0},
        {"l2": float("inf")},
        {"ease_up_to": -1},
        {"dimension": 8},
    ],
)
def test_what_is_out_of_range_or_unknown_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(told))):
        TrainingSettings(**told)
