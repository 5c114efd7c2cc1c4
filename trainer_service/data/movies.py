"""Movies: what the movie table says about each, in the order of their ids."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

# "(1999)", "(1999-2001)" and "(1999- )" at the end, also with an en dash; some real
# titles close twice.
_YEAR = re.compile(r"\(([0-9]{4})(?:\s*[-\u2013]\s*(?:[0-9]{4})?)?\s*\)+\s*$")


def parse_year(title: str) -> int | None:
    """The year in brackets at the end of a title, the first one of a span; None without."""
    match = _YEAR.search(title)
    return int(match[1]) if match else None


@dataclass(frozen=True, slots=True)
class Movie:
    """One row of the movie table."""

    movie_id: int
    title: str
    genres: tuple[str, ...]

    @property
    def year(self) -> int | None:
        """The year that the title ends with, if it does."""
        return parse_year(self.title)


@dataclass(frozen=True, slots=True)
class MovieTable:
    """Movies by ascending id; the place of a movie is its index.

    Raises:
        ValueError: The ids do not ascend.
    """

    movies: tuple[Movie, ...]
    movie_ids: NDArray[np.int64] = field(init=False, compare=False, repr=False)
    """int64 (M,), read-only."""

    def __post_init__(self) -> None:
        movie_ids = np.array([movie.movie_id for movie in self.movies], dtype=np.int64)
        if (movie_ids[1:] <= movie_ids[:-1]).any():
            raise ValueError("the movies of a table must ascend by id, each id once")
        movie_ids.flags.writeable = False
        object.__setattr__(self, "movie_ids", movie_ids)

    @property
    def titles(self) -> tuple[str, ...]:
        """Titles with year and article as in the file, e.g. "Matrix, The (1999)"."""
        return tuple(movie.title for movie in self.movies)

    @property
    def genres(self) -> tuple[tuple[str, ...], ...]:
        """Each movie's genres, often none."""
        return tuple(movie.genres for movie in self.movies)

    @property
    def years(self) -> tuple[int | None, ...]:
        """Each movie's year, None where the title has none."""
        return tuple(movie.year for movie in self.movies)

    def select(self, movie_ids: NDArray[np.int64]) -> "MovieTable":
        """The table of only these movies, all of which must be in this one.

        Args:
            movie_ids: Ascending, int64.
        """
        places = np.searchsorted(self.movie_ids, movie_ids)
        return MovieTable(tuple(self.movies[place] for place in places))

    def __len__(self) -> int:
        return len(self.movies)

    def __iter__(self) -> Iterator[Movie]:
        return iter(self.movies)

    def __getitem__(self, movie_index: int) -> Movie:
        return self.movies[movie_index]
