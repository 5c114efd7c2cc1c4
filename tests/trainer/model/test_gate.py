"""The quality gate: known answers by hand, and what holds for all embeddings."""

from math import log2, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from trainer_service.data import Ratings
from trainer_service.model import gate
from trainer_service.model.gate import FEWEST_USERS, Contender, GateResult, compare
from trainer_service.model.split import split_likes, split_ratings, user_places

MOVIES = 12
HOLDOUT = 0.25


def liking(user_ids: list[int], *liked: list[int], movie_count: int = MOVIES) -> Ratings:
    """Users who like these movies; movie i has the id 10 * (i + 1)."""
    return Ratings(
        np.repeat(np.arange(len(liked)), [len(row) for row in liked]).astype(np.int32),
        np.concatenate([np.sort(row) for row in liked]).astype(np.int32),
        np.full(sum(map(len, liked)), 5, dtype=np.float32),
        np.array(user_ids),
        10 * np.arange(1, movie_count + 1),
    )


def held_out(count: int, *, below: float = 2 * HOLDOUT, above: float = 0.0) -> list[int]:
    """The first so many user ids with a place from the one to the other."""
    ids = np.arange(2_000)
    places = user_places(ids)
    found: list[int] = ids[(above <= places) & (places < below)][:count].tolist()
    assert len(found) == count
    return found


def everyone(user_count: int = 30) -> Ratings:
    """Users who like the first six movies."""
    return liking(held_out(user_count), *[list(range(6))] * user_count)


def on_circle(*degrees: float) -> NDArray[np.float32]:
    radians = np.radians(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


GOOD = on_circle(*[0] * 6, *[90] * 6)
"""What everyone likes is closest to it."""

BAD = on_circle(*[0, 90] * 6)
"""Half of what everyone likes is as far from the other half as can be."""


def contender(
    embeddings: NDArray[np.float32], movie_ids: NDArray[np.int64] | None = None, **more: float
) -> Contender:
    ids = 10 * np.arange(1, len(embeddings) + 1) if movie_ids is None else movie_ids
    return Contender(embeddings, ids, **{"holdout": HOLDOUT, **more})


def held(
    new: NDArray[np.float32], active: NDArray[np.float32], test: Ratings | None = None
) -> GateResult:
    return compare(test or everyone(), contender(new), contender(active), version=3)


def test_a_worse_one_is_rejected_with_both_figures() -> None:
    result = held(BAD, GOOD)
    assert (result.passed, result.against_version, result.user_count) == (False, 3, 30)
    assert result.against_ndcg_at_100 == 1
    assert result.ndcg_at_100 < 1
    assert result.note == ""


def test_a_better_one_and_one_that_is_as_good_pass() -> None:
    assert held(GOOD, BAD).passed
    assert held(GOOD, GOOD) == GateResult(
        against_version=3, user_count=30, ndcg_at_100=1, against_ndcg_at_100=1, passed=True
    )


def test_the_figures_and_the_margin_are_those_worked_out_by_hand() -> None:
    """All are given four of five movies, one of which ranks first or last of the others."""
    users = held_out(40)
    test = liking(users, *[[0, 1, 2, 3, 4]] * 40)
    targets = split_likes(test).targets.movie_index
    # With the target of the others at right angles to the seeds, it comes after movies 5 to 11.
    away = [90.0 if movie == targets[0] else 0.0 for movie in range(MOVIES)]
    result = held(on_circle(*away), on_circle(*[0.0] * MOVIES), test)
    # Active: all scores are equal, so that the smaller index is first: the target is always
    # found at place 1. New: the users with that target find it at place 8, ...
    new = np.where(targets == targets[0], 1 / log2(9), 1.0)
    # ... and for the others it is a seed, which turns the vector a little, and no order.
    assert result.against_ndcg_at_100 == 1
    assert result.ndcg_at_100 == pytest.approx(new.mean())
    assert result.margin == pytest.approx(2 * (new - 1).std(ddof=1) / sqrt(40))
    assert result.passed == (1 - new.mean() <= result.margin)


def test_only_users_whom_neither_was_trained_on_are_asked() -> None:
    """The active one held fewer users out; who comes after them liked what it learned."""
    unseen = held_out(25, above=0.3, below=0.4)
    seen = held_out(30, above=0.4, below=0.5)
    ids = sorted(unseen + seen)
    likes = [[0, 1, 2, 3, 4, 5] if user in unseen else [6, 7, 8, 9, 10, 11] for user in ids]
    test = liking(ids, *likes)
    fewer = compare(test, contender(GOOD), contender(GOOD, holdout=0.2), version=3)
    all_of_them = compare(test, contender(GOOD), contender(GOOD), version=3)
    assert (fewer.user_count, all_of_them.user_count) == (25, 55)


def test_who_is_asked_is_who_a_split_with_that_holdout_held_out() -> None:
    ids = np.arange(500)
    ratings = liking(ids.tolist(), *[list(range(6))] * 500)
    split = split_ratings(ratings, HOLDOUT)
    out = np.union1d(split.validation.user_index, split.test.user_index)
    assert np.array_equal(ids[user_places(ids) < 2 * HOLDOUT], ids[out])


FULL = on_circle(*[0] * 10, 90, 90)
"""Whoever likes the first ten movies finds them all."""


def test_a_catalogue_that_shrank_misses_what_it_lacks_as_worked_out_by_hand() -> None:
    """Of ten liked movies eight are given; the new version has six, and finds what is left."""
    test = liking(held_out(40), *[list(range(10))] * 40)
    shrunk = contender(on_circle(*[0] * 6))
    result = compare(test, shrunk, contender(FULL), version=3)
    targets = split_likes(test).targets
    found = np.bincount(targets.user_index[targets.movie_index < 6], minlength=40)
    assert set(found) == {0, 1, 2}
    # What it finds is at the first places, since of its movies only the targets are no seeds.
    gains = np.array([0.0, 1.0, 1 + 1 / log2(3)]) / (1 + 1 / log2(3))
    assert result.user_count == 40
    assert result.against_ndcg_at_100 == 1
    assert result.ndcg_at_100 == pytest.approx(gains[found].mean())
    assert result.margin == pytest.approx(2 * (gains[found] - 1).std(ddof=1) / sqrt(40))
    assert not result.passed


def test_a_catalogue_that_grew_passes_with_the_same_figures_the_other_way_round() -> None:
    test = liking(held_out(40), *[list(range(10))] * 40)
    shrunk, full = contender(on_circle(*[0] * 6)), contender(FULL)
    there = compare(test, shrunk, full, version=3)
    back = compare(test, full, shrunk, version=3)
    assert back.passed
    assert (back.ndcg_at_100, back.against_ndcg_at_100) == (1, there.ndcg_at_100)
    assert (back.margin, back.user_count) == (there.margin, 40)


def test_who_gives_nothing_that_a_version_knows_finds_nothing_there() -> None:
    """Though the target be the first of its movies, which without a seed are all alike."""
    test = liking(held_out(40), *[[0, 1, 2, 3, 4]] * 40)
    assert 0 in split_likes(test).targets.movie_index
    few = contender(on_circle(*[0] * 4), np.array([10, 60, 70, 80]))
    result = compare(test, few, contender(GOOD), version=3)
    assert (result.ndcg_at_100, result.against_ndcg_at_100, result.passed) == (0, 1, False)


def test_movies_that_neither_has_do_not_count() -> None:
    """They can neither be liked nor be in the way."""
    test = liking(held_out(30), *[[0, 1, 2, 3, 4, 5, 10, 11]] * 30)
    without = contender(GOOD[:10]), contender(GOOD[:10])
    result = compare(test, *without, version=3)
    # Of six movies four are given, and the two that are left are what is to be found.
    assert (result.ndcg_at_100, result.against_ndcg_at_100) == (1, 1)


@pytest.mark.parametrize("seed", [0, 1])
def test_in_which_order_a_version_has_its_movies_does_not_matter(seed: int) -> None:
    order = np.random.default_rng(seed).permutation(MOVIES)
    mixed = contender(BAD[order], 10 * (order + 1))
    assert compare(everyone(), mixed, contender(GOOD), version=3) == held(BAD, GOOD)
    assert compare(everyone(), contender(GOOD), mixed, version=3) == held(GOOD, BAD)


def test_movies_are_found_by_their_ids_wherever_their_rows_are() -> None:
    """Either has a movie that the other has not, the new one the first, the active one a later."""
    # Everyone likes the last six: a movie that is taken for another comes after the first ones.
    test = liking(held_out(30), *[list(range(7, 13))] * 30, movie_count=13)
    good = on_circle(*[90] * 7, *[0] * 6)  # of the ids 10 to 130
    ids = np.array([20, 30, 40, 50, 60, 70, 80, 85, 90, 100, 110, 120, 130])
    active = contender(on_circle(*[90] * 6, 0, 90, *[0] * 5), ids)
    result = compare(test, contender(good), active, version=3)
    assert (result.ndcg_at_100, result.against_ndcg_at_100) == (1, 1)


def test_users_who_like_fewer_than_five_of_what_either_has_are_not_asked() -> None:
    users = held_out(50)
    likes = [[0, 1, 2, 3, 4] if place % 2 else [0, 1, 2, 3, 11] for place in range(50)]
    test = liking(users, *likes)
    for new, user_count in ((GOOD, 50), (GOOD[:11], 25)):
        result = compare(test, contender(new), contender(GOOD[:11]), version=3)
        assert result.user_count == user_count


@pytest.mark.parametrize(("user_count", "compared"), [(FEWEST_USERS - 1, False), (20, True)])
def test_too_few_users_let_everything_pass_and_the_note_says_so(
    user_count: int,
    compared: bool,  # noqa: FBT001  # parametrised
) -> None:
    result = held(BAD, GOOD, everyone(user_count))
    assert result.passed is not compared
    assert (result.against_version == 3) is compared
    if not compared:
        assert (
            result.note
            == "nothing was compared: 19 users were held out of this version and of version 3 "
            "and like enough of the movies of either, and 20 are needed"
        )


def test_a_version_of_quite_other_movies_finds_nothing() -> None:
    strangers = contender(GOOD, np.arange(1_001, 1_001 + MOVIES))
    result = compare(everyone(), contender(BAD), strangers, version=3)
    assert (result.user_count, result.against_ndcg_at_100, result.passed) == (30, 0, True)
    assert not compare(everyone(), strangers, contender(BAD), version=3).passed


def test_of_many_users_the_first_by_their_places_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "MOST_USERS", 25)
    ids = held_out(60)
    first = set(np.array(ids)[np.argsort(user_places(np.array(ids)))[:25]].tolist())
    # Only of those who are asked the new one knows the taste.
    likes = [list(range(6)) if user in first else [0, 2, 4, 7, 9, 11] for user in ids]
    result = held(GOOD, BAD, liking(ids, *likes))
    assert (result.user_count, result.ndcg_at_100) == (25, 1)


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    rows: NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(
        np.float32
    )
    return rows


embeddings = st.integers(0, 2**32 - 1).map(
    lambda seed: unit(np.random.default_rng(seed).normal(size=(MOVIES, 3)))
)


def at_random(seed: int) -> Ratings:
    rng = np.random.default_rng(seed)
    users = held_out(40)
    return liking(users, *[rng.choice(MOVIES, 6, replace=False).tolist() for _ in users])


@given(vectors=embeddings, seed=st.integers(0, 99))
def test_the_same_embeddings_pass_whatever_is_liked(
    vectors: NDArray[np.float32], seed: int
) -> None:
    result = held(vectors, vectors, at_random(seed))
    assert result.passed
    assert (result.margin, result.ndcg_at_100) == (0, result.against_ndcg_at_100)


catalogues = st.sets(st.integers(0, MOVIES - 1), min_size=1).map(sorted)


@given(
    vectors=st.tuples(embeddings, embeddings),
    rows=st.tuples(catalogues, catalogues),
    seed=st.integers(0, 99),
)
def test_of_two_at_least_one_passes_against_the_other_with_the_same_figures_and_margin(
    vectors: tuple[NDArray[np.float32], ...], rows: tuple[list[int], ...], seed: int
) -> None:
    """Whichever movies either has."""
    test = at_random(seed)
    one, other = (
        contender(of_all[some], 10 * (np.array(some) + 1))
        for of_all, some in zip(vectors, rows, strict=True)
    )
    there = compare(test, one, other, version=3)
    back = compare(test, other, one, version=3)
    assert there.passed or back.passed
    assert there.ndcg_at_100 == back.against_ndcg_at_100
    assert there.margin == pytest.approx(back.margin)
    assert there.passed == (there.against_ndcg_at_100 - there.ndcg_at_100 <= there.margin)


@given(one=embeddings, other=embeddings, standard_errors=st.floats(0.1, 10))
def test_the_margin_grows_with_the_standard_errors_that_it_is_made_of(
    one: NDArray[np.float32], other: NDArray[np.float32], standard_errors: float
) -> None:
    usual = held(one, other, at_random(0))
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(gate, "STANDARD_ERRORS", standard_errors)
        other_margin = held(one, other, at_random(0))
    assert other_margin.margin == pytest.approx(usual.margin / 2 * standard_errors)
