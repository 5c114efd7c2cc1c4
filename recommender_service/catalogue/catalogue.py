"""The movies of a version, found by row, by id and by name."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Sequence
from math import inf

from rapidfuzz import fuzz, process

from recommender_service.catalogue.movie import Movie
from recommender_service.catalogue.titles import TitleKey, asked_key, title_keys, without_article

LONGEST_NAME = 200
"""Characters of a text or a title that are looked at; no real title is as long."""

NEAREST_COUNT = 3
"""Titles that are suggested for one that is not there."""

ENOUGH_MATCHES = 10
"""Titles that hold a text; from this number on no typing error is suspected."""

LEAST_LIKENESS = 75.0
"""From 0 to 100; below it a title does not match a search."""


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

    def __init__(self, movies: Sequence[Movie]) -> None:
        self.movies = tuple(movies)
        self._row_of_id = {movie.movie_id: row for row, movie in enumerate(self.movies)}
        self._keys = [title_keys(movie.title[:LONGEST_NAME]) for movie in self.movies]
        self._rows_of_name: dict[str, list[int]] = defaultdict(list)
        for row, keys in enumerate(self._keys):
            for key in keys:
                self._rows_of_name[key.name].append(row)
        self._names = sorted(self._rows_of_name, key=len)
        self._most_rated_first = sorted(
            range(len(self.movies)), key=lambda row: -self.movies[row].rating_count
        )

    def __len__(self) -> int:
        return len(self.movies)

    def row_of_id(self, movie_id: int) -> int | None:
        """The row of a movie, or None if the version does not have it."""
        return self._row_of_id.get(movie_id)

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
        if (
            text.isascii()
            and text.isdigit()
            and (row := self._row_of_id.get(int(text))) is not None
        ):
            return row
        asked = asked_key(text)
        rows = [row for row in self._rows_of_name.get(asked.name, ()) if self._is_of(row, asked)]
        if len(rows) > 1:
            # "Black Rain (1989)" is not "Black Rain (Kuroi ame) (1989)".
            rows = [row for row in rows if self.movies[row].title.strip() == text] or rows
        if len(rows) > 1:
            # "Sabrina" is the film of that title, not one that bears it in brackets.
            rows = [row for row in rows if self._keys[row][0].name == asked.name] or rows
        if len(rows) > 1:
            raise AmbiguousNameError([self.movies[row] for row in rows])
        return rows[0] if rows else None

    def nearest_titles(self, text: str) -> tuple[str, ...]:
        """Titles that may have been meant by one that is none, best first."""
        found = self.search(asked_key(text[:LONGEST_NAME]).name)  # the year may be what is wrong
        return tuple(movie.title for movie in found[:NEAREST_COUNT])

    def search(self, text: str) -> list[Movie]:
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
        for name in self._matches(asked.name):
            distance = _distance(asked.name, name)
            for row in self._rows_of_name[name]:
                if distance < distances.get(row, inf):
                    distances[row] = distance
        rows = [
            row for row in self._most_rated_first if row in distances and self._is_of(row, asked)
        ]
        rows.sort(key=distances.__getitem__)
        return [self.movies[row] for row in rows]

    def _matches(self, asked: str) -> list[str]:
        if not asked:
            return []
        holding = [name for name in self._names if asked in name]
        if len(holding) >= ENOUGH_MATCHES:
            return holding
        # A shorter title must be like the whole text: "It" is not "Some Like It Hot".
        middle = bisect_left(self._names, len(asked), key=len)
        return [
            *holding,
            *_alike(asked, self._names[:middle], fuzz.ratio),
            *_alike(asked, self._names[middle:], fuzz.partial_ratio),
        ]

    def _is_of(self, row: int, asked: TitleKey) -> bool:
        """Whether a movie is of the year that was asked for, if one was."""
        if asked.year is None:
            return True
        year = self._keys[row][0].year
        return asked.year == (self.movies[row].year if year is None else year)


def _alike(asked: str, names: list[str], scorer: Callable[..., float]) -> list[str]:
    found = process.extract(asked, names, scorer=scorer, limit=None, score_cutoff=LEAST_LIKENESS)
    return [name for name, _, _ in found]


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
