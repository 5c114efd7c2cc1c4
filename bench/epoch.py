"""An epoch of both heads: against Keras out of the box, and against the step alone."""

import tensorflow as tf

from bench.alternating import Series, Trial, alternate, seconds
from bench.keras_fit import CAP, fit_rate
from bench.ours import Ours, make_ready, often_rated, split_as_run
from bench.setup import Setup
from bench.tables import Table, in_rates

KERAS_BATCH_SIZE = 32
"""What `fit` takes unless told otherwise."""

KERAS_DIMS = (256, 64)
"""Of our movie embedding, and of our rating head's user and movie vectors."""

OURS = "an epoch of ours, both heads"
STEP = "our compiled step alone, on a ready batch"


def bare_steps(ours: Ours) -> Trial:
    """The trial that times as many steps as an epoch has, on one batch that is always there."""
    (batch,) = ours.fitting.batches[0]
    ready = tf.data.Dataset.from_tensors((batch,)).repeat(len(ours.fitting.batches))

    def steps() -> None:
        ours.fitting.heads.fit(ready, shuffle=False, verbose=0)

    steps()  # compiles
    return seconds(steps)


def measure(setup: Setup) -> Table:
    """Ratings per second of each, taking turns."""
    split = split_as_run(often_rated(setup.full_scale()))
    count = len(split.train)
    ours = make_ready(split)
    timed = {OURS: ours.epoch(), STEP: bare_steps(ours)}
    keras_fit = {
        f"`fit`, batch {KERAS_BATCH_SIZE}, {dim} dimensions": fit_rate(
            split.train, KERAS_BATCH_SIZE, dim
        )
        for dim in KERAS_DIMS
    }
    trials = {name: _rate(trial, count) for name, trial in timed.items()} | keras_fit
    measured = alternate(trials, setup.rounds)
    rate = measured[OURS].median
    return Table(
        title="An epoch at the default filter",
        columns=("", "ratings/s", "range", "ours / this"),
        rows=tuple(
            (name, *in_rates(series), _ratio(rate, series)) for name, series in measured.items()
        ),
        notes=(
            "Target: ours at least 1,000 times `fit`, and at least 0.8 times the step alone.",
            (
                f"On {count:,} training ratings of {split.train.movie_count:,} movies by "
                f"{split.train_user_count:,} users; ours at the default settings: "
                f"{ours.settings.dim} dimensions, {ours.settings.batch_size:,} users a batch."
            ),
            (
                "Each of ours is a call of `fit` on the compiled model, from its start to its end, "
                "with as many steps; the step alone is given the same batch each time."
            ),
            (
                "Keras out of the box is a plain rating model: dot product, biases, Adam. Our "
                f"rating head compares vectors of {KERAS_DIMS[1]} numbers, made from an embedding "
                f"of {KERAS_DIMS[0]}."
            ),
            CAP,
        ),
        figures={name: series.figures for name, series in measured.items()},
    )


def _rate(trial: Trial, count: int) -> Trial:
    return lambda: count / trial()


def _ratio(rate: float, series: Series) -> str:
    ratio = rate / series.median
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.2f}"
