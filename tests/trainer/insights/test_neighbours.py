"""Nearest movies and what follows from them, on circles and by brute force."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from trainer_service.insights.neighbours import nearest, shares_by_popularity, times_listed


def unit_rows(seed: int, count: int, dim: int = 3) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, dim))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32)


@given(st.integers(0, 1_000), st.integers(2, 40), st.integers(1, 12))
@settings(max_examples=30, deadline=None)
def test_the_nearest_are_those_with_the_highest_cosines_and_never_the_movie_itself(
    seed: int, count: int, asked: int
) -> None:
    rows = unit_rows(seed, count)
    places, cosines = nearest(rows, asked)
    assert places.shape == (count, min(asked, count - 1))
    scores = (rows @ rows.T).astype(np.float64)
    for row in range(count):
        assert row not in places[row]
        assert len(set(places[row])) == len(places[row])
        others = np.sort(np.delete(scores[row], row))[::-1][: places.shape[1]]
        assert np.allclose(cosines[row], others, atol=1e-6)


def test_blocks_do_not_change_what_is_nearest() -> None:
    rows = unit_rows(0, 2_100)
    places, _ = nearest(rows, 3)
    whole = rows @ rows.T
    np.fill_diagonal(whole, -np.inf)
    assert (places[:, 0] == whole.argmax(axis=1)).all()


def test_a_movie_is_listed_as_often_as_others_list_it() -> None:
    assert times_listed(np.array([[1], [2], [1]])).tolist() == [0, 2, 1]


def test_shares_go_by_how_well_movies_are_known() -> None:
    counts, weights = np.array([10, 40, 20, 30]), np.array([0, 6, 1, 3])
    assert shares_by_popularity(counts, weights, 5).tolist() == [0, 0.6, 0.9, 1, 1]
