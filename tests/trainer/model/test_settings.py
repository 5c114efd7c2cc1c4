"""Settings: what follows the size of the data, and what is out of range."""

from typing import Any

import pytest
from pydantic import ValidationError

from trainer_service.model.settings import TrainingSettings


@pytest.mark.parametrize(
    ("user_count", "movie_count", "batch_size", "epochs"),
    [
        (3, 4, 32, 20),  # one step an epoch: 400 epochs would be too many
        (520, 20, 32, 20),  # a 20th would be 26; 17 steps, so 24 epochs would make 400
        (5_200, 1_000, 260, 20),  # a 20th; 20 steps
        (10_000, 1_000, 500, 20),
        (20_480, 1_000, 1_024, 20),  # a 20th is exactly the most
        (40_960, 1_000, 1_024, 10),  # 40 steps
        (29_000, 1_000, 1_024, 14),  # 29 steps, 13.8 epochs
        (138_000, 1_000, 1_024, 3),  # a 20th would be 6,900; 135 steps
        (138_000, 26_744, 627, 3),  # 2**24 / 26,744; 221 steps, so 2 epochs would make 400
        (138_000, 10_000_000, 32, 3),  # no fewer than 32, however many movies
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


def test_epochs_follow_the_batch_that_was_told() -> None:
    chosen = TrainingSettings(batch_size=52).for_data(user_count=5_200, movie_count=20)
    assert chosen.epochs == 4  # 100 steps an epoch, 400 in all


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
