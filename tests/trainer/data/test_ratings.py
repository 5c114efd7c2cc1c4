"""Ratings hold together, or refuse to be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from trainer_service.data import Ratings


def small(**changes: NDArray[np.generic]) -> Ratings:
    """User 10 rated movies 1 and 3, user 30 movie 3; user 20 and movie 2 stand alone."""
    arrays: dict[str, NDArray[np.generic]] = dict(
        user_index=np.array([0, 0, 2], dtype=np.int32),
        movie_index=np.array([0, 2, 2], dtype=np.int32),
        rating=np.array([4.5, 2, 5], dtype=np.float32),
        user_ids=np.array([10, 20, 30]),
        movie_ids=np.array([1, 2, 3]),
    )
    return Ratings(**{**arrays, **changes})  # type: ignore[arg-type]  # some are wrong on purpose


def test_counts_and_offsets_are_as_counted_by_hand() -> None:
    ratings = small()
    assert (len(ratings), ratings.user_count, ratings.movie_count) == (3, 3, 3)
    assert ratings.user_offsets.tolist() == [0, 2, 2, 3]
    assert ratings.rating_counts.tolist() == [1, 0, 2]
    assert ratings.user_offsets.dtype == ratings.rating_counts.dtype == np.int64
    assert repr(ratings) == "Ratings(3 ratings, 3 users, 3 movies)"


def test_a_selection_is_over_the_same_users_and_movies() -> None:
    selected = small().select(np.array([False, True, True]))
    assert selected.movie_index.tolist() == [2, 2]
    assert selected.user_ids.tolist() == [10, 20, 30]
    assert selected.movie_ids.tolist() == [1, 2, 3]


def test_users_and_movies_without_ratings_can_be_dropped() -> None:
    ratings = small().without_unrated()
    assert ratings.user_ids.tolist() == [10, 30]
    assert ratings.movie_ids.tolist() == [1, 3]
    assert ratings.user_index.tolist() == [0, 0, 1]
    assert ratings.movie_index.tolist() == [0, 1, 1]
    assert ratings.rating.tolist() == [4.5, 2, 5]


def test_no_ratings_at_all_are_ratings_too() -> None:
    ratings = small().select(np.zeros(3, dtype=bool))
    assert ratings.user_offsets.tolist() == [0, 0, 0, 0]
    assert ratings.without_unrated().movie_count == 0


@pytest.mark.parametrize("name", ["user_index", "movie_index", "rating", "user_ids", "movie_ids"])
def test_no_array_can_be_written_to(name: str) -> None:
    with pytest.raises(ValueError, match="read-only"):
        getattr(small(), name)[0] = 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"user_index": np.array([0, 0, 2])}, "user_index must be int32"),
        ({"rating": np.ones((3, 1), dtype=np.float32)}, r"not float32 \(3, 1\)"),
        ({"rating": np.ones(2, dtype=np.float32)}, "equally long, not 3, 3 and 2"),
        ({"user_ids": np.array([10, 30, 20])}, "user_ids must ascend"),
        ({"movie_ids": np.array([1, 2, 2])}, "movie_ids must ascend"),
        ({"movie_ids": np.array([1, 2])}, "movie_index must lie from 0 to 1, .* from 0 to 2"),
        ({"user_index": np.array([-1, 0, 2], dtype=np.int32)}, "not from -1 to 2"),
        ({"movie_index": np.array([2, 0, 2], dtype=np.int32)}, "must be sorted"),
        ({"movie_index": np.array([0, 0, 2], dtype=np.int32)}, "each pair once"),
        ({"user_index": np.array([2, 2, 0], dtype=np.int32)}, "must be sorted"),
        ({"rating": np.array([1, 0, 5], dtype=np.float32)}, "ratings must lie from 0.5 to 5"),
        ({"rating": np.array([1, np.nan, 5], dtype=np.float32)}, "ratings must lie"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    changes: dict[str, NDArray[np.generic]], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        small(**changes)


@given(st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6))), st.data())
def test_dropping_the_unrated_keeps_every_rating(
    pairs: set[tuple[int, int]], data: st.DataObject
) -> None:
    ordered = sorted(pairs)
    ratings = Ratings(
        np.array([user for user, _ in ordered], dtype=np.int32),
        np.array([movie for _, movie in ordered], dtype=np.int32),
        np.full(len(ordered), 3, dtype=np.float32),
        np.arange(7) * 10,
        np.arange(7) * 100,
    )
    mask = data.draw(st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs)))
    kept = ratings.select(np.array(mask, dtype=bool)).without_unrated()
    by_id = zip(kept.user_ids[kept.user_index], kept.movie_ids[kept.movie_index], strict=True)
    expected = [
        (user * 10, movie * 100) for (user, movie), keep in zip(ordered, mask, strict=True) if keep
    ]
    assert list(by_id) == expected
    assert set(kept.user_ids) == {user for user, _ in expected}
    assert set(kept.movie_ids) == {movie for _, movie in expected}
