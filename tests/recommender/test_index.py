"""The nearest rows, held against a reference that is slow and obvious."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recommender_service.query.index import LEFT_OUT, MovieIndex
from support.vectors import COMPASS, on_circle, unit_rows


def nearest(
    index: MovieIndex, query: NDArray[np.float32], k: int, excluded: Sequence[int] = ()
) -> tuple[list[int], NDArray[np.float32]]:
    """Rows, best first, and their cosines."""
    cosines = index.cosines(query)
    values = cosines.copy()
    values[list(excluded)] = LEFT_OUT
    rows = index.first(values, k)
    return rows.tolist(), cosines[rows]


def test_the_most_similar_row_comes_first_with_its_cosine() -> None:
    index = on_circle([0, 60, 30, 90])
    north = np.array([1, 0], dtype=np.float32)
    rows, scores = nearest(index, north, 3)
    assert rows == [0, 2, 1]
    assert scores.tolist() == pytest.approx([1, math.sqrt(3) / 2, 0.5], abs=1e-6)


def test_equal_scores_are_ordered_by_movie_id_also_where_the_answer_is_cut_off() -> None:
    index = MovieIndex(COMPASS[[0, 1, 0, 1, 0]], [50, 40, 30, 20, 10])
    north = COMPASS[0]
    assert nearest(index, north, 5)[0] == [4, 2, 0, 3, 1]
    assert nearest(index, north, 1)[0] == [4]
    assert nearest(index, north, 2)[0] == [4, 2]
    assert nearest(index, north, 4)[0] == [4, 2, 0, 3]


def test_what_is_excluded_is_never_there_however_short_the_answer_becomes() -> None:
    index = on_circle([0, 10, 20])
    north = np.array([1, 0], dtype=np.float32)
    assert nearest(index, north, 10, excluded=[0])[0] == [1, 2]
    assert nearest(index, north, 1, excluded=[0, 0])[0] == [1]
    assert nearest(index, north, 10, excluded=[2, 1, 0])[0] == []
    assert nearest(index, north, 10, excluded=[])[0] == [0, 1, 2]


def test_a_score_is_never_beyond_1_though_rounding_may_say_so() -> None:
    rows = unit_rows(300, 50, seed=1)
    index = MovieIndex(rows, range(300))
    for row in rows:
        assert np.abs(nearest(index, row, 300)[1]).max() <= 1


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
    found, found_scores = nearest(MovieIndex(rows, movie_ids), COMPASS[query], k, excluded)
    assert found == expected
    assert found_scores.tolist() == [scores[row] for row in expected]


@given(count=st.integers(1, 120), dim=st.integers(1, 40), seed=st.integers(0, 2**32 - 1))
def test_the_first_k_of_any_answer_are_to_the_bit_the_answer_for_k(
    count: int, dim: int, seed: int
) -> None:
    index = MovieIndex(unit_rows(count, dim, seed), range(count))
    query = unit_rows(1, dim, seed + 1)[0]
    whole, scores = nearest(index, query, count + 5)
    assert len(whole) == count
    for k in range(1, count + 1):
        some, some_scores = nearest(index, query, k)
        assert some == whole[:k]
        assert some_scores.tobytes() == scores[:k].tobytes()


@given(count=st.integers(2, 60), dim=st.integers(2, 40), seed=st.integers(0, 2**32 - 1))
def test_scores_are_cosines_and_nothing_better_is_left_out(count: int, dim: int, seed: int) -> None:
    rows = unit_rows(count, dim, seed)
    query = unit_rows(1, dim, seed + 1)[0]
    cosines = rows.astype(np.float64) @ query.astype(np.float64)
    found, scores = nearest(MovieIndex(rows, range(count)), query, count // 2)
    assert scores == pytest.approx(cosines[found], abs=1e-6)
    assert (np.diff(scores) <= 0).all()
    left_out = np.delete(cosines, found)
    assert left_out.max() <= scores[-1] + 1e-6


@given(
    values=st.lists(st.sampled_from([0.5, 0.25, -1.0, LEFT_OUT]), min_size=1, max_size=200),
    k=st.integers(1, 12),
    data=st.data(),
)
def test_the_first_are_those_of_sorting_all_however_many_are_equal_or_left_out(
    values: list[float], k: int, data: st.DataObject
) -> None:
    movie_ids = data.draw(st.permutations(range(len(values))))
    index = MovieIndex(np.ones((len(values), 1), dtype=np.float32), movie_ids)
    there = [row for row, value in enumerate(values) if value != LEFT_OUT]
    expected = sorted(there, key=lambda row: (-values[row], movie_ids[row]))[:k]
    assert index.first(np.array(values, dtype=np.float32), k).tolist() == expected
