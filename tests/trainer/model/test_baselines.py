"""Baselines, against dense formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array

from trainer_service.model.baselines import (
    DENSE_UP_TO,
    USERS_AT_ONCE,
    CoLikes,
    by_item_cosine,
    by_popularity,
    popularity_ranks,
)
from trainer_service.model.ranking import rank

LIKES = arrays(
    np.float32, st.tuples(st.integers(1, 6), st.integers(2, 5)), elements=st.sampled_from([0, 1])
)


def many_likes(user_count: int, movie_count: int) -> np.ndarray:
    """Few likes of most movies, more of those at both ends of the catalogue."""
    weights = np.abs(np.linspace(-1, 1, movie_count)) ** 20
    draws = np.random.default_rng(0).random((user_count, movie_count))
    return (draws < weights).astype(np.float32)


BOTH_WAYS = pytest.mark.parametrize(
    ("user_count", "movie_count"),
    [(USERS_AT_ONCE + 9, 300), (50, DENSE_UP_TO + 1)],
    ids=["dense", "sparse"],
)
"""How co-likes are counted depends on how many movies there are."""


@BOTH_WAYS
def test_co_likes_are_the_users_who_like_both(user_count: int, movie_count: int) -> None:
    likes = many_likes(user_count, movie_count)
    block = slice(movie_count - 200, movie_count - 1)
    columns = CoLikes(csr_array(likes)).columns(block)
    np.testing.assert_array_equal(columns, likes.T @ likes[:, block])


@BOTH_WAYS
def test_item_cosine_in_blocks_is_the_cosine_of_columns(user_count: int, movie_count: int) -> None:
    likes = many_likes(user_count, movie_count)
    seeds = csr_array(likes[:5])
    scorer = by_item_cosine(CoLikes(csr_array(likes)))
    blocks = [slice(0, 100), slice(100, movie_count)]
    scores = np.hstack([scorer.users(seeds) @ scorer.movies(block) for block in blocks])
    unit = likes / np.maximum(np.linalg.norm(likes, axis=0), 1e-9)
    np.testing.assert_allclose(scores, likes[:5] @ (unit.T @ unit), atol=1e-4)


@given(LIKES)
def test_popularity_ranks_count_down_the_likes(likes: np.ndarray) -> None:
    ranks = popularity_ranks(CoLikes(csr_array(likes)))
    counts = likes.sum(axis=0)
    assert sorted(ranks.tolist()) == list(range(1, likes.shape[1] + 1))
    for movie, other in np.argwhere(ranks[:, np.newaxis] < ranks):
        assert (-counts[movie], movie) < (-counts[other], other)


def test_popularity_ranks_the_same_for_everyone_but_for_their_seeds() -> None:
    likes = csr_array(np.array([[1, 1, 0, 1], [0, 1, 0, 1], [0, 0, 0, 1]], dtype=np.float32))
    ranks = popularity_ranks(CoLikes(likes))
    assert ranks.tolist() == [3, 2, 4, 1]
    assert rank(likes[1:], by_popularity(ranks)).tolist() == [[0, 2, -1, -1], [1, 0, 2, -1]]
