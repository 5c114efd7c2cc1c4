"""EASE, worked out by hand and against least squares solved movie by movie."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array, eye_array

from trainer_service.data import Ratings
from trainer_service.model.baselines import CoLikes
from trainer_service.model.ease import L2_GRID, by_ease, fit_ease
from trainer_service.model.evaluation import hits_of
from trainer_service.model.metrics import ndcg_at
from trainer_service.model.ranking import indicators, rank
from trainer_service.model.split import LikedSplit, split_likes


def weights_of(likes: np.ndarray, l2: float) -> np.ndarray:
    """What each movie says for each other movie, (M, M), 0 for itself."""
    scorer = by_ease(CoLikes(csr_array(likes)), l2)
    alone = eye_array(likes.shape[1], dtype=np.float32, format="csr")
    weights = np.array(scorer.users(alone) @ scorer.movies(slice(0, likes.shape[1])))
    np.fill_diagonal(weights, 0)
    return weights


def solved_one_by_one(likes: np.ndarray, l2: float) -> np.ndarray:
    """The same weights by ridge regression of each movie's likes on all others'."""
    count = likes.shape[1]
    weights = np.zeros((count, count))
    for movie in range(count):
        others = np.arange(count) != movie
        x = likes[:, others].astype(np.float64)
        weights[others, movie] = np.linalg.solve(
            x.T @ x + l2 * np.eye(count - 1), x.T @ likes[:, movie]
        )
    return weights


def test_weights_of_two_movies_are_those_by_hand() -> None:
    # LᵀL + 1 is [[3, 1], [1, 2]], its inverse [[2, -1], [-1, 3]] / 5.
    likes = np.array([[1, 1], [1, 0]], dtype=np.float32)
    np.testing.assert_allclose(weights_of(likes, 1), [[0, 1 / 3], [1 / 2, 0]], rtol=1e-6)


def test_a_movie_that_nobody_likes_changes_nothing_and_has_no_weight() -> None:
    # Here are fewer users than movies, and the smaller matrix is theirs.
    likes = np.array([[1, 1, 0], [1, 0, 0]], dtype=np.float32)
    expected = np.array([[0, 1 / 3, 0], [1 / 2, 0, 0], [0, 0, 0]])
    np.testing.assert_allclose(weights_of(likes, 1), expected, rtol=1e-6)


@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 8), st.integers(2, 8)),
        elements=st.sampled_from([0, 1]),
    ),
    st.sampled_from([0.8, 10.0, 200.0]),
)
def test_weights_are_the_least_squares_of_each_movie_on_all_others(
    likes: np.ndarray, l2: float
) -> None:
    np.testing.assert_allclose(weights_of(likes, l2), solved_one_by_one(likes, l2), atol=1e-6)


def test_likes_that_nobody_has_have_weights_of_0() -> None:
    assert not weights_of(np.zeros((3, 4), dtype=np.float32), 200).any()


def some_likes(seed: int, users: int) -> Ratings:
    """Users who like movies near a place of their own, and some others."""
    rng = np.random.default_rng(seed)
    distance = np.abs(rng.random((users, 1)) - np.linspace(0, 1, 40))
    user_index, movie_index = np.nonzero(rng.random((users, 40)) < np.exp(-8 * distance) + 0.1)
    return Ratings(
        user_index.astype(np.int32),
        movie_index.astype(np.int32),
        np.full(len(user_index), 5, dtype=np.float32),
        np.arange(users) + 1_000 * seed,
        np.arange(40),
    )


def ndcg_with(l2: float, co_likes: CoLikes, likes: LikedSplit) -> float:
    hits = hits_of(rank(indicators(likes.seeds), by_ease(co_likes, l2)), likes.targets)
    return float(ndcg_at(100, hits, np.diff(likes.targets.user_offsets)).mean())


@pytest.mark.parametrize("users", [30, 300, 3_000])
def test_the_penalty_is_one_that_validation_users_are_ranked_best_with(users: int) -> None:
    co_likes = CoLikes(indicators(some_likes(0, users)))
    validation = split_likes(some_likes(1, 200))
    fit = fit_ease(co_likes, validation)
    factors = (2**-0.25, 1, 2**0.25)
    around = [ndcg_with(factor * fit.l2, co_likes, validation) for factor in factors]
    assert fit.ndcg == around[1] == max(around)
    on_the_grid = [ndcg_with(l2, co_likes, validation) for l2 in L2_GRID]
    assert fit.ndcg >= max(on_the_grid)
