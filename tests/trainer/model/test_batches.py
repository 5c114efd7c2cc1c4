"""Batches: users as rows, and the part that each rating plays."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from support.datasets import two_tastes
from trainer_service.data import Ratings
from trainer_service.model.batches import (
    FEW_SEEDS,
    MOST_RATED_USERS,
    RATED_SHARE,
    HeldOutBatches,
    Role,
    UserBatches,
    UserRows,
    co_liked_roles,
)

CO_LIKED = Role.SEED | Role.TARGET

Batch = dict[str, NDArray[Any]]


def rated(table: NDArray[np.float32]) -> Ratings:
    """The ratings of a table of stars, users by movies, 0 where there is none."""
    user, movie = np.nonzero(table)
    return Ratings(
        user.astype(np.int32),
        movie.astype(np.int32),
        table[user, movie],
        np.arange(table.shape[0]),
        np.arange(table.shape[1]),
    )


def as_table(ratings: Ratings) -> NDArray[np.float32]:
    table = np.zeros((ratings.user_count, ratings.movie_count), dtype=np.float32)
    table[ratings.user_index, ratings.movie_index] = ratings.rating
    return table


def all_of(batches: UserBatches | HeldOutBatches) -> list[Batch]:
    return [batches[index][0] for index in range(len(batches))]


def are_equal(some: list[Batch], others: list[Batch]) -> bool:
    return len(some) == len(others) and all(
        np.array_equal(one[key], other[key])
        for one, other in zip(some, others, strict=True)
        for key in one.keys() | other.keys()
    )


def plays(batch: Batch, role: Role) -> NDArray[np.bool_]:
    return (batch["role"] & role) > 0


@pytest.fixture(scope="module")
def ratings(tmp_path_factory: pytest.TempPathFactory) -> Ratings:
    return two_tastes(tmp_path_factory.mktemp("data"), users=40, movies=6).ratings


def user_batches(
    ratings: Ratings, *, batch_size: int = 7, seed: int = 0, epochs_done: int = 0
) -> UserBatches:
    return UserBatches(
        ratings, batch_size=batch_size, few_seeds=0.5, seed=seed, epochs_done=epochs_done
    )


def test_places_are_the_ratings_of_the_users_asked_for_in_their_order() -> None:
    rows = UserRows(rated(np.array([[5, 0, 1], [0, 0, 0], [0, 3, 0]], dtype=np.float32)))
    row, movie, stars = rows.places(np.array([2, 1, 0], dtype=np.int32))
    assert row.tolist() == [0, 2, 2]
    assert movie.tolist() == [1, 0, 2]
    assert stars.tolist() == [3, 5, 1]


def test_users_are_those_who_rated_anything() -> None:
    rows = UserRows(rated(np.array([[0, 0], [4, 0], [0, 0], [1, 2]], dtype=np.float32)))
    assert rows.users.tolist() == [1, 3]


@given(
    arrays(np.float32, st.tuples(st.integers(1, 6), st.integers(1, 5)), elements=st.integers(0, 5)),
    st.randoms(use_true_random=False),
)
def test_places_fill_in_the_rows_of_the_table(table: NDArray[np.float32], random: Any) -> None:
    users = np.array(random.sample(range(len(table)), len(table)), dtype=np.int32)
    row, movie, stars = UserRows(rated(table)).places(users)
    filled = np.zeros_like(table)
    filled[row, movie] = stars
    np.testing.assert_array_equal(filled, table[users])


def test_an_epoch_holds_every_rating_of_every_user_exactly_once(ratings: Ratings) -> None:
    batches = user_batches(ratings, batch_size=8)  # 40 users: the last batch is full
    for _ in range(2):
        found, times = as_table(ratings) * 0, as_table(ratings) * 0
        for batch in all_of(batches):
            np.add.at(found, batch["user_index"], batch["stars"])
            np.add.at(times, batch["user_index"], batch["stars"] > 0)
        np.testing.assert_array_equal(found, as_table(ratings))
        np.testing.assert_array_equal(times, as_table(ratings) > 0)
        batches.on_epoch_end()


def test_all_batches_have_one_shape_and_the_last_is_filled_up_with_users_of_the_first(
    ratings: Ratings,
) -> None:
    batches = all_of(user_batches(ratings, batch_size=7))
    assert len(batches) == 6  # 40 users, 5 of them in the last
    for batch in batches:
        assert {key: (values.shape, values.dtype.name) for key, values in batch.items()} == {
            "user_index": ((7,), "int32"),
            "stars": ((7, 6), "float32"),
            "role": ((7, 6), "uint8"),
        }
    np.testing.assert_array_equal(batches[-1]["user_index"][5:], batches[0]["user_index"][:2])
    np.testing.assert_array_equal(batches[-1]["stars"][5:], batches[0]["stars"][:2])


def test_a_batch_with_room_for_more_than_everyone_is_filled_up_with_users_without_ratings(
    ratings: Ratings,
) -> None:
    (batch,) = all_of(user_batches(ratings, batch_size=100))
    assert batch["stars"][:80].any(axis=1).all()  # everyone, and everyone again
    for values in batch.values():
        assert not values[80:].any()


def test_users_without_ratings_are_in_no_batch(ratings: Ratings) -> None:
    batches = user_batches(ratings.select(ratings.user_index % 2 == 1), batch_size=5)
    assert sorted(np.concatenate([batch["user_index"] for batch in all_of(batches)])) == list(
        range(1, 40, 2)
    )


def test_what_is_drawn_follows_from_the_seed_and_the_epoch(ratings: Ratings) -> None:
    batches, same, other = (user_batches(ratings, seed=seed) for seed in (7, 7, 8))
    first = all_of(batches)
    assert are_equal(first, all_of(batches))
    assert are_equal(first, all_of(same))
    assert not are_equal(first, all_of(other))


def test_another_epoch_has_another_order_and_other_parts(ratings: Ratings) -> None:
    batches = user_batches(ratings)
    alone = user_batches(rated(np.full((1, 100), 5, dtype=np.float32)), batch_size=1)
    order, parts = batches[0][0]["user_index"], alone[0][0]["role"]
    batches.on_epoch_end()
    alone.on_epoch_end()
    assert not np.array_equal(order, batches[0][0]["user_index"])
    assert not np.array_equal(parts & Role.HIDDEN, alone[0][0]["role"] & Role.HIDDEN)
    assert not np.array_equal(parts & CO_LIKED, alone[0][0]["role"] & CO_LIKED)


@pytest.mark.parametrize("epochs_done", [1, 3])
def test_who_has_drawn_so_many_epochs_goes_on_with_exactly_the_next(
    ratings: Ratings, epochs_done: int
) -> None:
    never_stopped = user_batches(ratings)
    for _ in range(epochs_done):
        never_stopped.on_epoch_end()
    resumed = user_batches(ratings, epochs_done=epochs_done)
    for _ in range(2):
        assert are_equal(all_of(never_stopped), all_of(resumed))
        never_stopped.on_epoch_end()
        resumed.on_epoch_end()


def test_seeds_and_targets_are_what_is_liked_or_for_half_of_the_users_all_that_they_rated() -> None:
    # Two liked and two not: both parts are used by 7 of 8 who watched, by 1 of 2 otherwise.
    table = np.tile(np.array([5, 4, 3.5, 1], dtype=np.float32), (4_000, 1))
    batches = UserBatches(rated(table), batch_size=4_000, few_seeds=0.0, seed=0)
    used = plays(batches[0][0], CO_LIKED)
    assert {tuple(row) for row in used.tolist()} == {
        (True, True, True, True),
        (True, True, False, False),
        (False, False, False, False),
    }
    assert used.all(axis=1).mean() == pytest.approx(7 / 16, abs=0.03)
    assert (used.sum(axis=1) == 2).mean() == pytest.approx(1 / 4, abs=0.03)


def test_a_fifth_of_all_ratings_is_hidden_whatever_its_stars_and_nothing_else() -> None:
    table = np.tile(np.array([5, 4, 1, 0], dtype=np.float32), (4_000, 1))
    hidden = plays(user_batches(rated(table), batch_size=4_000)[0][0], Role.HIDDEN)
    assert hidden.mean(axis=0)[:3] == pytest.approx([RATED_SHARE] * 3, abs=0.03)
    assert not hidden[:, 3].any()


liked_tables = arrays(np.bool_, st.tuples(st.integers(1, 6), st.integers(1, 8)))


@given(liked_tables, st.floats(0, 1), st.integers(0, 99))
def test_a_user_has_seeds_and_targets_apart_and_of_all_likes_or_neither(
    liked: NDArray[np.bool_], few_seeds: float, seed: int
) -> None:
    row = np.repeat(np.arange(len(liked), dtype=np.int32), liked.shape[1])
    rng = np.random.default_rng(seed)
    flat = co_liked_roles(row, liked.ravel(), len(liked), few_seeds, rng)
    assert flat.dtype == np.uint8
    role = flat.reshape(liked.shape)
    assert set(np.unique(role)) <= {0, Role.SEED, Role.TARGET}
    has_seeds, has_targets = ((role == part).any(axis=1) for part in (Role.SEED, Role.TARGET))
    np.testing.assert_array_equal(has_seeds, has_targets)
    np.testing.assert_array_equal(role > 0, liked & has_seeds[:, None])


def seed_counts(few_seeds: float, like_count: int, user_count: int = 3_000) -> NDArray[np.int64]:
    """How many seeds users with so many likes are given, (user_count,)."""
    row = np.repeat(np.arange(user_count, dtype=np.int32), like_count)
    liked = np.ones(len(row), dtype=bool)
    role = co_liked_roles(row, liked, user_count, few_seeds, np.random.default_rng(0))
    return np.bincount(row[role == Role.SEED], minlength=user_count)


def test_with_few_seeds_0_about_half_of_the_likes_are_given() -> None:
    counts = seed_counts(0.0, 100)
    assert counts.mean() == pytest.approx(50, abs=0.5)
    assert counts.min() > 25


def test_with_few_seeds_1_everyone_is_given_one_to_five_on_average() -> None:
    counts = seed_counts(1.0, 100)
    # Each of 1 to 5 wanted is as likely, and drawn as Poisson's would be: 3 seeds on
    # average, of which those who got none, 11 in 100, are left out.
    assert counts.mean() == pytest.approx((1 + FEW_SEEDS) / 2, abs=0.15)
    assert (counts == 0).mean() == pytest.approx(0.116, abs=0.02)
    assert counts.max() < 20


def test_few_seeds_is_the_share_of_the_users_who_are_given_few() -> None:
    assert (seed_counts(0.3, 100) < 20).mean() == pytest.approx(0.3, abs=0.03)


def test_few_are_never_more_than_half_of_what_is_liked() -> None:
    # Of two likes each is a seed as often as not, however many are wanted: in half of
    # all draws one of them is and the other is not.
    assert (seed_counts(1.0, 2) == 1).mean() == pytest.approx(0.5, abs=0.03)


@pytest.fixture(scope="module")
def sides(ratings: Ratings) -> tuple[Ratings, Ratings, Ratings]:
    """Training and held-out ratings of users 0 to 19, and all ratings of the others."""
    trained = ratings.user_index < 20
    held_out = trained & (np.arange(len(ratings)) % 3 == 0)
    return ratings.select(trained & ~held_out), ratings.select(held_out), ratings.select(~trained)


@pytest.fixture
def held_out_batches(sides: tuple[Ratings, Ratings, Ratings]) -> HeldOutBatches:
    return HeldOutBatches(*sides, batch_size=8, few_seeds=0.1, seed=0)


def test_held_out_ratings_are_hidden_and_training_ratings_of_the_same_users_are_known(
    held_out_batches: HeldOutBatches, sides: tuple[Ratings, Ratings, Ratings]
) -> None:
    train, held_out = as_table(sides[0]), as_table(sides[1])
    known, hidden = np.zeros_like(train), np.zeros_like(train)
    for batch in all_of(held_out_batches)[:3]:  # 20 users by 8
        is_hidden = plays(batch, Role.HIDDEN)
        assert not plays(batch, CO_LIKED).any()
        np.add.at(hidden, batch["user_index"], batch["stars"] * is_hidden)
        np.add.at(known, batch["user_index"], batch["stars"] * ~is_hidden)
    np.testing.assert_array_equal(hidden, held_out)
    np.testing.assert_array_equal(known, train)


def test_of_many_users_the_held_out_ratings_of_some_are_enough() -> None:
    count = 2 * MOST_RATED_USERS + 1
    table = np.full((count, 2), 3.0, dtype=np.float32)
    ratings = rated(table)
    train = ratings.select(ratings.movie_index == 0)
    held_out = ratings.select(ratings.movie_index == 1)
    nobody = ratings.select(np.zeros(len(ratings), dtype=bool))
    batches = HeldOutBatches(train, held_out, nobody, batch_size=4_000, few_seeds=0.1, seed=0)
    users = np.concatenate(
        [batch["user_index"][plays(batch, Role.HIDDEN)[:, 1]] for batch in all_of(batches)]
    )
    np.testing.assert_array_equal(users, np.arange(0, count, 3))  # every second would be too many


def test_validation_users_are_for_the_co_liked_head_alone_which_has_to_find_their_likes(
    held_out_batches: HeldOutBatches, sides: tuple[Ratings, Ratings, Ratings]
) -> None:
    batches = all_of(held_out_batches)[3:]
    stars = np.concatenate([batch["stars"] for batch in batches])
    np.testing.assert_array_equal(stars[:20], as_table(sides[2])[20:])
    assert not stars[20:].any()
    for batch in batches:
        assert not plays(batch, Role.HIDDEN).any()
        assert not plays(batch, CO_LIKED)[batch["stars"] < 4].any()
    assert any(plays(batch, Role.SEED).any() for batch in batches)
    assert any(plays(batch, Role.TARGET).any() for batch in batches)


def test_validation_is_the_same_at_every_epoch_and_of_the_shape_of_training(
    held_out_batches: HeldOutBatches, ratings: Ratings
) -> None:
    first = all_of(held_out_batches)
    held_out_batches.on_epoch_end()
    assert are_equal(first, all_of(held_out_batches))
    trained = user_batches(ratings, batch_size=8)[0][0]
    for batch in first:
        for key, values in trained.items():
            assert (batch[key].shape, batch[key].dtype) == (values.shape, values.dtype)


def test_sides_without_ratings_are_batches_of_nobody(ratings: Ratings) -> None:
    nothing = ratings.select(np.zeros(len(ratings), dtype=bool))
    for batch in all_of(
        HeldOutBatches(ratings, nothing, nothing, batch_size=8, few_seeds=0.1, seed=0)
    ):
        assert not batch["stars"].any()
        assert not batch["role"].any()
