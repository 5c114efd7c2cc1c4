"""Movie tables: reading one from its file, whatever the form of the data set."""

import codecs
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from trainer_service.data.bad_rows import BadRowKind, SkippedLines
from trainer_service.data.cells import (
    WHITESPACE,
    file_label,
    find_columns,
    opened,
    parse_id,
    split_cells,
)
from trainer_service.data.forms import Form
from trainer_service.data.movies import Movie, MovieTable
from trainer_service.errors import MalformedFileError

NO_GENRES = "(no genres listed)"

STANDARD_FLAGS = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime"),
    *("Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery"),
    *("Romance", "Sci-Fi", "Thriller", "War", "Western"),
)
"""The genres that ML-100K's flags stand for, in order."""

NO_GENRE_FLAG = "unknown"

_CELLS_BEFORE_FLAGS = 5
"""Of u.item: id, title, release date, video release date, IMDb address."""


def read_movie_rows(folder: Path, form: Form) -> tuple[MovieTable, SkippedLines]:
    """The movie table of a data set.

    Returns:
        All movies in the table, rated or not, and the lines that gave none.

    Raises:
        MalformedFileError: The file is empty, lacks a column, has no usable row
            or cannot be read.
    """
    path = folder / form.movies.file
    lines = _lines(path)
    if not lines:
        raise MalformedFileError(f"{file_label(path)} is empty: put the whole file there")

    first_line = 1
    if form.movies.is_csv:
        positions = find_columns(path, lines[0], form.movies.columns)
        width = len(split_cells(lines[0], ","))
        first_line = 2
        genres_of = _genres_from_list(positions[2])
    elif form.genre_file is not None:
        flags = _genre_flags(folder / form.genre_file)
        positions = (0, 1)
        width = _CELLS_BEFORE_FLAGS + len(flags)
        genres_of = _genres_from_flags(flags)
    else:
        positions = (0, 1, 2)
        width = 3
        genres_of = _genres_from_list(2)

    movies: dict[int, Movie] = {}
    bad: dict[BadRowKind, list[int]] = {kind: [] for kind in BadRowKind}
    blank: list[int] = []
    for number, line in enumerate(lines[first_line - 1 :], first_line):
        if not line.strip(WHITESPACE):
            blank.append(number)
            continue
        cells = split_cells(line, form.movies.separator)
        if len(cells) != width or not cells[positions[0]] or not cells[positions[1]]:
            bad[BadRowKind.MISSING_FIELD].append(number)
        elif (movie_id := parse_id(cells[positions[0]])) is None:
            bad[BadRowKind.BAD_ID].append(number)
        elif movie_id in movies:
            bad[BadRowKind.DUPLICATE].append(number)
        else:
            movies[movie_id] = Movie(movie_id, cells[positions[1]], genres_of(cells))

    skipped = SkippedLines(
        {kind: np.array(numbers, dtype=np.int64) for kind, numbers in bad.items()},
        np.array(blank, dtype=np.int64),
    )
    if not movies:
        found = "; ".join(str(rows) for rows in skipped.report(path.name)) or "no rows at all"
        raise MalformedFileError(f"{file_label(path)} has no usable row: found {found}")
    return MovieTable(tuple(movies[movie_id] for movie_id in sorted(movies))), skipped


def _lines(path: Path) -> list[str]:
    """The file's lines: UTF-8, or latin-1 where it is not that."""
    with opened(path) as file:
        content = file.read().removeprefix(codecs.BOM_UTF8)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    # Not splitlines(): it also splits where a title holds an exotic line end.
    return text.removesuffix("\n").split("\n") if text else []


def _genres_from_list(position: int) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """Genres as one cell, "Action|Drama"."""

    def genres_of(cells: Sequence[str]) -> tuple[str, ...]:
        genres = (genre.strip() for genre in cells[position].split("|"))
        return tuple(genre for genre in genres if genre and genre != NO_GENRES)

    return genres_of


def _genres_from_flags(flags: Sequence[str]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """Genres as a cell each, 0 or 1, at the end of the row."""

    def genres_of(cells: Sequence[str]) -> tuple[str, ...]:
        named = zip(flags, cells[_CELLS_BEFORE_FLAGS:], strict=True)
        return tuple(genre for genre, cell in named if cell == "1" and genre != NO_GENRE_FLAG)

    return genres_of


def _genre_flags(path: Path) -> Sequence[str]:
    """The genres that the flags stand for: from their file, or the standard ones without it.

    Raises:
        MalformedFileError: A line of the file is not "genre|place", counted from 0.
    """
    if not path.is_file():
        return STANDARD_FLAGS
    flags: list[str] = []
    for number, line in enumerate(_lines(path), 1):
        if not line.strip(WHITESPACE):
            continue
        genre, *place = split_cells(line, "|")
        if not genre or place != [str(len(flags))]:
            raise MalformedFileError(
                f"{file_label(path)} line {number} is {line.strip()!r}: expected a genre, then "
                f"|{len(flags)}; without the file the standard genres are used"
            )
        flags.append(genre)
    return flags
