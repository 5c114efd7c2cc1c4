"""Rankings, against sorting each user's movies one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array

from trainer_service.model.metrics import NO_MOVIE
from trainer_service.model.ranking import (
    LONGEST_RANKING,
    MOVIES_AT_ONCE,
    USERS_AT_ONCE,
    Scorer,
    by_cosine,
    rank,
)


def known(scores: np.ndarray) -> Scorer:
    """Gives out scores that are known, (U, M)."""
    users = np.eye(len(scores), dtype=np.float32)
    return Scorer(lambda _: users, lambda movies: scores[:, movies])


def one_by_one(scores: np.ndarray, given: np.ndarray) -> list[list[int]]:
    """The same, the slow and obvious way."""
    length = min(LONGEST_RANKING, scores.shape[1])
    rankings = []
    for user_scores, user_given in zip(scores, given, strict=True):
        order = np.argsort(-user_scores, kind="stable")
        movies = order[~user_given[order]][:length].tolist()
        rankings.append(movies + [NO_MOVIE] * (length - len(movies)))
    return rankings


SCORES = st.one_of(
    st.sampled_from([-2.0, -1.0, -0.0, 0.0, 1.0, 1.5]),  # of which many are the same
    st.floats(-1024, 1024, width=32, allow_subnormal=False),
)


@given(st.data(), st.integers(1, 3), st.integers(1, 9))
def test_movies_come_by_score_then_index_and_seeds_never(
    data: st.DataObject, users: int, movies: int
) -> None:
    scores = data.draw(arrays(np.float32, (users, movies), elements=SCORES))
    given = data.draw(arrays(np.bool_, (users, movies)))
    ranking = rank(csr_array(given.astype(np.float32)), known(scores))
    assert ranking.tolist() == one_by_one(scores, given)


@pytest.mark.parametrize("spread", [3, 1_000_000])
def test_blocks_of_users_and_movies_leave_no_seam(spread: int) -> None:
    rng = np.random.default_rng(spread)
    shape = (2 * USERS_AT_ONCE + 3, 2 * MOVIES_AT_ONCE + 5)
    scores = rng.integers(-spread, spread, shape).astype(np.float32)
    scores[:9] = np.arange(shape[1])  # each block is better than the one before
    given = rng.random(shape) < 0.1
    ranking = rank(csr_array(given.astype(np.float32)), known(scores))
    assert ranking.tolist() == one_by_one(scores, given)


def test_the_served_score_is_the_cosine_with_the_sum_of_the_seeds_vectors() -> None:
    angles = np.radians([0, 10, 60, 90, 170])
    embeddings = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    seeds = csr_array(np.array([[1, 0, 0, 0, 0], [1, 0, 0, 1, 0]], dtype=np.float32))
    # From 0 degrees, and from 0 and 90 degrees, which sum to 45.
    assert rank(seeds, by_cosine(embeddings)).tolist() == [
        [1, 2, 3, 4, NO_MOVIE],
        [2, 1, 4, NO_MOVIE, NO_MOVIE],
    ]
