"""The curve of a fitting says when which error was reached."""

from itertools import count

import keras
import numpy as np
import pytest

from bench.curve import Curve


@pytest.fixture
def model() -> keras.Model:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    return model


def fit(model: keras.Model, curve: Curve) -> None:
    model.fit(np.ones((8, 1)), np.ones(8), batch_size=1, callbacks=[curve.following(model)])


def test_a_curve_has_the_root_of_the_error_each_time_that_a_fifth_more_seconds_have_gone_by(
    model: keras.Model,
) -> None:
    falling, ticks = count(100, -1), count()
    curve = Curve(
        lambda: float(next(falling)) ** 2,
        every_s=0,
        clock=lambda: next(ticks),  # so that each step takes a second
    )
    fit(model, curve)
    assert curve.step_count == 8
    assert curve.points == [
        *((1, 100), (2, 99), (3, 98), (4, 97), (5, 96), (6, 95)),
        (8, 94),  # after the eighth step; at 7, not yet 1.2 times 6
    ]
    assert curve.start_s == 1
    assert curve.seconds_to(98.5) == 3
    assert curve.seconds_to(94) == 8
    assert curve.final == (8, 94)
    assert curve.seconds_to(93.9) is None


def test_the_best_is_the_lowest_and_of_equals_the_first() -> None:
    curve = Curve(lambda: 0.0, every_s=0)
    curve.points = [(1, 0.9), (2, 0.8), (3, 0.8), (4, 0.85)]
    assert curve.best == (2, 0.8)
    assert curve.final == (4, 0.85)


def test_what_is_capped_is_stopped_and_measured_once_more(model: keras.Model) -> None:
    curve = Curve(lambda: 4.0, every_s=1_000, cap_s=0)
    fit(model, curve)
    assert curve.step_count == 2
    assert [rmse for _, rmse in curve.points] == [2]


def test_measuring_does_not_count_as_fitting(model: keras.Model) -> None:
    now = 0.0

    def measure() -> float:
        nonlocal now
        now += 1_000
        return 1.0

    curve = Curve(measure, every_s=0, clock=lambda: now)
    fit(model, curve)
    assert now == 8_000
    assert {moment for moment, _ in curve.points} == {0}
