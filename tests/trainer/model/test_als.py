"""The factorisation of likes that the co-liked head learns from."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from trainer_service.model import als
from trainer_service.model.als import CONFIDENCE, L2, RANK, SWEEPS, movies_by_als


def random_likes(users: int, movies: int, *, seed: int = 0) -> csr_array:
    """Likes of two halves of the movies, by two halves of the users."""
    rng = np.random.default_rng(seed)
    user_side, movie_side = np.arange(users) % 2, np.arange(movies) % 2
    chance = np.where(user_side[:, np.newaxis] == movie_side, 0.4, 0.02)
    return csr_array((rng.random((users, movies)) < chance).astype(np.float32))


def by_definition(likes: NDArray[np.float64], *, seed: int) -> NDArray[np.float64]:
    """Each vector solved for by itself, with every movie and every user in the sum."""
    penalty = L2 * np.sqrt(likes.shape[0])
    movies = np.random.default_rng(seed).normal(scale=0.01, size=(likes.shape[1], RANK))

    def solved(likes: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
        rows = []
        for row in likes:
            weight = 1 + CONFIDENCE * row
            left = others.T @ (weight[:, np.newaxis] * others) + penalty * np.eye(RANK)
            rows.append(np.linalg.solve(left, others.T @ (weight * row)))
        return np.stack(rows)

    for _ in range(SWEEPS):
        users = solved(likes, movies)
        movies = solved(likes.T, users)
    return movies


def test_products_of_movie_vectors_are_what_a_new_user_of_the_one_would_score_the_other() -> None:
    likes = random_likes(60, 30)
    movies = by_definition(likes.toarray().astype(np.float64), seed=3)
    left = movies.T @ movies + L2 * np.sqrt(60) * np.eye(RANK)
    scores = movies @ np.linalg.solve(left, movies.T)
    longest = scores.diagonal().max()
    found = movies_by_als(likes, seed=3)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found @ found.T, scores / longest, atol=1e-3)


def test_movies_liked_by_the_same_people_go_together() -> None:
    vectors = movies_by_als(random_likes(400, 40), seed=0)
    products = vectors @ vectors.T
    same = np.arange(40)[:, np.newaxis] % 2 == np.arange(40) % 2
    np.fill_diagonal(same, val=False)
    other = ~same & ~np.eye(40, dtype=bool)
    assert products[same].mean() > 5 * abs(products[other].mean())
    for movie in range(40):
        assert products[movie][same[movie]].mean() > products[movie][other[movie]].mean() + 0.1


def test_the_longest_vector_has_length_1_and_who_likes_nothing_changes_nothing() -> None:
    likes = random_likes(50, 20)
    with_others = csr_array(np.kron(likes.toarray(), np.array([[0], [1]], dtype=np.float32)))
    vectors = movies_by_als(likes, seed=1)
    assert np.linalg.norm(vectors, axis=1).max() == pytest.approx(1, rel=1e-5)
    np.testing.assert_array_equal(movies_by_als(with_others, seed=1), vectors)


def test_movies_that_nobody_likes_have_no_length_and_without_likes_there_are_only_such() -> None:
    likes = random_likes(50, 20).toarray()
    likes[:, 7] = 0
    lengths = np.linalg.norm(movies_by_als(csr_array(likes), seed=1), axis=1)
    assert lengths[7] == pytest.approx(0, abs=1e-6)
    assert (np.delete(lengths, 7) > 0.01).all()
    assert not movies_by_als(csr_array((50, 20), dtype=np.float32), seed=1).any()


def test_no_more_users_than_so_many_are_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    likes = random_likes(60, 20)
    every_third = movies_by_als(likes[::3], seed=1)
    monkeypatch.setattr(als, "MOST_USERS", 20)
    np.testing.assert_array_equal(movies_by_als(likes, seed=1), every_third)


def test_the_blocks_that_rows_are_solved_in_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    likes = random_likes(60, 20)
    at_once = movies_by_als(likes, seed=1)
    monkeypatch.setattr(als, "ROWS_AT_ONCE", 7)
    np.testing.assert_allclose(movies_by_als(likes, seed=1), at_once, atol=1e-5)
