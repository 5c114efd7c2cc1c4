"""Time to the same validation RMSE, against Keras `fit` with a kinder batch than its default."""

import time
from typing import Any

import keras
import numpy as np

from bench.curve import GROWTH, Curve
from bench.keras_fit import rating_model
from bench.ours import Ours, make_ready, often_rated, split_as_run
from bench.setup import Setup
from bench.tables import Table
from trainer_service.data import Ratings
from trainer_service.model.fitting import predict
from trainer_service.model.split import Split

KERAS_BATCH_SIZE = 256
KERAS_DIM = 64
"""Of our rating head's user and movie vectors; our embedding's 256 would be slower still."""

CAP_S = 1200.0
"""Seconds after which the slow side is stopped."""

EVERY_S = 0.5
"""Seconds of fitting from one measurement of the RMSE to the next, at least."""


def measure(setup: Setup) -> Table:
    """How long each takes to the best that the slow side came to, and to our best."""
    split = split_as_run(often_rated(setup.full_scale()))
    ours, theirs = our_curve(split), keras_curve(split.train, split.held_out)
    return compared(ours, theirs, len(split.train), len(split.held_out))


def compared(ours: Curve, theirs: Curve, train_count: int, held_out_count: int) -> Table:
    """The table that two curves make.

    Args:
        ours: Both heads, as a run fits them.
        theirs: Keras `fit`.
        train_count: Ratings that both were fitted to.
        held_out_count: Ratings that the RMSE is of.
    """
    seen_count = theirs.step_count * KERAS_BATCH_SIZE
    epoch_s = train_count / seen_count * theirs.final[0]
    levels = {
        "the best of `fit`": theirs.best[1],
        "1 % above our final one": 1.01 * ours.final[1],
        "our final one": ours.final[1],
    }
    capped = (
        f"Capped: `fit` is stopped after {theirs.final[0]:,.0f} s, which is "
        f"{seen_count / train_count:.1f} epochs; one takes {epoch_s / 60:,.0f} min. It was best "
        f"after {theirs.best[0]:,.0f} s, and stood at {theirs.final[1]:.4f} when it was stopped."
    )
    return Table(
        title="Time to the same validation RMSE",
        columns=(
            *("", "RMSE", "ours", f"`fit`, batch {KERAS_BATCH_SIZE}"),
            *("ratio", "ratio with the start"),
        ),
        rows=tuple((name, *_compared(rmse, ours, theirs)) for name, rmse in levels.items()),
        notes=(
            "Target: at least 100 times.",
            capped,
            (
                f"One run each. Seconds count from the end of the first step; the start, up to "
                f"there, is mostly the factorisation and compiling of ours, {ours.start_s:.1f} s, "
                f"and compiling of theirs, {theirs.start_s:.1f} s."
            ),
            (
                f"The RMSE is that of {held_out_count:,} held-out ratings, measured each time "
                f"that {GROWTH:.0%} more seconds have gone by, which does not count."
            ),
            (
                "Ours is fitted twice, the same both times: once for the seconds of each step, and "
                "once for the RMSE after it, so that no batch is made ready while the RMSE is "
                "measured."
            ),
            (
                f"Ours: both heads, all epochs of the default settings. Theirs: the plain rating "
                f"model alone, of {KERAS_DIM} dimensions."
            ),
        ),
        figures={
            f"{name}, {what}": figures
            for name, curve in (("ours", ours), ("fit", theirs))
            for what, figures in (
                ("seconds to start", (curve.start_s,)),
                *zip(("seconds", "RMSE"), zip(*curve.points, strict=True), strict=True),
            )
        },
    )


def our_curve(split: Split) -> Curve:
    """Both heads, all epochs of a run, at the default settings."""
    moments = [0.0]

    def after_step(_: int, **__: object) -> None:
        moments.append(time.perf_counter() - start)

    start = time.perf_counter()
    paced = make_ready(split)
    _fit_as_run(paced, keras.callbacks.LambdaCallback(on_train_batch_end=after_step))
    ours = make_ready(split)
    heads = ours.fitting.heads

    def squared_error() -> float:
        predicted = predict(  # (N,)
            heads.rating_model, split.train, split.held_out, batch_size=ours.settings.batch_size
        )
        return float(np.square(predicted - split.held_out.rating).mean())

    curve = Curve(squared_error, every_s=EVERY_S, clock=lambda: moments[curve.step_count])
    _fit_as_run(ours, curve.following(heads))
    return curve


def _fit_as_run(ours: Ours, callback: Any) -> None:
    """Fits all epochs of a run."""
    ours.fitting.heads.fit(
        ours.fitting.batches,
        epochs=ours.settings.epochs,
        shuffle=False,
        verbose=0,
        callbacks=[callback],
    )


def keras_curve(train: Ratings, held_out: Ratings) -> Curve:
    """A plain rating model, until the time is up."""
    model = rating_model(train.user_count, train.movie_count, KERAS_DIM)
    mean = train.rating.mean(dtype=np.float64)

    def squared_error() -> float:
        inputs = [held_out.user_index, held_out.movie_index]
        predicted = model.predict(inputs, batch_size=2**16, verbose=0)[:, 0]  # (N,)
        return float(np.square(predicted + mean - held_out.rating).mean())

    curve = Curve(squared_error, every_s=EVERY_S, cap_s=CAP_S)
    model.fit(
        [train.user_index, train.movie_index],
        train.rating - mean,
        batch_size=KERAS_BATCH_SIZE,
        epochs=1_000,  # more than it has time for
        verbose=0,
        callbacks=[curve.following(model)],
    )
    return curve


def _compared(rmse: float, ours: Curve, theirs: Curve) -> tuple[str, ...]:
    fast, slow = ours.seconds_to(rmse), theirs.seconds_to(rmse)
    if fast is None:
        return f"{rmse:.4f}", "never", "" if slow is None else f"{slow:.1f} s", "", ""
    over = "over " if slow is None else ""
    slowest = theirs.final[0] if slow is None else slow
    return (
        f"{rmse:.4f}",
        f"{fast:.1f} s",
        f"{over}{slowest:.1f} s",
        f"{over}{slowest / fast:.0f}",
        f"{over}{(slowest + theirs.start_s) / (fast + ours.start_s):.0f}",
    )
