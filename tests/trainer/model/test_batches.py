"""Batches: users as rows."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from support.datasets import two_tastes
from trainer_service.data import Ratings
from trainer_service.model.batches import HeldOutBatches, UserBatches, part


@pytest.fixture
def ratings(tmp_path: Path) -> Ratings:
    return two_tastes(tmp_path, users=40, movies=6).ratings


def test_an_epoch_holds_every_rating_of_every_user_once(ratings: Ratings) -> None:
    batches = UserBatches(ratings, batch_size=4, seed=0)
    found: dict[int, np.ndarray] = {}
    for index in range(len(batches)):
        x, y = batches[index]
        found |= dict(zip(x["user_index"].tolist(), y["ratings"], strict=True))
    assert sorted(found) == list(range(40))
    dense = np.zeros((40, 6), dtype=np.float32)
    dense[ratings.user_index, ratings.movie_index] = ratings.rating
    np.testing.assert_array_equal(np.stack([found[user] for user in range(40)]), dense)


def test_seeds_and_targets_are_drawn_from_what_is_liked(ratings: Ratings) -> None:
    x, y = UserBatches(ratings, batch_size=40, seed=0)[0]
    liked = y["ratings"] >= 4
    assert not (x["seeds"] > 0)[~liked].any()
    assert not (y["targets"] > 0)[~liked].any()


def test_the_same_seed_draws_the_same_and_another_epoch_draws_anew(ratings: Ratings) -> None:
    first, second = (UserBatches(ratings, batch_size=40, seed=7) for _ in range(2))
    np.testing.assert_array_equal(first[0][0]["seeds"], second[0][0]["seeds"])
    before = first[0][0]
    first.on_epoch_end()
    after = first[0][0]
    assert not np.array_equal(before["user_index"], after["user_index"])
    assert not np.array_equal(before["seeds"], after["seeds"])


def test_validation_takes_ratings_of_training_users_and_likes_of_the_others(
    ratings: Ratings,
) -> None:
    held_out = ratings.select(ratings.user_index < 20)
    validation = ratings.select(ratings.user_index >= 20)
    batches = HeldOutBatches(held_out, validation, batch_size=20, seed=0)
    (rated_x, rated_y), (liked_x, liked_y) = batches[0], batches[1]
    assert len(batches) == 2
    assert (rated_x["user_index"] < 20).all()
    assert (liked_x["user_index"] >= 20).all()
    assert rated_y["ratings"].any()
    assert not rated_y["targets"].any()
    assert not liked_y["ratings"].any()
    assert liked_y["targets"].any()


@given(arrays(np.bool_, st.tuples(st.integers(1, 5), st.integers(1, 8))), st.integers(0, 99))
def test_seeds_and_targets_are_apart_and_targets_sum_to_1_or_the_user_has_neither(
    liked: np.ndarray, seed: int
) -> None:
    seeds, targets = part(liked, np.random.default_rng(seed))
    assert not ((seeds > 0) & (targets > 0)).any()
    assert not ((seeds > 0) & ~liked).any()
    sums = targets.sum(axis=1)
    has_seeds = seeds.any(axis=1)
    np.testing.assert_allclose(sums[has_seeds], 1, rtol=1e-5)
    np.testing.assert_array_equal(sums[~has_seeds], 0)
    both = has_seeds
    np.testing.assert_array_equal(((seeds > 0) | (targets > 0))[both], liked[both])


def test_short_lists_of_seeds_are_drawn_as_well_as_long_ones() -> None:
    liked = np.ones((2_000, 100), dtype=bool)
    seeds, _ = part(liked, np.random.default_rng(0))
    counts = seeds.sum(axis=1)
    # P(u² < x) is the root of x: a tenth of the users get less than 1 in 100.
    assert np.mean((counts > 0) & (counts <= 5)) > 0.1
    assert np.mean(counts > 50) > 0.2
