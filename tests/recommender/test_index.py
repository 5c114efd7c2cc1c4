"""The nearest rows, held against a reference that is slow and obvious."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recommender_service.query.index import MovieIndex

COMPASS = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], dtype=np.float32)
"""North, east, south, west: their products are exact, so that many are equal."""


def unit_rows(count: int, dim: int, seed: int) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, dim))
    unit: NDArray[np.float64] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit.astype(np.float32)


def on_circle(*degrees: float) -> MovieIndex:
    radians = np.radians(degrees)
    rows = np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)
    return MovieIndex(rows, range(len(degrees)))


def degrees_of(vector: NDArray[np.float32] | None) -> float:
    assert vector is not None
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)
    return math.degrees(math.atan2(vector[1], vector[0]))


def test_the_most_similar_row_comes_first_with_its_cosine() -> None:
    index = on_circle(0, 60, 30, 90)
    north = np.array([1, 0], dtype=np.float32)
    nearest = index.nearest(north, 3)
    assert nearest.rows.tolist() == [0, 2, 1]
    assert nearest.scores.tolist() == pytest.approx([1, math.sqrt(3) / 2, 0.5], abs=1e-6)


def test_equal_scores_are_ordered_by_movie_id_also_where_the_answer_is_cut_off() -> None:
    index = MovieIndex(COMPASS[[0, 1, 0, 1, 0]], [50, 40, 30, 20, 10])
    north = COMPASS[0]
    assert index.nearest(north, 5).rows.tolist() == [4, 2, 0, 3, 1]
    assert index.nearest(north, 1).rows.tolist() == [4]
    assert index.nearest(north, 2).rows.tolist() == [4, 2]
    assert index.nearest(north, 4).rows.tolist() == [4, 2, 0, 3]


def test_what_is_excluded_is_never_there_however_short_the_answer_becomes() -> None:
    index = on_circle(0, 10, 20)
    north = np.array([1, 0], dtype=np.float32)
    assert index.nearest(north, 10, excluded=[0]).rows.tolist() == [1, 2]
    assert index.nearest(north, 1, excluded=[0, 0]).rows.tolist() == [1]
    assert index.nearest(north, 10, excluded=[2, 1, 0]).rows.tolist() == []
    assert index.nearest(north, 10, excluded=[]).rows.tolist() == [0, 1, 2]


def test_a_score_is_never_beyond_1_though_rounding_may_say_so() -> None:
    rows = unit_rows(300, 50, seed=1)
    index = MovieIndex(rows, range(300))
    for row in rows:
        assert np.abs(index.nearest(row, 300).scores).max() <= 1


@given(
    directions=st.lists(st.integers(0, 3), min_size=1, max_size=12),
    query=st.integers(0, 3),
    k=st.integers(1, 15),
    data=st.data(),
)
def test_the_answer_is_that_of_sorting_everything_by_score_and_then_by_movie_id(
    directions: list[int], query: int, k: int, data: st.DataObject
) -> None:
    count = len(directions)
    movie_ids = data.draw(st.permutations(range(count)))
    excluded = data.draw(st.lists(st.integers(0, count - 1), max_size=count))
    rows = COMPASS[directions]
    scores = rows @ COMPASS[query]
    allowed = [row for row in range(count) if row not in excluded]
    expected = sorted(allowed, key=lambda row: (-scores[row], movie_ids[row]))[:k]
    nearest = MovieIndex(rows, movie_ids).nearest(COMPASS[query], k, excluded)
    assert nearest.rows.tolist() == expected
    assert nearest.scores.tolist() == [scores[row] for row in expected]


@given(count=st.integers(1, 120), dim=st.integers(1, 40), seed=st.integers(0, 2**32 - 1))
def test_the_first_k_of_any_answer_are_to_the_bit_the_answer_for_k(
    count: int, dim: int, seed: int
) -> None:
    index = MovieIndex(unit_rows(count, dim, seed), range(count))
    query = unit_rows(1, dim, seed + 1)[0]
    whole = index.nearest(query, count + 5)
    assert len(whole.rows) == count
    for k in range(1, count + 1):
        some = index.nearest(query, k)
        assert some.rows.tolist() == whole.rows[:k].tolist()
        assert some.scores.tobytes() == whole.scores[:k].tobytes()


@given(count=st.integers(2, 60), dim=st.integers(2, 40), seed=st.integers(0, 2**32 - 1))
def test_scores_are_cosines_and_nothing_better_is_left_out(count: int, dim: int, seed: int) -> None:
    rows = unit_rows(count, dim, seed)
    query = unit_rows(1, dim, seed + 1)[0]
    cosines = rows.astype(np.float64) @ query.astype(np.float64)
    nearest = MovieIndex(rows, range(count)).nearest(query, count // 2)
    assert nearest.scores == pytest.approx(cosines[nearest.rows], abs=1e-6)
    assert (np.diff(nearest.scores) <= 0).all()
    left_out = np.delete(cosines, nearest.rows)
    assert left_out.max() <= nearest.scores[-1] + 1e-6


@pytest.mark.parametrize(
    ("weights", "degrees"),
    [
        ([1, 1], 45),
        ([1, 0], 0),
        ([1, -1], -45),
        ([-1, 0], 180),
        ([1, math.sqrt(3)], 60),
        ([1e308, 1e308], 45),
        ([1e-300, 1e-300], 45),
        ([5e-324, -5e-324], -45),
        ([1e308, 1e-308], 0),
        ([-1e308, 1e308], 135),
    ],
)
def test_the_query_points_where_the_weighted_sum_does(weights: list[float], degrees: float) -> None:
    vector = on_circle(0, 90).query_vector([0, 1], weights)
    assert abs(degrees_of(vector)) == pytest.approx(abs(degrees), abs=1e-4)
    if abs(degrees) != 180:
        assert degrees_of(vector) == pytest.approx(degrees, abs=1e-4)


@pytest.mark.parametrize(
    ("degrees", "weights"),
    [
        ((0, 180), [1, 1]),
        ((0, 180), [1e308, 1e308]),
        ((0, 180), [1e-300, 1e-300]),
        ((37, 37), [1, -1]),
        ((0, 120, 240), [1, 1, 1]),
        ((11, 131, 251), [3, 3, 3]),
        ((0, 90), [0, 0]),
        ((0, 90), [0.0, -0.0]),
    ],
)
def test_weights_that_cancel_out_give_no_query(
    degrees: tuple[float, ...], weights: list[float]
) -> None:
    assert on_circle(*degrees).query_vector(range(len(degrees)), weights) is None


@given(
    weights=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8),
    seed=st.integers(0, 1_000),
)
def test_whatever_the_weights_the_query_is_a_unit_vector_or_none(
    weights: list[float], seed: int
) -> None:
    rows = unit_rows(len(weights), 6, seed)
    vector = MovieIndex(rows, range(len(rows))).query_vector(range(len(rows)), weights)
    # The same in numbers that neither overflow nor round.
    total = [
        sum(
            Fraction(weight) * Fraction(float(row[i]))
            for weight, row in zip(weights, rows, strict=True)
        )
        for i in range(6)
    ]
    largest = max(map(abs, map(Fraction, weights)))
    length = math.sqrt(sum((part / largest) ** 2 for part in total)) if largest else 0.0
    if vector is None:
        assert length < 1e-5
    else:
        expected = [float(part / largest) / length for part in total]
        assert vector.tolist() == pytest.approx(expected, abs=1e-6)
