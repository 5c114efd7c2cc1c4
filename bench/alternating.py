"""Fair comparisons on a machine that is never quite at rest.

What is compared takes turns in one run, in the opposite order every other
round, so that whatever else the machine does falls on all alike. Ratios are to
be quoted, of medians; seconds alone say as much about the neighbours.
"""

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias

Trial: TypeAlias = Callable[[], float]
"""Measures once, and returns the figure: seconds, or ratings per second."""


@dataclass(frozen=True, slots=True)
class Series:
    """One figure, measured several times.

    Args:
        figures: In the order of the rounds, at least one.
    """

    figures: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.figures:
            raise ValueError("a series needs at least one figure: measure at least one round")

    @property
    def median(self) -> float:
        """What is quoted."""
        return median(self.figures)

    @property
    def spread(self) -> tuple[float, float]:
        """The least and the greatest."""
        return min(self.figures), max(self.figures)


def alternate(trials: Mapping[str, Trial], rounds: int) -> dict[str, Series]:
    """Lets trials take turns.

    Args:
        trials: What to measure, by name.
        rounds: How often each is measured.

    Returns:
        What each trial measured, by its name.
    """
    figures: dict[str, list[float]] = {name: [] for name in trials}
    for number in range(rounds):
        for name in list(trials)[:: -1 if number % 2 else 1]:
            gc.collect()  # of what the trial before left behind
            figures[name].append(trials[name]())
    return {name: Series(tuple(measured)) for name, measured in figures.items()}


def seconds(work: Callable[[], object]) -> Trial:
    """The trial that times some work; freeing its result does not count."""

    def trial() -> float:
        start = time.perf_counter()
        result = work()
        elapsed = time.perf_counter() - start
        del result
        return elapsed

    return trial
