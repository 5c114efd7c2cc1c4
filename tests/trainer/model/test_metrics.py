"""Metrics, against small cases worked out by hand."""

from math import log2, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trainer_service.model.metrics import (
    NO_MOVIE,
    coverage,
    mean,
    ndcg_at,
    popularity_rank,
    recall_at,
    rmse,
    rmse_standard_error,
)


def hits(*rows: str) -> np.ndarray:
    """A hit for every "x"."""
    return np.array([[place == "x" for place in row] for row in rows])


@pytest.mark.parametrize(
    ("k", "row", "target_count", "recall"),
    [
        (4, "-x-x", 2, 1.0),  # both of two found
        (2, "-x-x", 2, 0.5),  # one of two found
        (1, "xxx-", 3, 1.0),  # one place, and it is a hit: no more could be found
        (2, "--x-", 1, 0.0),
        (100, "x-", 2, 0.5),  # a ranking may be shorter than k
    ],
)
def test_recall_divides_the_hits_by_what_could_be_found(
    k: int, row: str, target_count: int, recall: float
) -> None:
    assert recall_at(k, hits(row), np.array([target_count])).tolist() == [recall]


def test_ndcg_discounts_a_hit_by_its_place() -> None:
    # Hits in places 2 and 4; at best they would be in places 1 and 2.
    expected = (1 / log2(3) + 1 / log2(5)) / (1 / log2(2) + 1 / log2(3))
    assert ndcg_at(4, hits("-x-x"), np.array([2])) == pytest.approx(expected)


def test_ndcg_counts_no_more_targets_than_places() -> None:
    assert ndcg_at(2, hits("xxxx"), np.array([4])) == pytest.approx(1)


def test_ndcg_takes_rankings_shorter_than_k() -> None:
    assert ndcg_at(100, hits("x-"), np.array([1])) == pytest.approx(1)


def test_each_user_has_a_figure_of_its_own() -> None:
    both = hits("x-", "-x")
    assert recall_at(1, both, np.array([1, 1])).tolist() == [1, 0]
    assert ndcg_at(2, both, np.array([1, 1])) == pytest.approx([1, 1 / log2(3)])


@given(st.permutations(range(8)), st.sets(st.integers(0, 7), min_size=1), st.integers(1, 10))
def test_ranking_metrics_lie_from_0_to_1_and_are_1_for_the_best_ranking(
    ranking: list[int], targets: set[int], k: int
) -> None:
    best = sorted(ranking, key=lambda movie: movie not in targets)
    both = np.array([[movie in targets for movie in row] for row in (ranking, best)])
    for metric in (recall_at, ndcg_at):
        any_order, best_order = metric(k, both, np.full(2, len(targets)))
        assert 0 <= any_order <= best_order
        assert best_order == pytest.approx(1)


def test_the_error_of_a_mean_is_the_spread_over_the_root_of_the_count() -> None:
    # Squared distances from 2.5: 2.25, 0.25, 0.25, 2.25; their sum over 4 - 1 is 5 / 3.
    assert mean(np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx((2.5, sqrt(5 / 3) / 2))


def test_coverage_is_the_share_of_movies_that_anyone_is_recommended() -> None:
    rankings = np.array([[0, 1], [1, 4], [1, NO_MOVIE]])
    # Three of five movies. Without the first user two, without the second two, without
    # the third three: shares 0.4, 0.4 and 0.6, with squared distances of 0.08 / 3 in all.
    assert coverage(rankings, 5) == pytest.approx((0.6, sqrt(2 / 3 * 0.08 / 3)))


@given(st.lists(st.permutations(range(6)), min_size=2, max_size=6), st.integers(1, 3))
def test_coverages_error_is_that_of_leaving_out_each_user(rows: list[list[int]], k: int) -> None:
    rankings = np.array(rows)[:, :k]
    count = len(rankings)
    without = np.array([coverage(np.delete(rankings, i, axis=0), 6).value for i in range(count)])
    by_hand = sqrt((count - 1) / count * np.square(without - without.mean()).sum())
    assert coverage(rankings, 6).standard_error == pytest.approx(by_hand)


def test_popularity_rank_is_the_mean_over_users_of_their_mean() -> None:
    rankings = np.array([[0, 1], [2, NO_MOVIE]])
    # Means of 15 and 40: their spread is 25 / √2, the error half of 25.
    assert popularity_rank(rankings, np.array([10, 20, 40])) == pytest.approx((27.5, 12.5))


def test_rmse_of_errors_3_and_4_is_the_root_of_12_and_a_half() -> None:
    assert rmse(np.array([3.0, 4.0]), np.array([0.0, 0.0])) == pytest.approx(sqrt(12.5))


def test_the_error_of_rmse_is_that_of_the_mean_square_over_twice_the_root() -> None:
    # Squares of 9 and 16, a user each: their mean is 12.5, and half their distance 3.5.
    error = rmse_standard_error(np.array([3.0, 4.0]), np.array([0.0, 0.0]), np.array([5, 9]))
    assert error == pytest.approx(3.5 / (2 * sqrt(12.5)))


def test_ratings_of_one_user_hang_together_in_the_error_of_rmse() -> None:
    # A user's second rating that says what the first said makes nothing surer.
    once = rmse_standard_error(np.array([3.0, 4.0]), np.zeros(2), np.array([0, 1]))
    doubled = np.array([3.0, 3.0, 4.0, 4.0])
    twice = rmse_standard_error(doubled, np.zeros(4), np.array([0, 0, 1, 1]))
    assert twice == pytest.approx(once)


def test_the_error_of_rmse_is_about_the_spread_of_it_over_samples_of_users() -> None:
    rng = np.random.default_rng(0)
    values, standard_errors = [], []
    for _ in range(400):
        users = np.repeat(np.arange(100), rng.integers(1, 9, 100))
        errors = rng.normal(size=len(users)) * np.exp(rng.normal(0, 0.4, 100))[users]
        values.append(rmse(errors, np.zeros(len(users))))
        standard_errors.append(rmse_standard_error(errors, np.zeros(len(users)), users))
    assert np.mean(standard_errors) == pytest.approx(np.std(values), rel=0.1)


def test_predictions_without_error_have_an_rmse_of_0_that_is_sure() -> None:
    assert rmse(np.ones(2), np.ones(2)) == 0
    assert rmse_standard_error(np.ones(2), np.ones(2), np.arange(2)) == 0


@given(arrays(np.float64, st.integers(1, 4), elements=st.floats(-4, 4)))
def test_one_user_alone_has_no_standard_error(errors: np.ndarray) -> None:
    ranking = np.array([[2, 0]])
    assert mean(errors[:1]).standard_error == 0
    assert coverage(ranking, 3).standard_error == 0
    assert popularity_rank(ranking, np.arange(1, 4)).standard_error == 0
    assert rmse_standard_error(errors, np.zeros(len(errors)), np.full(len(errors), 7)) == 0
