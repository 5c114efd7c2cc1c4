"""The numbers of a data set: what its pictures are drawn from, and what `dataset.json` holds."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from trainer_service.data import DataReport, Dataset, Movie
from trainer_service.data.times import FIRST_YEAR, RatingTimes
from trainer_service.insights.tallies import Mean, MovieTallies, star_counts

TOP = 20
"""How many movies are named."""

DAMPING = 50
"""Ratings of the overall mean that a damped mean has besides its own."""

MOST_GENRES = 24
"""So many of the most common genres are looked at; MovieLens has 20."""

FIRST_FILM, LAST_FILM = 1870, 2100
"""Release years that can be; a title that says another one says none."""

RARE_SHARE = 0.005
"""So many of the earliest and of the latest ratings may have times that are far from the others."""

CURVE_POINTS = 400
USER_BINS = 30


class Numbers(BaseModel):
    """A part of the numbers."""

    model_config = ConfigDict(frozen=True)


class RatedMovie(Numbers):
    """A movie with its ratings; the means are in stars."""

    movie_id: int
    title: str
    genres: tuple[str, ...]
    rating_count: int
    mean: float
    damped_mean: float


class RatingsPerMovie(Numbers):
    """Movies by how many ratings they have, the most rated first."""

    ranks: tuple[int, ...]
    """Places on the curve, from 1, few enough to be drawn."""
    rating_counts: tuple[int, ...]
    """Ratings of the movie at each of these places."""
    median: float
    min_ratings: int
    """The threshold: only movies with more ratings are trained on."""
    movies_above: int
    movie_share_above: float
    """Of all movies that are rated."""
    ratings_above: int
    rating_share_above: float


class RatingsPerUser(Numbers):
    """Users by how many ratings they gave."""

    edges: tuple[int, ...]
    """Bounds of the bins, one more than there are bins: from one to below the next."""
    user_counts: tuple[int, ...]
    median: float
    mean: float
    most: int


class Year(Numbers):
    """The movies of a release year."""

    year: int
    movie_count: int
    rating_count: int
    rating: Mean


class Genre(Numbers):
    """The movies that have a genre, perhaps among others."""

    genre: str
    movie_count: int
    rating_count: int
    rating: Mean


class CoOccurrence(Numbers):
    """How many movies have both of two genres; on the diagonal, one genre."""

    genres: tuple[str, ...]
    movie_counts: tuple[tuple[int, ...], ...]


class OverTime(Numbers):
    """Ratings by month, over all rows of the file with a legal rating and time."""

    months: tuple[str, ...]
    """Each as "2005-04", without gaps."""
    rating_counts: tuple[int, ...]
    means: tuple[float | None, ...]
    """In stars; None where there is no rating."""
    untimed_count: int
    """Rows with a legal rating and no legal time."""
    shown: tuple[int, int]
    """Which months are looked at, as places: from one to before another. They hold nearly all."""
    outside_count: int
    """Ratings of the other months, whose times are far from all others and most likely wrong."""


class DatasetNumbers(Numbers):
    """What a data set looks like."""

    dataset: str
    data: DataReport
    mean: float
    """Of all ratings, in stars."""
    stars: tuple[float, ...]
    star_counts: tuple[int, ...]
    """Ratings of 0.5, 1, ... 5 stars; one between them counts at the nearest."""
    ratings_per_movie: RatingsPerMovie
    ratings_per_user: RatingsPerUser
    years: tuple[Year, ...]
    movies_without_year: int
    genres: tuple[Genre, ...]
    """The most common first."""
    genre_count: int
    """Of all genres, of which `genres` may not be all."""
    movies_without_genre: int
    co_occurrence: CoOccurrence
    over_time: OverTime | None
    """None where the data set has no timestamps."""
    most_rated: tuple[RatedMovie, ...]
    best_rated: tuple[RatedMovie, ...]
    """By damped mean."""
    damping: int


def numbers_of_dataset(
    name: str, dataset: Dataset, times: RatingTimes | None, min_ratings: int
) -> DatasetNumbers:
    """The numbers of a data set.

    Args:
        name: What it is called.
        dataset: All of it, without any threshold.
        times: When its ratings were given, if that is known.
        min_ratings: The threshold that is to be looked at.
    """
    tallies = MovieTallies(dataset.ratings)
    genres = _genre_members(dataset.movies.genres)
    years = [
        year if year and FIRST_FILM <= year <= LAST_FILM else None for year in dataset.movies.years
    ]
    damped = tallies.damped_means(DAMPING)

    def top(by: NDArray[np.int64] | NDArray[np.float64]) -> tuple[RatedMovie, ...]:
        places = np.argsort(-by, kind="stable")[:TOP]
        return tuple(_rated(dataset.movies[at], tallies, damped, int(at)) for at in places)

    return DatasetNumbers(
        dataset=name,
        data=dataset.report,
        mean=tallies.mean,
        stars=tuple(half / 2 for half in range(1, 11)),
        star_counts=tuple(star_counts(dataset.ratings).tolist()),
        ratings_per_movie=_per_movie(tallies.counts, min_ratings),
        ratings_per_user=_per_user(np.diff(dataset.ratings.user_offsets)),
        years=_years(years, tallies),
        movies_without_year=years.count(None),
        genres=tuple(
            Genre(
                genre=genre,
                movie_count=int(members.size),
                rating_count=int(tallies.counts[members].sum()),
                rating=tallies.mean_of(members),
            )
            for genre, members in genres.items()
        ),
        genre_count=len({genre for of_movie in dataset.movies.genres for genre in of_movie}),
        movies_without_genre=dataset.movies.genres.count(()),
        co_occurrence=_co_occurrence(genres, len(dataset.movies)),
        over_time=_over_time(times),
        most_rated=top(tallies.counts),
        best_rated=top(damped),
        damping=DAMPING,
    )


def _rated(movie: Movie, tallies: MovieTallies, damped: NDArray[np.float64], at: int) -> RatedMovie:
    return RatedMovie(
        movie_id=movie.movie_id,
        title=movie.title,
        genres=movie.genres,
        rating_count=int(tallies.counts[at]),
        mean=float(tallies.sums[at] / tallies.counts[at]),
        damped_mean=float(damped[at]),
    )


def _per_movie(counts: NDArray[np.int64], min_ratings: int) -> RatingsPerMovie:
    descending = np.sort(counts)[::-1]
    ranks = np.unique(np.geomspace(1, counts.size, CURVE_POINTS).round().astype(np.int64))
    above = counts > min_ratings
    return RatingsPerMovie(
        ranks=tuple(ranks.tolist()),
        rating_counts=tuple(descending[ranks - 1].tolist()),
        median=float(np.median(counts)),
        min_ratings=min_ratings,
        movies_above=int(above.sum()),
        movie_share_above=float(above.mean()),
        ratings_above=int(counts[above].sum()),
        rating_share_above=float(counts[above].sum() / counts.sum()),
    )


def _per_user(counts: NDArray[np.int64]) -> RatingsPerUser:
    """Bins whose bounds grow by a factor, so that the few who rate most are seen too."""
    least, most = int(counts.min()), int(counts.max())
    edges = np.unique(np.geomspace(least, most + 1, USER_BINS + 1).round().astype(np.int64))
    found, _ = np.histogram(counts, edges)
    return RatingsPerUser(
        edges=tuple(edges.tolist()),
        user_counts=tuple(found.tolist()),
        median=float(np.median(counts)),
        mean=float(counts.mean()),
        most=most,
    )


def _years(years: Sequence[int | None], tallies: MovieTallies) -> tuple[Year, ...]:
    members: dict[int, list[int]] = {}
    for at, year in enumerate(years):
        if year is not None:
            members.setdefault(year, []).append(at)
    return tuple(
        Year(
            year=year,
            movie_count=len(places),
            rating_count=int(tallies.counts[places].sum()),
            rating=tallies.mean_of(np.array(places)),
        )
        for year, places in sorted(members.items())
    )


def _genre_members(genres: Sequence[tuple[str, ...]]) -> dict[str, NDArray[np.int64]]:
    """The movies of each of the most common genres, the most common first."""
    counted = Counter(genre for of_movie in genres for genre in set(of_movie))
    by_size = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    members: dict[str, list[int]] = {genre: [] for genre, _ in by_size[:MOST_GENRES]}
    for at, of_movie in enumerate(genres):
        for genre in set(of_movie) & members.keys():
            members[genre].append(at)
    return {genre: np.array(places, dtype=np.int64) for genre, places in members.items()}


def _co_occurrence(members: dict[str, NDArray[np.int64]], movie_count: int) -> CoOccurrence:
    has = np.zeros((len(members), movie_count), dtype=np.float32)
    for row, places in zip(has, members.values(), strict=True):
        row[places] = 1
    counts = np.rint(has @ has.T).astype(np.int64)
    return CoOccurrence(
        genres=tuple(members), movie_counts=tuple(tuple(row) for row in counts.tolist())
    )


def _over_time(times: RatingTimes | None) -> OverTime | None:
    if times is None:
        return None
    there = np.flatnonzero(times.counts)
    first, end = int(there[0]), int(there[-1]) + 1
    start, stop = _usual(times.counts[first:end])
    months = range(first, end)
    outside = times.counts[first:end].sum() - times.counts[first + start : first + stop].sum()
    return OverTime(
        months=tuple(f"{FIRST_YEAR + month // 12}-{month % 12 + 1:02}" for month in months),
        rating_counts=tuple(int(times.counts[month]) for month in months),
        means=tuple(
            float(times.sums[month] / times.counts[month]) if times.counts[month] else None
            for month in months
        ),
        untimed_count=times.untimed_count,
        shown=(start, stop),
        outside_count=int(outside),
    )


def _usual(counts: NDArray[np.int64]) -> tuple[int, int]:
    """Which of these months hold nearly all ratings, and those near them: from, to before."""
    share = np.cumsum(counts) / counts.sum()
    low = int(np.searchsorted(share, RARE_SHARE, side="right"))
    high = int(np.searchsorted(share, 1 - RARE_SHARE, side="left"))
    near = max(12, (high - low) // 10)
    there = np.flatnonzero(counts)
    there = there[(there >= low - near) & (there <= high + near)]
    return int(there[0]), int(there[-1]) + 1
