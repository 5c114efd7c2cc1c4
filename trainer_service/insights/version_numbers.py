"""The numbers of a version: what its pictures are drawn from, and what `version.json` holds."""

from collections.abc import Iterable
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from trainer_service.artifact.reading import PublishedVersion, gate_in, metrics_in
from trainer_service.data import Movie
from trainer_service.insights.dataset_numbers import Numbers
from trainer_service.insights.film_map import MOST_FILMS, coloured, placed
from trainer_service.insights.job import Losses
from trainer_service.insights.neighbours import (
    MOST_MOVIES,
    nearest,
    shares_by_popularity,
    times_listed,
)
from trainer_service.model.evaluation import TrainingMetrics
from trainer_service.model.gate import GateResult

BEST_KNOWN = 20
"""Films whose neighbours are listed."""

NEIGHBOURS = 10
"""Of each film."""

EXTREMES = 15
"""Films that are named as the most isolated, and as the most central."""

CURVE_POINTS = 101


class Film(Numbers):
    """A movie of the version."""

    movie_id: int
    title: str
    genres: tuple[str, ...]
    rating_count: int


class Neighbour(Numbers):
    """A movie near another one."""

    film: Film
    score: float
    """Their cosine."""


class Neighbourhood(Numbers):
    """A movie and its nearest, the nearest first."""

    film: Film
    neighbours: tuple[Neighbour, ...]


class Standing(Numbers):
    """How a movie stands among the others."""

    film: Film
    mean_score: float
    """Mean cosine with its nearest movies."""
    listed: int
    """In how many other movies' lists it is."""
    nearest: str
    """The title of the nearest movie."""


class MapPoint(Numbers):
    """A film on the map."""

    movie_id: int
    title: str
    genres: tuple[str, ...]
    rating_count: int
    x: float
    """From -1 to 1; so is y."""
    y: float
    genre: int
    """Place of the genre that gives it its colour, or -1."""


class FilmMap(Numbers):
    """The embedding in two dimensions."""

    method: str
    genres: tuple[str, ...]
    """Those that have a colour."""
    points: tuple[MapPoint, ...]
    """The best known films, the best known first."""


class Popularity(Numbers):
    """What is recommended against the catalogue, the best known movies first."""

    catalogue: tuple[float, ...]
    """Shares of the catalogue, from 0 to 1."""
    ratings: tuple[float, ...]
    """Share of the ratings that so much of the catalogue has."""
    recommended: tuple[float, ...]
    """Share of the places in all movies' lists of nearest that it has."""
    never_listed: int
    """Movies that are in no list."""


class VersionNumbers(Numbers):
    """What a version looks like."""

    version: int
    create_time: datetime
    run_id: str
    dataset: str
    fingerprint: str
    movie_count: int
    dim: int
    min_ratings: int
    losses: Losses
    """Empty if the run's log is gone."""
    metrics: TrainingMetrics
    gate: GateResult | None
    compared: int
    """Of so many of the best known movies, the neighbours are those among each other."""
    neighbourhoods: tuple[Neighbourhood, ...]
    """Of the best known movies."""
    central: tuple[Standing, ...]
    isolated: tuple[Standing, ...]
    popularity: Popularity | None
    """None of a single movie."""
    map: FilmMap


def numbers_of_version(version: PublishedVersion, losses: Losses) -> VersionNumbers:
    """The numbers of a version.

    Args:
        version: The version.
        losses: Of the run that made it, as far as that is known.

    Raises:
        BadVersionError: Its manifest says what cannot be.
    """
    manifest = version.manifest
    by_size = np.argsort(-version.rating_counts, kind="stable")
    compared = by_size[:MOST_MOVIES]
    movies = [version.movies[row] for row in compared]
    counts = version.rating_counts[compared]
    embeddings = version.embeddings[compared]
    films = [_film(movie, int(count)) for movie, count in zip(movies, counts, strict=True)]
    if len(films) > 1:
        places, cosines = nearest(embeddings, NEIGHBOURS)
    else:
        places, cosines = np.zeros((1, 0), dtype=np.int64), np.zeros((1, 0), dtype=np.float32)
    listed = times_listed(places)
    means = cosines.mean(axis=1) if cosines.size else np.zeros(len(films))

    def standings(rows: Iterable[int]) -> tuple[Standing, ...]:
        return tuple(
            Standing(
                film=films[row],
                mean_score=float(means[row]),
                listed=int(listed[row]),
                nearest=films[places[row, 0]].title if places.size else "",
            )
            for row in rows
        )

    return VersionNumbers(
        version=version.number,
        create_time=manifest.create_time.ToDatetime(),
        run_id=manifest.run_id,
        dataset=manifest.dataset,
        fingerprint=manifest.data.fingerprint,
        movie_count=manifest.movie_count,
        dim=manifest.dim,
        min_ratings=manifest.settings.min_ratings,
        losses=losses,
        metrics=metrics_in(manifest),
        gate=gate_in(manifest),
        compared=len(films),
        neighbourhoods=tuple(
            Neighbourhood(
                film=films[row],
                neighbours=tuple(
                    Neighbour(film=films[place], score=float(score))
                    for place, score in zip(places[row], cosines[row], strict=True)
                ),
            )
            for row in range(min(BEST_KNOWN, len(films)))
        ),
        central=standings(np.argsort(-listed, kind="stable")[:EXTREMES].tolist()),
        isolated=standings(np.argsort(means, kind="stable")[:EXTREMES].tolist()),
        popularity=_popularity(counts, listed) if places.size else None,
        map=_map(films[:MOST_FILMS], embeddings[:MOST_FILMS]),
    )


def _film(movie: Movie, rating_count: int) -> Film:
    return Film(
        movie_id=movie.movie_id, title=movie.title, genres=movie.genres, rating_count=rating_count
    )


def _popularity(counts: NDArray[np.int64], listed: NDArray[np.int64]) -> Popularity:
    ratings = shares_by_popularity(counts, counts.clip(min=1), CURVE_POINTS)
    recommended = shares_by_popularity(counts, listed, CURVE_POINTS)
    return Popularity(
        catalogue=tuple(np.linspace(0, 1, CURVE_POINTS).round(4).tolist()),
        ratings=tuple(ratings.round(5).tolist()),
        recommended=tuple(recommended.round(5).tolist()),
        never_listed=int((listed == 0).sum()),
    )


def _map(films: list[Film], embeddings: NDArray[np.float32]) -> FilmMap:
    places, method = placed(embeddings)
    genres, own = coloured([film.genres for film in films])
    return FilmMap(
        method=method,
        genres=genres,
        points=tuple(
            MapPoint(
                **film.model_dump(),
                x=round(float(x), 4),
                y=round(float(y), 4),
                genre=int(genre),
            )
            for film, (x, y), genre in zip(films, places, own, strict=True)
        ),
    )
