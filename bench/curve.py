"""How the error on held-out ratings falls with the seconds of a fitting."""

import math
import time
from collections.abc import Callable
from typing import Any

import keras

GROWTH = 0.2
"""Share of the seconds so far that goes by before the next measurement: measuring takes long."""


class Curve:
    """Validation RMSE by seconds of fitting after the first step; the measuring does not count.

    Args:
        squared_error: Measures the mean squared error on what is held out.
        every_s: Seconds of fitting from one measurement to the next, at least.
        cap_s: Seconds of fitting after which it is stopped.
        clock: Seconds from any start.
    """

    def __init__(
        self,
        squared_error: Callable[[], float],
        *,
        every_s: float,
        cap_s: float = math.inf,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._squared_error = squared_error
        self._every_s = every_s
        self._cap_s = cap_s
        self._clock = clock
        self._began = self._next = 0.0
        self.step_count = 0
        self.start_s = 0.0
        """Seconds up to the end of the first step: mostly compiling and shuffling."""
        self.points: list[tuple[float, float]] = []
        """Seconds, and the RMSE by then."""

    @property
    def final(self) -> tuple[float, float]:
        """Seconds, and the RMSE at the end."""
        return self.points[-1]

    @property
    def best(self) -> tuple[float, float]:
        """Seconds until the RMSE was at its lowest, and that."""
        return min(self.points, key=lambda point: point[1])

    def seconds_to(self, rmse: float) -> float | None:
        """After how many seconds the RMSE was at most this, if ever it was."""
        return next((moment for moment, reached in self.points if reached <= rmse), None)

    def following(self, model: Any) -> Any:
        """The callback for the `fit` of a model."""

        def begin(_: object) -> None:
            self._began = self._clock()

        def after_step(_: int, **__: object) -> None:
            self.step_count += 1
            if self.step_count == 1:
                self.start_s = self._clock() - self._began
                self._began += self.start_s
                self._next = self._every_s
                return
            now = self._clock() - self._began
            model.stop_training = now >= self._cap_s
            if now >= self._next and not model.stop_training:
                self._measure(now)

        def end(_: object) -> None:
            self._measure(self._clock() - self._began)

        return keras.callbacks.LambdaCallback(
            on_train_begin=begin, on_train_batch_end=after_step, on_train_end=end
        )

    def _measure(self, now: float) -> None:
        self.points.append((now, math.sqrt(self._squared_error())))
        self._began = self._clock() - now
        self._next = now + max(self._every_s, now * GROWTH)
