"""The movies of a version, from bytes that are not believed: `movies.csv`."""

import csv
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np

from movierec.chassis.legal import shown
from recommender_service.catalogue.movie import Movie
from recommender_service.catalogue.movies import NO_YEAR, MovieTable
from recommender_service.catalogue.texts import BLOCK
from recommender_service.errors import BadVersionError
from recommender_service.memory import SharedMemory
from recommender_service.pacing import paced

MOVIES = "movies.csv"
HEADER = ["movie_id", "title", "year", "genres", "rating_count"]
LONGEST_SENTENCE = 300


def movies_of(file: SharedMemory, count: int) -> MovieTable:
    """The movies that a file holds.

    There are two ways of reading: the quick one takes blocks of rows, and only
    sees that something is wrong; then the careful one, row by row, says what.

    Args:
        file: Its content.
        count: Movies, as the manifest says.

    Raises:
        BadVersionError: FORMAT: it is no such table, or another number of rows.
            VALUES: a movie is in it twice.
    """
    try:
        movies = _quickly(file.lines())
    except (ValueError, csv.Error):
        movies = _carefully(file.lines())
    if len(movies) != count:
        raise BadVersionError(
            "FORMAT", f"{MOVIES} has {len(movies):,} movies, and the manifest says {count:,}"
        )
    _check_ids(movies)
    return movies


class _Genres(dict[str, tuple[str, ...]]):
    """Genres by the text that joins them; there are few that differ."""

    def __missing__(self, text: str) -> tuple[str, ...]:
        self[text] = genres = tuple(text.split("|")) if text else ()
        return genres


def _quickly(lines: Iterable[bytes]) -> MovieTable:
    rows = csv.reader(map(bytes.decode, lines), strict=True)
    _check_header(rows)
    movies, genres_of = MovieTable(), _Genres()
    # So few at a time that the garbage collector does not begin to look at them.
    blocks = iter(lambda: list(islice(rows, BLOCK)), [])
    for block in paced(blocks, 1):
        movie_ids, titles, years, genres, rating_counts = zip(*block, strict=True)
        numbers = [int(year) if year else NO_YEAR for year in years]
        if numbers.count(NO_YEAR) != years.count(""):
            raise ValueError("a year is negative")
        movies.extend(
            movie_ids=list(map(int, movie_ids)),
            titles=titles,
            years=numbers,
            genres=list(map(genres_of.__getitem__, genres)),
            rating_counts=list(map(int, rating_counts)),
        )
    return movies


def _carefully(lines: Iterable[bytes]) -> MovieTable:
    line_count = 0

    def texts() -> Iterator[str]:
        nonlocal line_count
        for line in lines:
            line_count += 1
            yield line.decode()

    movies, genres_of = MovieTable(), _Genres()
    try:
        rows = csv.reader(texts(), strict=True)
        _check_header(rows)
        for row in rows:
            movies.append(_movie(row, genres_of))
    except (ValueError, csv.Error) as error:
        sentence = f"{MOVIES} cannot be read: row {len(movies)}, in line {line_count}: {error}"
        raise BadVersionError("FORMAT", sentence[:LONGEST_SENTENCE]) from None
    return movies


def _check_header(rows: Iterator[list[str]]) -> None:
    header = next(rows, None)
    if header is None:
        raise ValueError("there is nothing in it")
    if header != HEADER:
        sentence = f"{MOVIES} has the columns {', '.join(header)}; it must have {', '.join(HEADER)}"
        raise BadVersionError("FORMAT", sentence[:LONGEST_SENTENCE])


def _movie(row: list[str], genres_of: _Genres) -> Movie:
    if len(row) != len(HEADER):
        raise ValueError(f"it has {len(row)} columns; it must have {', '.join(HEADER)}")
    movie_id, title, year, genres, rating_count = row
    return Movie(
        movie_id=_number("movie_id", movie_id),
        title=title,
        year=_number("year", year) if year else None,
        genres=genres_of[genres],
        rating_count=_number("rating_count", rating_count),
    )


def _number(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{name} {shown(text)} is no whole number") from None


def _check_ids(movies: MovieTable) -> None:
    order = np.argsort(movies.movie_ids, kind="stable")
    ids = movies.movie_ids[order]
    if len(again := np.flatnonzero(ids[1:] == ids[:-1])):
        first = again[0]
        raise BadVersionError(
            "VALUES",
            f"{MOVIES} has a movie id twice: {ids[first]}, in rows {order[first]} and "
            f"{order[first + 1]}",
        )
