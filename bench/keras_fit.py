"""Keras out of the box: what a plain rating model and `fit` make of the same ratings."""

import time
from typing import Any

import keras
import numpy as np

from bench.alternating import Trial, alternate
from bench.ours import often_rated
from bench.setup import DEFAULTS, Setup
from bench.tables import Table, in_rates
from trainer_service.data import Ratings

BATCH_SIZES = (32, 256)
"""What `fit` takes unless told otherwise, and a kinder choice."""

WARM_UP_STEPS = 10
TIMED_STEPS = 100
CAP = (
    f"Capped: {TIMED_STEPS} steps are timed, after {WARM_UP_STEPS} to warm up. Shuffling and "
    f"compiling come before, and do not count."
)


def rating_model(user_count: int, movie_count: int, dim: int) -> Any:
    """Dot product of two embeddings and a bias each, Adam, squared error; (user, movie) in."""
    user = keras.Input((), dtype="int32")  # (B,)
    movie = keras.Input((), dtype="int32")
    embedding = keras.layers.Embedding
    stars = keras.layers.Add()(
        [
            keras.layers.Dot(axes=1)(
                [embedding(user_count, dim)(user), embedding(movie_count, dim)(movie)]
            ),
            embedding(user_count, 1)(user),
            embedding(movie_count, 1)(movie),
        ]
    )  # (B, 1)
    model = keras.Model([user, movie], stars)
    model.compile(optimizer="adam", loss="mse")
    return model


def fit_rate(ratings: Ratings, batch_size: int, dim: int) -> Trial:
    """The trial that measures ratings per second of `fit`, once it is under way."""

    def trial() -> float:
        model = rating_model(ratings.user_count, ratings.movie_count, dim)
        moments: list[float] = []

        def after_step(step: int, **_: object) -> None:
            moments.append(time.perf_counter())
            model.stop_training = step + 1 == WARM_UP_STEPS + TIMED_STEPS

        model.fit(
            [ratings.user_index, ratings.movie_index],
            ratings.rating - ratings.rating.mean(dtype=np.float64),
            batch_size=batch_size,
            callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=after_step)],
            verbose=0,
        )
        elapsed = moments[-1] - moments[WARM_UP_STEPS - 1]
        return batch_size * TIMED_STEPS / elapsed

    return trial


def measure(setup: Setup) -> Table:
    """Ratings per second at each batch size."""
    ratings = often_rated(setup.full_scale())
    trials = {f"`fit`, batch {size}": fit_rate(ratings, size, DEFAULTS.dim) for size in BATCH_SIZES}
    measured = alternate(trials, setup.rounds)
    data = (
        f"On {len(ratings):,} ratings of {ratings.movie_count:,} movies by "
        f"{ratings.user_count:,} users; {DEFAULTS.dim} dimensions."
    )
    return Table(
        title="Keras `fit` out of the box",
        columns=("", "ratings/s", "range", "one pass over the ratings would take"),
        rows=tuple(
            (
                name,
                *in_rates(rates),
                f"{len(ratings) / rates.median / 60:,.0f} min",
            )
            for name, rates in measured.items()
        ),
        notes=(data, CAP),
        figures={name: rates.figures for name, rates in measured.items()},
    )
