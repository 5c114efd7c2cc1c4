"""The movies of a version, found by row, by id and by name."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

from recommender_service.catalogue.genres import Genres
from recommender_service.catalogue.movie import LARGEST_NUMBER, Movie
from recommender_service.catalogue.movies import NO_YEAR, MovieSelection, MovieTable
from recommender_service.catalogue.names import Names
from recommender_service.catalogue.naming import names_of
from recommender_service.catalogue.searching import Search
from recommender_service.catalogue.titles import (
    LONGEST_NAME,
    TitleKey,
    asked_key,
    title_keys,
)

NEAREST_COUNT = 3
"""Titles that are suggested for one that is not there."""

MOST_EDITS = 2
"""In a title with typing errors, ..."""

LETTERS_AN_EDIT = 3
"""... and no more than one for so many of its characters."""

MOST_NAMESAKES = 100
"""Movies of one name; among more none is looked for that is meant before the others."""

REMEMBERED = 8_192
"""Movies that are kept as they were made; what is asked for again is mostly the same."""


class AmbiguousNameError(Exception):
    """Several movies have a name.

    Args:
        movies: All of them, each made when it is asked for; they may be very many.
    """

    def __init__(self, movies: Sequence[Movie]) -> None:
        super().__init__(f"{len(movies):,} movies")
        self.movies = movies


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
        named = names_of(self.movies.titles)
        self._names = Names(named.names, named.titles)
        self._search = Search(self._names, self.movies.rating_counts)
        self._years = np.where(named.years == NO_YEAR, self.movies.years, named.years)

    def __len__(self) -> int:
        return len(self.movies)

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
        rows = self._names.rows_of(asked.name)
        if asked.year is not None:
            rows = rows[self._years[rows] == asked.year]
        if len(rows) > MOST_NAMESAKES:
            raise AmbiguousNameError(MovieSelection(self.movies, rows))
        named = [row for row in rows.tolist() if asked.name in {k.name for k in self._keys(row)}]
        if len(named) > 1:
            # "Black Rain (1989)" is not "Black Rain (Kuroi ame) (1989)".
            named = [row for row in named if self.movies.titles[row].strip() == text] or named
        return self._chosen(named, {asked.name}) if named else None

    def row_of_misspelt(self, text: str) -> int | None:
        """The row of the movie whose title was meant by one with a typing error.

        That is so when a single title is at most `MOST_EDITS` edits from the text
        (see `Names.within`), and has no more than one for each `LETTERS_AN_EDIT`
        characters of the text; all names of a movie count as one title. A year in
        the text must be the movie's. Digits alone are never taken for others.

        Args:
            text: For which there is no `row_of_text`.

        Returns:
            None if no title is so near, or several are.

        Raises:
            AmbiguousNameError: Several movies have the title that was meant; of
                more than `MOST_NAMESAKES` it does not name all.
        """
        asked = asked_key(text[:LONGEST_NAME].strip())
        name = asked.name
        if not name or name.replace(" ", "").isdigit():
            return None
        rows: list[int] = []
        near: set[str] = set()
        common: set[str] = set()  # what all of these movies are called
        fewest = MOST_EDITS
        for other, row, edits in self._names.within(name, MOST_EDITS):
            if asked.year is None or asked.year == self._years[row]:
                if row not in rows:
                    names = {key.name for key in self._keys(row)}
                    common = common & names if rows else names
                    rows.append(row)
                near.add(other)
                fewest = min(fewest, edits)
                if not common or len(rows) > MOST_NAMESAKES:
                    break
        # What several movies are called is one title, and as ambiguous as if it were spelt right.
        if not near & common or fewest > len(name) // LETTERS_AN_EDIT:
            return None
        return self._chosen(rows, near & common)

    def nearest_titles(self, text: str) -> tuple[str, ...]:
        """Titles that may have been meant by one that is none, best first."""
        name = asked_key(text[:LONGEST_NAME]).name  # the year may be what is wrong
        nearest = self._search.rows(name)[:NEAREST_COUNT]
        return tuple(self.movies.titles[row] for row in nearest.tolist())

    def search(self, text: str) -> MovieSelection:
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
        among = None if asked.year is None else self._years == asked.year
        return MovieSelection(self.movies, self._search.rows(asked.name, among))

    def _chosen(self, rows: Sequence[int], names: set[str]) -> int:
        """The movie that is meant by a name that all of these have.

        Raises:
            AmbiguousNameError: It may be any of several.
        """
        if 1 < len(rows) <= MOST_NAMESAKES:
            # "Sabrina" is the film of that title, not one that bears it in brackets.
            rows = [row for row in rows if self._keys(row)[0].name in names] or rows
        if len(rows) > 1:
            raise AmbiguousNameError(MovieSelection(self.movies, np.array(rows, np.int32)))
        return rows[0]

    def _keys(self, row: int) -> list[TitleKey]:
        return title_keys(self.movies.titles[row][:LONGEST_NAME])
