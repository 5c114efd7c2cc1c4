"""Evaluation: what rankings are worth, worked out by hand."""

from math import log2

import numpy as np
import pytest
from pydantic import ValidationError

from trainer_service.data import Ratings
from trainer_service.model.evaluation import TrainingMetrics, hits_of, measure_rankings
from trainer_service.model.metrics import NO_MOVIE


def liked(*movies: list[int], movie_count: int) -> Ratings:
    """Users who like these movies."""
    return Ratings(
        np.repeat(np.arange(len(movies)), [len(row) for row in movies]).astype(np.int32),
        np.concatenate(movies).astype(np.int32),
        np.full(sum(map(len, movies)), 4, dtype=np.float32),
        np.arange(len(movies)),
        np.arange(movie_count),
    )


def test_a_place_is_a_hit_if_it_holds_a_target_of_its_own_user() -> None:
    # With the third user's missing movie, index -1, goes nothing of the second user's last.
    rankings = np.array([[2, 0], [1, 2], [1, NO_MOVIE]])
    targets = liked([0], [2], [0], movie_count=3)
    assert hits_of(rankings, targets).tolist() == [[False, True], [False, True], [False, False]]


def test_rankings_are_worth_what_they_are_by_hand() -> None:
    rankings = np.array([[1, 3, 0], [0, 2, 3]])
    targets = liked([3], [0, 2], movie_count=5)
    metrics = measure_rankings(rankings, targets, np.array([1, 2, 3, 4, 5]))
    # NDCG is 1 / log2(3) and 1; of two values the error is half their distance.
    first = 1 / log2(3)
    assert metrics.user_count == 2
    assert (metrics.recall_at_20, metrics.recall_at_50) == (1, 1)
    assert metrics.recall_at_20_standard_error == 0
    assert metrics.ndcg_at_100 == pytest.approx((first + 1) / 2)
    assert metrics.ndcg_at_100_standard_error == pytest.approx((1 - first) / 2)
    # Four of five movies; each user alone brings one.
    assert (metrics.coverage, metrics.coverage_standard_error) == (0.8, 0)
    # Mean ranks of 7 / 3 and 8 / 3.
    assert metrics.popularity_rank == pytest.approx(2.5)
    assert metrics.popularity_rank_standard_error == pytest.approx(1 / 6)


def test_only_the_first_20_count_as_recommended_and_the_first_100_as_ranked() -> None:
    metrics = measure_rankings(
        np.arange(100)[np.newaxis], liked([20, 99], movie_count=101), np.arange(1, 102)
    )
    assert metrics.coverage == pytest.approx(20 / 101)
    assert metrics.popularity_rank == 10.5
    assert (metrics.recall_at_20, metrics.recall_at_50) == (0, 0.5)
    assert metrics.ndcg_at_100 == pytest.approx((1 / log2(22) + 1 / log2(101)) / (1 + 1 / log2(3)))


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_no_number_is_no_figure(bad: float) -> None:
    # JSON, in which metrics are kept and travel, knows no such numbers.
    with pytest.raises(ValidationError, match="finite number"):
        TrainingMetrics(best_epoch=1, loss=1.0, rmse=bad)
