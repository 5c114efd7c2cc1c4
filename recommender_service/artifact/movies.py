"""The movies of a version, from bytes that are not believed: `movies.csv`."""

import csv
from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from movierec.cells import Cells, csv_parts
from movierec.chassis.legal import shown
from recommender_service.catalogue.movie import LARGEST_YEAR, Movie
from recommender_service.catalogue.movies import NO_YEAR, MovieTable
from recommender_service.errors import BadVersionError
from recommender_service.memory import SharedMemory
from recommender_service.pacing import paced

MOVIES = "movies.csv"
HEADER = ["movie_id", "title", "year", "genres", "rating_count"]
LONGEST_SENTENCE = 300

PART_BYTES = 2**16
"""Of rows that are read together between two pauses, ..."""

ROWS_AT_A_TIME = 128
"""... and rows that are read one by one."""


def movies_of(file: SharedMemory, count: int) -> MovieTable:
    """The movies that a file holds.

    There are two ways of reading: the quick one takes many rows at once, and only
    sees that something is unusual; then the careful one, row by row, says what is
    wrong, if anything is.

    Args:
        file: Its content.
        count: Movies, as the manifest says.

    Raises:
        BadVersionError: FORMAT: it is no such table, or another number of rows.
            VALUES: a movie is in it twice.
    """
    movies = _quickly(file)
    if movies is None:
        movies = _carefully(file.lines())
    if len(movies) != count:
        raise BadVersionError(
            "FORMAT", f"{MOVIES} has {len(movies):,} movies, and the manifest says {count:,}"
        )
    _check_ids(movies)
    return movies


def _quickly(file: SharedMemory) -> MovieTable | None:
    """The same of a file in which all is as it should be; None of another one."""
    header = next(file.lines(), b"")
    if header.removesuffix(b"\n").removesuffix(b"\r") != ",".join(HEADER).encode():
        return None
    movies, codes = MovieTable(), dict[bytes, int]()
    text = np.frombuffer(file.content[len(header) :], np.uint8)
    for cells in paced(csv_parts(text, len(HEADER), PART_BYTES), 1):
        if cells is None or not (_is_utf8(cells.text) and _add(movies, cells, codes)):
            return None
    return movies


def _add(movies: MovieTable, cells: Cells, codes: dict[bytes, int]) -> bool:
    """Adds some rows of plain cells; returns whether they are such.

    Args:
        movies: To which.
        cells: Of the rows.
        codes: By the text of genres, as far as they are known.
    """
    movie_ids, years, rating_counts = cells.numbers(0), cells.numbers(2, NO_YEAR), cells.numbers(4)
    (titles, title_sizes), (genres, genre_sizes) = cells.letters(1), cells.letters(3)
    if (
        movie_ids is None
        or years is None
        or rating_counts is None
        or years.max() > LARGEST_YEAR
        or max(title_sizes.max(), genre_sizes.max()) > csv.field_size_limit()
    ):
        return False
    joined, genre_codes = genres.tobytes(), []
    for begin, end in pairwise(accumulate(genre_sizes.tolist(), initial=0)):
        its_genres = joined[begin:end]
        if (code := codes.get(its_genres)) is None:
            code = codes[its_genres] = movies.genre_code(_genres_of(its_genres.decode()))
        genre_codes.append(code)
    movies.extend_columns(
        movie_ids=movie_ids,
        titles=(titles, title_sizes),
        years=years,
        genre_codes=genre_codes,
        rating_counts=rating_counts,
    )
    return True


def _is_utf8(text: NDArray[np.uint8]) -> bool:
    try:
        text.tobytes().decode()
    except UnicodeDecodeError:
        return False
    return True


def _genres_of(text: str) -> tuple[str, ...]:
    return tuple(text.split("|")) if text else ()


def _carefully(lines: Iterable[bytes]) -> MovieTable:
    line_count = row_count = 0

    def texts() -> Iterator[str]:
        nonlocal line_count
        for line in lines:
            line_count += 1
            yield line.decode()

    def found() -> Iterator[Movie]:
        nonlocal row_count
        rows = csv.reader(texts(), strict=True)
        _check_header(rows)
        for row in rows:
            yield _movie(row)
            row_count += 1

    try:
        return MovieTable(paced(found(), ROWS_AT_A_TIME))
    except (ValueError, csv.Error) as error:
        sentence = (
            f"{MOVIES} cannot be read: row {row_count}, in line {line_count}: {_cause(error)}"
        )
        raise BadVersionError("FORMAT", sentence[:LONGEST_SENTENCE]) from None


def _cause(error: Exception) -> str:
    said = str(error)
    if said.startswith("new-line character"):
        return "a return stands outside of quotes, and before no line feed"
    if said.startswith("field larger"):
        return f"a cell has more than {csv.field_size_limit():,} characters"
    return said


def _check_header(rows: Iterator[list[str]]) -> None:
    header = next(rows, None)
    if header is None:
        raise ValueError("there is nothing in it")
    if header != HEADER:
        sentence = f"{MOVIES} has the columns {', '.join(header)}; it must have {', '.join(HEADER)}"
        raise BadVersionError("FORMAT", sentence[:LONGEST_SENTENCE])


def _movie(row: list[str]) -> Movie:
    if not row:
        raise ValueError("it is empty")
    if len(row) != len(HEADER):
        raise ValueError(f"it has {len(row)} columns; it must have {', '.join(HEADER)}")
    movie_id, title, year, genres, rating_count = row
    return Movie(
        movie_id=_number("movie_id", movie_id),
        title=title,
        year=_number("year", year) if year else None,
        genres=_genres_of(genres),
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
