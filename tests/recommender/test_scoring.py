"""How seeds are combined: the direction that is asked for, the best match, contributions."""

import math
from contextlib import suppress
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from movierec.chassis.errors import InvalidRequestError
from recommender_service.query.index import LEFT_OUT, MovieIndex
from recommender_service.query.query import Combination
from recommender_service.query.resolving import ResolvedSeed
from recommender_service.query.scoring import WeightedMean, scoring_of
from support.vectors import on_circle, unit_rows


def degrees_of(vector: NDArray[np.float32]) -> float:
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)
    return math.degrees(math.atan2(vector[1], vector[0]))


def asked_for(index: MovieIndex, weights: list[float]) -> NDArray[np.float32]:
    """The direction that the first rows ask for with these weights."""
    seeds = [ResolvedSeed(row, row, weight) for row, weight in enumerate(weights)]
    scoring = scoring_of(index, seeds, Combination.WEIGHTED_MEAN)
    assert isinstance(scoring, WeightedMean)
    return scoring.query


@pytest.mark.parametrize(
    ("weights", "degrees"),
    [
        ([1, 1], 45),
        ([1, 0], 0),
        ([1, -1], -45),
        ([-1, 0], 180),
        ([1, math.sqrt(3)], 60),
        ([1e308, 1e308], 45),
        ([1e-300, 1e-300], 45),
        ([5e-324, -5e-324], -45),
        ([1e308, 1e-308], 0),
        ([-1e308, 1e308], 135),
    ],
)
def test_the_query_points_where_the_weighted_sum_does(weights: list[float], degrees: float) -> None:
    vector = asked_for(on_circle([0, 90]), weights)
    assert abs(degrees_of(vector)) == pytest.approx(abs(degrees), abs=1e-4)
    if abs(degrees) != 180:
        assert degrees_of(vector) == pytest.approx(degrees, abs=1e-4)


@pytest.mark.parametrize(
    ("degrees", "weights"),
    [
        ((0, 180), [1, 1]),
        ((0, 180), [1e308, 1e308]),
        ((0, 180), [1e-300, 1e-300]),
        ((37, 37), [1, -1]),
        ((0, 120, 240), [1, 1, 1]),
        ((11, 131, 251), [3, 3, 3]),
        ((0, 90), [0, 0]),
        ((0, 90), [0.0, -0.0]),
    ],
)
def test_weights_that_cancel_out_give_no_query(
    degrees: tuple[float, ...], weights: list[float]
) -> None:
    with pytest.raises(InvalidRequestError, match="cancel out"):
        asked_for(on_circle(degrees), weights)


@given(
    weights=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8),
    seed=st.integers(0, 1_000),
)
def test_whatever_the_weights_the_query_is_a_unit_vector_or_none(
    weights: list[float], seed: int
) -> None:
    rows = unit_rows(len(weights), 6, seed)
    vector = None
    with suppress(InvalidRequestError):
        vector = asked_for(MovieIndex(rows, range(len(rows))), weights)
    # The same in numbers that neither overflow nor round.
    total = [
        sum(
            Fraction(weight) * Fraction(float(row[i]))
            for weight, row in zip(weights, rows, strict=True)
        )
        for i in range(6)
    ]
    largest = max(map(abs, map(Fraction, weights)))
    length = math.sqrt(sum((part / largest) ** 2 for part in total)) if largest else 0.0
    if vector is None:
        assert length < 1e-5
    else:
        expected = [float(part / largest) / length for part in total]
        assert vector.tolist() == pytest.approx(expected, abs=1e-6)


def best_match(degrees: tuple[float, ...], weights: list[float]) -> list[float | None]:
    """The angle to the best match of each movie on the circle; None if it is left out."""
    seeds = [ResolvedSeed(row, row, weight) for row, weight in enumerate(weights)]
    scoring = scoring_of(on_circle(degrees), seeds, Combination.BEST_MATCH)
    scores = scoring.scores(lambda: None)
    return [
        None if score == LEFT_OUT else round(math.degrees(math.acos(score)), 2)
        for score in scores.tolist()
    ]


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        # The seeds come first: at 0 and 100 degrees; the others lie at 10, 60 and 45.
        ([1, 1], [0, 0, 10, 40, 45]),
        ([3, 3], [0, 0, 10, 40, 45]),
        ([1, 0], [0, 100, 10, 60, 45]),  # a seed that counts for nothing is no match
        # Half as much: cos 40 / 2 is less than cos 60.
        ([1, 0.5], [0, 60, 10, 60, 45]),
        # Unlike the one at 100: 60 is nearer to it than to 0, and itself most of all.
        ([1, -1], [0, None, 10, None, 45]),
        ([1, -0.1], [0, None, 10, 60, 45]),
    ],
)
def test_the_best_match_is_the_cosine_with_the_nearest_seed_times_its_share_of_the_weight(
    weights: list[float], expected: list[float | None]
) -> None:
    assert best_match((0, 100, 10, 60, 45), weights) == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("weights", [[-1, -2], [0, 0], [0, -1]])
def test_without_a_positive_weight_there_is_no_best_match(weights: list[float]) -> None:
    with pytest.raises(InvalidRequestError, match="none has a positive weight"):
        best_match((0, 100, 10), weights)


@given(
    weights=st.lists(st.sampled_from([1.0, 2.0, 0.25, 0.0, -1.0, -1e300]), min_size=1, max_size=6),
    combination=st.sampled_from(Combination),
    seed=st.integers(0, 10_000),
)
def test_contributions_add_up_to_the_score(
    weights: list[float], combination: Combination, seed: int
) -> None:
    index = MovieIndex(unit_rows(20, 8, seed), range(20))
    seeds = [ResolvedSeed(row, row, weight) for row, weight in enumerate(weights)]
    with suppress(InvalidRequestError):
        scoring = scoring_of(index, seeds, combination)
        scores = scoring.scores(lambda: None)
        rows = np.flatnonzero(scores != LEFT_OUT)
        contributions = scoring.contributions(rows)
        assert contributions.shape == (len(rows), len(weights))
        assert contributions.sum(axis=1) == pytest.approx(scores[rows], abs=1e-5)
        assert not contributions[:, [weight == 0 for weight in weights]].any()


def test_contributions_add_up_also_when_the_weights_nearly_cancel() -> None:
    index = on_circle([0, 0.001, 90, 45])
    seeds = [ResolvedSeed(0, 0, 1), ResolvedSeed(1, 1, -1)]
    scoring = scoring_of(index, seeds, Combination.WEIGHTED_MEAN)
    contributions = scoring.contributions(np.array([2, 3]))
    assert np.abs(contributions).max() > 1_000
    assert contributions.sum(axis=1) == pytest.approx(
        scoring.scores(lambda: None)[2:].tolist(), abs=1e-5
    )


def test_long_work_can_be_ended_between_its_parts() -> None:
    index = MovieIndex(unit_rows(10_000, 4, 1), range(10_000))
    seeds = [ResolvedSeed(0, 0, 1), ResolvedSeed(1, 1, 1)]
    pauses = 0

    def pause() -> None:
        nonlocal pauses
        pauses += 1
        if pauses == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scoring_of(index, seeds, Combination.BEST_MATCH).scores(pause)
    assert pauses == 2
