"""Metrics, against small cases worked out by hand."""

from math import log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_service.model.metrics import ndcg_at, recall_at, rmse

RANKING = np.array([7, 3, 5, 1])


@pytest.mark.parametrize(
    ("k", "targets", "recall"),
    [
        (4, [3, 1], 1.0),  # both of two found
        (2, [3, 1], 0.5),  # one of two found
        (1, [3, 7, 5], 1.0),  # one place, and it is a hit: no more could be found
        (2, [9], 0.0),
    ],
)
def test_recall_divides_the_hits_by_what_could_be_found(
    k: int, targets: list[int], recall: float
) -> None:
    assert recall_at(k, RANKING, np.array(targets)) == recall


def test_ndcg_discounts_a_hit_by_its_place() -> None:
    # Hits in places 2 and 4; at best they would be in places 1 and 2.
    expected = (1 / log2(3) + 1 / log2(5)) / (1 / log2(2) + 1 / log2(3))
    assert ndcg_at(4, RANKING, np.array([3, 1])) == pytest.approx(expected)


def test_ndcg_counts_no_more_targets_than_places() -> None:
    assert ndcg_at(2, RANKING, np.array([7, 3, 5, 1])) == pytest.approx(1)


def test_a_ranking_may_be_shorter_than_k() -> None:
    assert ndcg_at(100, RANKING, np.array([7])) == pytest.approx(1)
    assert recall_at(100, RANKING, np.array([7, 8])) == 0.5


def test_rmse_of_errors_3_and_4_is_the_root_of_12_and_a_half() -> None:
    assert rmse(np.array([3.0, 4.0]), np.array([0.0, 0.0])) == pytest.approx(12.5**0.5)


@given(st.permutations(range(8)), st.sets(st.integers(0, 7), min_size=1), st.integers(1, 10))
def test_metrics_lie_from_0_to_1_and_are_1_for_the_best_ranking(
    ranking: list[int], targets: set[int], k: int
) -> None:
    wanted = np.array(sorted(targets))
    best = np.array(sorted(ranking, key=lambda movie: movie not in targets))
    for metric in (recall_at, ndcg_at):
        assert 0 <= metric(k, np.array(ranking), wanted) <= 1
        assert metric(k, best, wanted) == pytest.approx(1)
