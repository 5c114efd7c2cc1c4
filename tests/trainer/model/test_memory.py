"""Memory: estimated before it is taken."""

import pytest

from trainer_service.errors import TooMuchMemoryError
from trainer_service.model.memory import check_memory, free_memory, memory_to_fit
from trainer_service.model.settings import FittingSettings, TrainingSettings

USERS, MOVIES = 138_493, 26_744


def settings(**changes: int) -> FittingSettings:
    return TrainingSettings(**changes).for_data(user_count=USERS, movie_count=MOVIES)


def needed(**changes: int) -> int:
    return memory_to_fit(settings(**changes), user_count=USERS, movie_count=MOVIES)


def test_all_of_ml_20m_is_estimated_to_fit_the_6_gb_that_are_promised() -> None:
    assert 1e9 < needed() < 6e9


def test_more_dimensions_bigger_batches_and_ease_take_more() -> None:
    assert needed(dim=1_024) > needed()
    assert needed(batch_size=4_096) > needed()
    assert needed(ease_up_to=100_000) > 4 * 8 * MOVIES**2


def test_what_cannot_fit_is_refused_with_the_estimate_and_what_to_do() -> None:
    huge = settings(batch_size=65_536)
    check_memory(settings(batch_size=1), user_count=100, movie_count=100)
    with pytest.raises(TooMuchMemoryError, match=r"\d GB, and \d+\.\d GB are free: pass"):
        check_memory(huge, user_count=USERS, movie_count=MOVIES)


def test_what_is_free_is_less_than_the_machine_has() -> None:
    assert 0 < free_memory() < 2**50
