"""Counts and means of many ratings: few passes, and little memory beside the ratings."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy.special import stdtrit

from trainer_service.data import Ratings

RATINGS_AT_ONCE = 2**21

CONFIDENCE = 0.95


class Mean(BaseModel):
    """A mean of ratings, over movies that are taken for a draw of more such movies.

    Args:
        value: In stars; None where there is no rating.
        standard_error: In stars; None where fewer than two movies make it up.
        confidence: How far the 95 % confidence interval reaches to either side, in stars, by
            Student's t with one degree of freedom less than there are movies; None as before.
    """

    model_config = ConfigDict(frozen=True)

    value: float | None
    standard_error: float | None
    confidence: float | None


class MovieTallies:
    """How many ratings each movie has, and of how many stars together.

    Args:
        ratings: The ratings.
    """

    def __init__(self, ratings: Ratings) -> None:
        movie_count = ratings.movie_count
        self.counts: NDArray[np.int64] = np.zeros(movie_count, dtype=np.int64)  # (M,)
        self.sums: NDArray[np.float64] = np.zeros(movie_count)  # (M,)
        for part in _parts(len(ratings)):
            movies = ratings.movie_index[part]
            self.counts += np.bincount(movies, minlength=movie_count)
            self.sums += np.bincount(movies, ratings.rating[part], minlength=movie_count)

    @property
    def mean(self) -> float:
        """Of all ratings, in stars."""
        return float(self.sums.sum() / self.counts.sum())

    def mean_of(self, movies: NDArray[np.bool_] | NDArray[np.int64]) -> Mean:
        """The mean of all ratings of some movies.

        Its standard error lets whole movies vary, not single ratings: those of one movie
        are alike, and thousands of them say little of the next movie. It is the robust
        error of a ratio of sums over clusters (Cochran, Sampling Techniques, 1977, 6.4).

        Args:
            movies: Their places, or a mask (M,).
        """
        counts, sums = self.counts[movies], self.sums[movies]
        rating_count = counts.sum()
        if not rating_count:
            return Mean(value=None, standard_error=None, confidence=None)
        mean = float(sums.sum() / rating_count)
        if counts.size < 2:
            return Mean(value=mean, standard_error=None, confidence=None)
        spread = ((sums - mean * counts) ** 2).sum() * counts.size / (counts.size - 1)
        error = float(np.sqrt(spread) / rating_count)
        reach = float(stdtrit(counts.size - 1, 0.5 + CONFIDENCE / 2))
        return Mean(value=mean, standard_error=error, confidence=reach * error)

    def damped_means(self, damping: float) -> NDArray[np.float64]:
        """Each movie's mean as if it had so many more ratings of the overall mean, (M,)."""
        damped: NDArray[np.float64] = (self.sums + damping * self.mean) / (self.counts + damping)
        return damped


def star_counts(ratings: Ratings) -> NDArray[np.int64]:
    """How many ratings have 0.5, 1, ... 5 stars, each counted at the nearest, (10,)."""
    counts = np.zeros(11, dtype=np.int64)
    for part in _parts(len(ratings)):
        halves = np.rint(ratings.rating[part] * 2).astype(np.int8)
        counts += np.bincount(halves, minlength=11)
    return counts[1:]


def _parts(size: int) -> Iterator[slice]:
    """Slices that cover so many ratings."""
    for start in range(0, size, RATINGS_AT_ONCE):
        yield slice(start, start + RATINGS_AT_ONCE)
