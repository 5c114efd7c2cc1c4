"""Neighbours of two versions, held against references that are slow and obvious."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recommender_service.query import comparing
from recommender_service.query.comparing import Comparison, compare
from recommender_service.query.index import MovieIndex
from support.vectors import COMPASS, on_circle, unit_rows


def neighbours(side: NDArray[np.intp], comparison: Comparison) -> dict[int, list[int]]:
    """The neighbours of each movie, all by their ids."""
    ids = comparison.movie_ids.tolist()
    return {
        movie: [ids[position] for position in row]
        for movie, row in zip(ids, side.tolist(), strict=True)
    }


def test_a_movie_that_moved_away_has_lost_its_neighbours_and_gained_others() -> None:
    before = on_circle([0, 10, 20, 100, 110, 120], [1, 2, 3, 4, 5, 6])
    after = on_circle([98, 10, 20, 100, 110, 120], [1, 2, 3, 4, 5, 6])

    comparison = compare(before, after, k=2)

    assert comparison.movie_ids.tolist() == [1, 2, 3, 4, 5, 6]
    assert neighbours(comparison.before, comparison)[1] == [2, 3]
    assert neighbours(comparison.after, comparison)[1] == [4, 5]
    assert comparison.overlaps.tolist() == [0, 1, 1, 0.5, 1, 1]
    assert comparison.mean_overlap == 0.75
    assert (comparison.lost(0), comparison.gained(0)) == ([1, 2], [3, 4])
    assert (comparison.lost(5), comparison.gained(5)) == ([], [])


def test_what_only_one_version_has_is_nobodys_neighbour() -> None:
    before = on_circle([0, 1, 2, 40], [10, 11, 20, 30])
    after = on_circle([0, 1, 2, 40], [20, 99, 10, 30])

    comparison = compare(before, after, k=1)

    assert comparison.movie_ids.tolist() == [10, 20, 30]
    assert neighbours(comparison.before, comparison) == {10: [20], 20: [10], 30: [20]}
    assert neighbours(comparison.after, comparison) == {10: [20], 20: [10], 30: [10]}
    assert comparison.overlaps.tolist() == [1, 1, 0]


def test_the_order_of_the_rows_and_the_dimension_may_be_others() -> None:
    rows = unit_rows(40, 6, seed=1)
    order = np.random.default_rng(2).permutation(40)
    wider = np.hstack([rows, np.zeros((40, 3), dtype=np.float32)])

    comparison = compare(MovieIndex(rows, range(40)), MovieIndex(wider[order], order.tolist()))

    assert comparison.mean_overlap == 1


@pytest.mark.parametrize(
    ("common", "count"), [([], 0), ([7], 0), ([7, 8], 1), (list(range(9)), 8), (range(50), 10)]
)
def test_there_are_no_more_neighbours_than_other_movies(common: Sequence[int], count: int) -> None:
    before = MovieIndex(unit_rows(len(common) + 1, 4, seed=1), [*common, 100])
    after = MovieIndex(unit_rows(len(common) + 1, 4, seed=2), [200, *common])

    comparison = compare(before, after)

    assert comparison.movie_ids.tolist() == list(common)
    assert comparison.before.shape == comparison.after.shape == (len(common), count)
    assert comparison.overlaps.shape == (len(common),)
    assert (comparison.mean_overlap is None) == (count == 0)
    assert bool(comparison.most_changed(9, np.ones(len(common), dtype=np.int64))) == (count == 10)


def test_the_most_changed_come_first_and_of_equals_the_most_rated() -> None:
    comparison = Comparison(
        movie_ids=np.arange(5),
        before=np.zeros((5, 2), dtype=np.intp),
        after=np.zeros((5, 2), dtype=np.intp),
        overlaps=np.array([0.5, 0, 1, 0.5, 0.5]),
    )
    rating_counts = np.array([30, 1, 99, 70, 30])

    assert comparison.most_changed(10, rating_counts) == [1, 3, 0, 4]
    assert comparison.most_changed(2, rating_counts) == [1, 3]
    assert comparison.most_changed(0, rating_counts) == []


@given(
    directions=st.lists(st.integers(0, 3), min_size=2, max_size=60),
    k=st.integers(1, 12),
    data=st.data(),
)
def test_neighbours_are_those_of_sorting_everything_by_cosine_and_then_by_movie_id(
    directions: list[int], k: int, data: st.DataObject
) -> None:
    movie_ids = data.draw(st.permutations(range(len(directions))))
    index = MovieIndex(COMPASS[directions], movie_ids)

    comparison = compare(index, index, k)

    cosines = COMPASS[directions] @ COMPASS[directions].T
    expected = {
        movie_ids[row]: sorted(
            (other for other in movie_ids if other != movie_ids[row]),
            key=lambda other, row=row: (-cosines[row, movie_ids.index(other)], other),  # type: ignore[misc]
        )[:k]
        for row in range(len(directions))
    }
    assert neighbours(comparison.before, comparison) == expected


@given(
    count=st.integers(2, 400),
    dim=st.integers(1, 12),
    k=st.integers(1, 12),
    seed=st.integers(0, 2**32 - 1),
)
def test_no_movie_is_nearer_than_the_neighbours_whatever_the_blocks(
    count: int, dim: int, k: int, seed: int
) -> None:
    rows = unit_rows(count, dim, seed)
    cosines = rows.astype(np.float64) @ rows.astype(np.float64).T
    np.fill_diagonal(cosines, -2)
    index = MovieIndex(rows, range(count))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparing, "SCORES_AT_ONCE", 1_000)
        found = compare(index, index, k).before

    k = min(k, count - 1)
    assert found.shape == (count, k)
    chosen = np.take_along_axis(cosines, found, axis=1)
    assert chosen == pytest.approx(-np.sort(-cosines, axis=1)[:, :k], abs=1e-6)
    assert all(len(set(row)) == k for row in found.tolist())


@given(count=st.integers(1, 300), dim=st.integers(1, 40), seed=st.integers(0, 2**32 - 1))
def test_nothing_has_changed_in_a_version_against_itself(count: int, dim: int, seed: int) -> None:
    rows = unit_rows(count, dim, seed)
    movie_ids = np.random.default_rng(seed).permutation(count).tolist()

    comparison = compare(MovieIndex(rows, movie_ids), MovieIndex(rows.copy(), movie_ids))

    assert comparison.movie_ids.tolist() == sorted(movie_ids)
    assert comparison.mean_overlap in {None, 1.0}
    assert comparison.most_changed(count, np.ones(count, dtype=np.int64)) == []
    assert not any(comparison.lost(i) or comparison.gained(i) for i in range(count))


@given(count=st.integers(3, 60), seed=st.integers(0, 2**32 - 1))
def test_the_overlap_is_the_share_of_neighbours_that_are_kept(count: int, seed: int) -> None:
    ids = np.random.default_rng(seed).permutation(3 * count)
    before = MovieIndex(unit_rows(2 * count, 5, seed), ids[: 2 * count].tolist())
    after = MovieIndex(unit_rows(2 * count, 7, seed + 1), ids[count:].tolist())

    comparison = compare(before, after)

    assert comparison.movie_ids.tolist() == sorted(ids[count : 2 * count].tolist())
    for position, overlap in enumerate(comparison.overlaps):
        one, other = (
            set(side[position].tolist()) for side in (comparison.before, comparison.after)
        )
        assert position not in one | other
        assert overlap == pytest.approx(len(one & other) / len(one))
        assert set(comparison.lost(position)) == one - other
        assert set(comparison.gained(position)) == other - one
