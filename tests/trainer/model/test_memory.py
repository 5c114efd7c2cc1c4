"""Memory: estimated before it is taken."""

from pathlib import Path

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
    assert needed(ease_up_to=100_000) - needed() == 4 * 8 * MOVIES**2


def test_ease_on_the_users_side_holds_users_by_movies_as_well() -> None:
    few = dict(user_count=500, movie_count=10_000)
    without, beside = (settings(ease_up_to=most) for most in (0, 10_000))
    more = memory_to_fit(beside, **few) - memory_to_fit(without, **few)
    assert more == 4 * 8 * 500**2 + 24 * 500 * 10_000


# Peaks of a run above what it held after reading, in bytes.
@pytest.mark.parametrize(
    ("users", "movies", "peak", "changes"),
    [
        pytest.param(5_180, 3_706, 1.54e9, {}, id="ml-1m"),
        pytest.param(523, 9_724, 1.15e9, {}, id="ml-latest-small"),
        pytest.param(523, 9_724, 1.25e9, {"ease_up_to": 10_000}, id="ml-latest-small, EASE"),
    ],
)
def test_no_less_is_estimated_than_was_measured(
    users: int, movies: int, peak: float, changes: dict[str, int]
) -> None:
    size = dict(user_count=users, movie_count=movies)
    estimate = memory_to_fit(TrainingSettings(**changes).for_data(**size), **size)
    assert peak < estimate < 1.3 * peak


@pytest.mark.parametrize(
    ("changes", "smaller"),
    [
        ({"batch_size": 65_536}, "batch_size"),
        ({"batch_size": 1, "dim": 1_024}, "--dim"),
        ({"ease_up_to": 100_000}, "--ease-up-to"),
    ],
)
def test_what_cannot_fit_is_refused_with_the_estimate_and_what_to_make_smaller(
    tmp_path: Path, changes: dict[str, int], smaller: str
) -> None:
    container(tmp_path, limit="450000000")
    told = (
        rf"\d GB, and 0\.3 GB are free: pass a higher --min-ratings or a smaller {smaller}, or give"
    )
    with pytest.raises(TooMuchMemoryError, match=told):
        check_memory(settings(**changes), tmp_path, user_count=USERS, movie_count=MOVIES)


def container(folder: Path, *, limit: str) -> Path:
    """Writes what a container says that holds 200 MB, of which 50 MB may be dropped."""
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text("200000000\n")
    (folder / "memory.stat").write_text("anon 120000000\ninactive_file 50000000\nslab 1\n")
    return folder


def test_what_is_free_is_less_than_the_machine_has() -> None:
    assert 0 < free_memory() < 2**50


def test_in_a_container_no_more_is_free_than_its_limit_leaves(tmp_path: Path) -> None:
    assert free_memory(container(tmp_path, limit="300000000")) == 150_000_000


@pytest.mark.parametrize("limit", ["max", str(2**62)])
def test_a_container_without_a_limit_that_counts_leaves_what_the_machine_has(
    tmp_path: Path, limit: str
) -> None:
    assert 150_000_000 < free_memory(container(tmp_path, limit=limit)) < 2**50


def test_what_fits_is_not_refused() -> None:
    check_memory(settings(batch_size=1), user_count=100, movie_count=100)


def test_where_no_limit_is_told_what_the_machine_has_is_free(tmp_path: Path) -> None:
    assert 150_000_000 < free_memory(tmp_path) < 2**50
