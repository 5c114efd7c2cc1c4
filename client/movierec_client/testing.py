"""A real recommender for your own tests, in their process, with movies that you choose.

    from movierec_client import Client, testing

    def test_what_i_built_on_it():
        with testing.recommender() as address, Client(recommender=address) as client:
            assert next(client.recommend(["Toy Story"])).title == "Toy Story 2 (1999)"

It needs the recommender's packages: pip install 'movierec[recommender]'
"""

import importlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from movierec_client.client import Client
from movierec_client.errors import MovierecError

_YEAR = re.compile(r"\((\d{4})\)\s*$")


@dataclass(frozen=True, slots=True)
class KnownMovie:
    """A movie, and the vector that says what it is like.

    The score of two movies is the cosine of the angle between their vectors.

    Args:
        movie_id: Its id.
        title: With its year, e.g. "Heat (1995)".
        vector: As many numbers for each movie; its length does not count.
        genres: Its genres.
        rating_count: How often it was rated.
    """

    movie_id: int
    title: str
    vector: Sequence[float]
    genres: Sequence[str] = ()
    rating_count: int = 100


MOVIES = (
    KnownMovie(1, "Toy Story (1995)", (1.0, 0.0, 0.0), ("Animation", "Comedy"), 900),
    KnownMovie(3114, "Toy Story 2 (1999)", (0.98, 0.2, 0.0), ("Animation", "Comedy"), 500),
    KnownMovie(588, "Aladdin (1992)", (0.9, 0.4, 0.1), ("Animation", "Musical"), 600),
    KnownMovie(260, "Star Wars (1977)", (0.2, 1.0, 0.0), ("Adventure", "Sci-Fi"), 1000),
    KnownMovie(2571, "Matrix, The (1999)", (0.0, 0.9, 0.4), ("Action", "Sci-Fi"), 950),
    KnownMovie(6, "Heat (1995)", (0.0, 0.2, 1.0), ("Action", "Crime"), 400),
)
"""The movies of a version, unless others are given."""


@contextmanager
def recommender(
    movies: Sequence[KnownMovie] = MOVIES,
    *,
    artifacts_dir: str | Path | None = None,
    **settings: Any,
) -> Iterator[str]:
    """Runs a recommender on a free port of this machine; yields its address when it serves.

    Args:
        movies: Those of the version that it serves; with none there is no version.
        artifacts_dir: The folder of its versions, for `publish`; default one that
            is removed at the end.
        **settings: Those of the recommender, e.g. `chunk_size=1`.

    Raises:
        MovierecError: The recommender's packages are not installed.
        ValueError: The movies make no version, or a setting is not legal.
    """
    service = _service()
    with TemporaryDirectory() as folder:
        volume = Path(artifacts_dir or folder)
        if movies:
            publish(volume, movies)
        with service.serving(volume, settings) as address:
            if movies:
                _wait_until_serving(address)
            yield address


def publish(artifacts_dir: str | Path, movies: Sequence[KnownMovie] = MOVIES) -> int:
    """Adds a version, which recommenders of the folder take up; returns its number.

    `Client.wait_until_serving` waits for it.

    Raises:
        MovierecError: The recommender's packages are not installed.
        ValueError: The movies make no version.
    """
    service = _service()
    table = [
        service.Movie(
            movie_id=movie.movie_id,
            title=movie.title,
            year=int(year[1]) if (year := _YEAR.search(movie.title)) else None,
            genres=tuple(movie.genres),
            rating_count=movie.rating_count,
        )
        for movie in movies
    ]
    vectors = [movie.vector for movie in movies]
    number: int = service.write_version(Path(artifacts_dir), table, vectors)
    return number


def _wait_until_serving(address: str) -> None:
    with Client(recommender=address, timeout_s=60, wait_for_ready=True) as client:
        client.model()


def _service() -> Any:
    try:
        return importlib.import_module("recommender_service.testing")
    except ImportError as error:
        raise MovierecError(
            "movierec_client.testing needs the recommender's packages: "
            "pip install 'movierec[recommender]'"
        ) from error
