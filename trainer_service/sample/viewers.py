"""Simulated viewers: which films they rate, how, and when.

A viewer leans towards some tastes, series and genres and towards old or new films. The same
leaning decides twice: how likely a film is rated at all (people rate what they chose to watch) and
how many stars it gets. Popularity decides who is seen at all, chance does the rest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from trainer_service.sample.catalogue import Catalogue

Integers: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]

VIEWERS_AT_ONCE = 4_096
"""Bounds the memory: a batch has some 600,000 ratings at scale 1."""

# How far one standard deviation of each trait moves the logarithm of a film's chance to be rated.
TASTE_PULL = 1.2
SERIES_PULL = 1.3
GENRE_PULL = 0.6
ERA_PULL = 0.3
ERA_YEARS = 25  # years that count as one step between old and new films

STARS_PER_PULL = 0.28
STARS_OFFSET = -0.58  # viewers choose what they lean to, so their average film is one they favour
GENEROSITY_STARS = 0.35
NOISE_STARS = 0.75
WHOLE_STARS_SHARE = 0.5  # of the viewers never give half a star

MEDIAN_APPETITE = 125  # films that a viewer comes upon, those met twice counted twice
APPETITE_SPREAD = 1.1
LEAST_APPETITE = 40

FIRST_SESSION = np.datetime64("2016-01-01", "s")  # when every real film was out
LAST_SESSION = np.datetime64("2020-01-01", "s")
SECONDS_PER_RATING = 20


@dataclass(frozen=True, slots=True)
class Ratings:
    """Ratings in order of user and movie, no pair of them twice; all arrays are (ratings,).

    Args:
        user_id: From 1.
        movie_id: As in the catalogue.
        half_stars: 1 to 10, the rating times two.
        moment: Seconds since 1970, UTC.
    """

    user_id: Integers
    movie_id: Integers
    half_stars: Integers
    moment: Integers

    def __len__(self) -> int:
        return len(self.user_id)


class Audience:
    """The films as the viewers see them.

    A real film and the invented ones in its likeness are one *kind*: viewers lean towards them
    equally, and come upon each in proportion to its popularity.

    Args:
        catalogue: All films that can be rated.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        films = catalogue.films
        self._quality = np.array([film.quality for film in films])  # (movies,)
        self._kind = np.array([film.likeness - 1 for film in films])  # (movies,)
        self._traits = _traits(catalogue)  # (kinds, traits)
        # All films on one line, kind after kind, each as long as it is popular.
        self._line = np.argsort(self._kind, kind="stable")  # (movies,)
        popularity = np.array([film.popularity for film in films])
        self._end = np.cumsum(popularity[self._line])  # (movies,), along the line
        self._kind_end = self._end[np.cumsum(np.bincount(self._kind)) - 1]  # (kinds,)
        self._kind_popularity = np.diff(self._kind_end, prepend=0)  # (kinds,)

    def ratings(self, viewer_count: int, rng: np.random.Generator) -> Iterator[Ratings]:
        """Simulates viewers 1 to `viewer_count`, a batch at a time."""
        for first in range(0, viewer_count, VIEWERS_AT_ONCE):
            count = min(VIEWERS_AT_ONCE, viewer_count - first)
            yield self._batch(np.arange(first + 1, first + count + 1), rng)

    def _batch(self, user_id: Integers, rng: np.random.Generator) -> Ratings:
        leaning = rng.normal(size=(len(user_id), self._traits.shape[1])) @ self._traits.T
        viewer, movie = self._chosen(leaning, rng)  # (ratings,) each
        return Ratings(
            user_id=user_id[viewer],
            movie_id=movie + 1,
            half_stars=self._half_stars(leaning, viewer, movie, rng),
            moment=_moments(viewer, rng),
        )

    def _chosen(self, leaning: Floats, rng: np.random.Generator) -> tuple[Integers, Integers]:
        """Who rates what: indexes of viewers and movies, (ratings,) each, no pair twice."""
        viewer_count, kind_count = leaning.shape
        share = self._kind_popularity * np.exp(leaning)  # (viewers, kinds)
        share /= share.sum(axis=1, keepdims=True)
        appetite = rng.lognormal(np.log(MEDIAN_APPETITE), APPETITE_SPREAD, (viewer_count, 1))
        met = rng.poisson(np.maximum(appetite, LEAST_APPETITE) * share).ravel()
        viewer, kind = np.divmod(np.repeat(np.arange(met.size), met), kind_count)
        # A chance place within the kind's part of the line, and the film that lies there.
        place = self._kind_end[kind] - self._kind_popularity[kind] * rng.random(len(kind))
        movie = self._line[np.searchsorted(self._end, place)]
        movie_count = len(self._line)
        return np.divmod(np.unique(viewer * movie_count + movie), movie_count)

    def _half_stars(
        self, leaning: Floats, viewer: Integers, movie: Integers, rng: np.random.Generator
    ) -> Integers:
        generosity = rng.normal(STARS_OFFSET, GENEROSITY_STARS, len(leaning))  # (viewers,)
        step = np.where(rng.random(len(leaning)) < WHOLE_STARS_SHARE, 2, 1)[viewer]
        stars = (
            self._quality[movie]
            + generosity[viewer]
            + STARS_PER_PULL * leaning[viewer, self._kind[movie]]
            + rng.normal(0, NOISE_STARS, len(viewer))
        )
        half_stars: Integers = np.rint(2 * stars / step).astype(np.int64) * step
        return half_stars.clip(step, 10)


def _traits(catalogue: Catalogue) -> Floats:
    """What a leaning towards each real film is made of, (kinds, traits)."""
    real = catalogue.real
    tastes = sorted({film.taste for film in real})
    series = sorted({film.series for film in real} - {""})
    genres = sorted({genre for film in real for genre in film.genres})
    return np.hstack(
        [
            [[TASTE_PULL * (film.taste == taste) for taste in tastes] for film in real],
            [[SERIES_PULL * (film.series == name) for name in series] for film in real],
            [
                [GENRE_PULL * (genre in film.genres) / len(film.genres) ** 0.5 for genre in genres]
                for film in real
            ],
            [[ERA_PULL * (film.year - 1985) / ERA_YEARS] for film in real],
        ]
    )


def _moments(viewer: Integers, rng: np.random.Generator) -> Integers:
    """When each rating was given, (ratings,): within one session a viewer."""
    first, last = FIRST_SESSION.astype(np.int64), LAST_SESSION.astype(np.int64)
    rating_count = np.bincount(viewer)  # (viewers,)
    start = rng.integers(first, last, len(rating_count))
    return start[viewer] + rng.integers(SECONDS_PER_RATING * rating_count[viewer])
