"""The movies of a version, found by row, by id and by name."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from math import inf

import numpy as np
from rapidfuzz import fuzz

from recommender_service.catalogue.genres import Genres
from recommender_service.catalogue.movie import LARGEST_NUMBER, Movie
from recommender_service.catalogue.movies import NO_YEAR, MovieSelection, MovieTable
from recommender_service.catalogue.names import Names
from recommender_service.catalogue.titles import (
    TitleKey,
    asked_key,
    names_and_year,
    title_keys,
    without_article,
)
from recommender_service.pacing import paced

LONGEST_NAME = 200
"""Characters of a text or a title that are looked at; no real title is as long."""

NEAREST_COUNT = 3
"""Titles that are suggested for one that is not there."""

ENOUGH_MATCHES = 10
"""Titles that hold a text; from this number on no typing error is suspected."""

TITLES_AT_A_TIME = 128
"""Whose names are found between two pauses."""

REMEMBERED = 8_192
"""Movies that are kept as they were made; what is asked for again is mostly the same."""


class AmbiguousNameError(Exception):
    """Several movies have a name.

    Args:
        movies: All of them.
    """

    def __init__(self, movies: Sequence[Movie]) -> None:
        super().__init__([movie.title for movie in movies])
        self.movies = tuple(movies)


class Catalogue:
    """The movies of a version; row i describes row i of the embeddings.

    Args:
        movies: With ids that are all different.
    """

    def __init__(self, movies: Iterable[Movie]) -> None:
        self.movies = movies if isinstance(movies, MovieTable) else MovieTable(movies)
        """By row; each is made when it is asked for."""
        self.genres = Genres(self.movies)
        # Of the table's method, not of one of ours, which would keep us alive.
        self._remembered = lru_cache(REMEMBERED)(self.movies.__getitem__)
        self._rows_by_id = np.argsort(self.movies.movie_ids, kind="stable")
        self._sorted_ids = self.movies.movie_ids[self._rows_by_id]
        title_years = array("h")
        self._names = Names(self._named(title_years))
        self._years = np.where(np.asarray(title_years) == NO_YEAR, self.movies.years, title_years)

    def __len__(self) -> int:
        return len(self.movies)

    def _named(self, years: "array[int]") -> Iterator[tuple[str, int]]:
        """Names and their rows; the years that the titles give are added to `years`."""
        for row, title in paced(enumerate(self.movies.titles), TITLES_AT_A_TIME):
            names, year = names_and_year(title[:LONGEST_NAME])
            years.append(NO_YEAR if year is None else year)
            for name in names:
                yield name, row

    def movie(self, row: int) -> Movie:
        """The movie of a row; those that were asked for of late are remembered."""
        return self._remembered(row)

    def row_of_id(self, movie_id: int) -> int | None:
        """The row of a movie, or None if the version does not have it."""
        if not 0 <= movie_id <= LARGEST_NUMBER:
            return None
        place = self._sorted_ids.searchsorted(movie_id)
        if place == len(self) or self._sorted_ids[place] != movie_id:
            return None
        return int(self._rows_by_id[place])

    def row_of_text(self, text: str) -> int | None:
        """The row of the movie that a text names.

        Digits alone are an id if there is such a movie; else they are a title.
        A year in the text must be the movie's.

        Args:
            text: An id, or a title in any usual form.

        Returns:
            None if there is no such movie.

        Raises:
            AmbiguousNameError: Several movies have that title.
        """
        text = text[:LONGEST_NAME].strip()
        if text.isascii() and text.isdigit() and (row := self.row_of_id(int(text))) is not None:
            return row
        asked = asked_key(text)
        keys = {
            row: title_keys(self.movies.titles[row][:LONGEST_NAME])
            for row in self._names.rows_of(asked.name)
            if self._is_of(row, asked)
        }
        rows = [row for row in keys if any(key.name == asked.name for key in keys[row])]
        if len(rows) > 1:
            # "Black Rain (1989)" is not "Black Rain (Kuroi ame) (1989)".
            rows = [row for row in rows if self.movies.titles[row].strip() == text] or rows
        if len(rows) > 1:
            # "Sabrina" is the film of that title, not one that bears it in brackets.
            rows = [row for row in rows if keys[row][0].name == asked.name] or rows
        if len(rows) > 1:
            raise AmbiguousNameError([self.movie(row) for row in rows])
        return rows[0] if rows else None

    def corrected_row(self, text: str) -> int | None:
        """The row of the movie whose title a text is, with a typing error."""
        return None

    def nearest_titles(self, text: str) -> tuple[str, ...]:
        """Titles that may have been meant by one that is none, best first."""
        found = self.search(asked_key(text[:LONGEST_NAME]).name)  # the year may be what is wrong
        return tuple(movie.title for movie in found[:NEAREST_COUNT])

    def search(self, text: str) -> Sequence[Movie]:
        """Movies whose titles match a text.

        Args:
            text: Any part of a title, with or without its year; typing errors
                are forgiven.

        Returns:
            The same title first, then titles that begin with the text, then
            those that hold it, then, if these are few, those that are like it,
            the most alike first; among equals the most rated first.
        """
        asked = asked_key(text[:LONGEST_NAME])
        distances: dict[int, float] = {}  # by row
        for name, row in self._matches(asked.name):
            distance = _distance(asked.name, name)
            if distance < distances.get(row, inf):
                distances[row] = distance
        rows = np.array([row for row in distances if self._is_of(row, asked)], dtype=np.intp)
        nearness = np.array([distances[row] for row in rows.tolist()])
        order = np.lexsort((rows, -self.movies.rating_counts[rows], nearness))
        return MovieSelection(self.movies, rows[order].tolist())

    def _matches(self, asked: str) -> Iterable[tuple[str, int]]:
        """Names that match and their rows."""
        if not asked:
            return []
        holding = list(self._names.holding(asked))
        if len({name for name, _ in holding}) >= ENOUGH_MATCHES:
            return holding
        return chain(holding, self._names.alike(asked))

    def _is_of(self, row: int, asked: TitleKey) -> bool:
        """Whether a movie is of the year that was asked for, if one was."""
        return asked.year is None or asked.year == self._years[row]


def _distance(asked: str, name: str) -> float:
    """How far a name is from what was asked for; from 3 on it only is like it."""
    if asked not in name:
        part = fuzz.partial_ratio(asked, name) if len(asked) <= len(name) else 0
        # Like it as a whole is a little more than like it in part.
        return 4 - max(fuzz.ratio(asked, name), 0.95 * part) / 100
    if name.startswith(asked):
        return 0 if name == asked else 1
    bare = without_article(name)
    if bare.startswith(asked):
        return 0 if bare == asked else 1
    return 2
