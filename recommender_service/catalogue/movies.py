"""Very many movies in little memory, as columns."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from recommender_service.catalogue.movie import LARGEST_NUMBER, Movie
from recommender_service.catalogue.texts import Texts

NO_YEAR = -1
"""In the column of years, for one that is not known."""

_MOST_DIGITS = len(str(LARGEST_NUMBER))


class MovieTable(Sequence[Movie]):
    """Movies by row, each made when it is asked for.

    A million `Movie`s would be millions of objects for the garbage collector to
    look through, while every thread of the process waits.

    Args:
        movies: The rows.
    """

    def __init__(self, movies: Iterable[Movie] = ()) -> None:
        self.titles = Texts()
        """By row."""
        self._movie_ids = array("q")
        self._years = array("h")
        self._genre_codes = array("i")
        self._genres: list[tuple[str, ...]] = []  # by code
        self._code_of_genres: dict[tuple[str, ...], int] = {}
        self._rating_counts = array("q")
        self.titles.extend(self._titles_of(movies))

    def __len__(self) -> int:
        return len(self._movie_ids)

    @overload
    def __getitem__(self, row: int) -> Movie: ...
    @overload
    def __getitem__(self, row: slice) -> list[Movie]: ...
    def __getitem__(self, row: int | slice) -> Movie | list[Movie]:
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(len(self)))]
        year = self._years[row]
        return Movie(
            self._movie_ids[row],
            self.titles[row],
            None if year == NO_YEAR else year,
            self._genres[self._genre_codes[row]],
            self._rating_counts[row],
        )

    @property
    def movie_ids(self) -> NDArray[np.int64]:
        """By row, (M,); no movie can be added while it is in use."""
        return np.asarray(self._movie_ids)

    @property
    def years(self) -> NDArray[np.int16]:
        """By row, (M,), `NO_YEAR` where it is not known; as above."""
        return np.asarray(self._years)

    @property
    def rating_counts(self) -> NDArray[np.int64]:
        """By row, (M,); as above."""
        return np.asarray(self._rating_counts)

    @property
    def genre_codes(self) -> NDArray[np.int32]:
        """By row, (M,): which of `genre_lists` it has; as above."""
        return np.asarray(self._genre_codes)

    @property
    def genre_lists(self) -> Sequence[tuple[str, ...]]:
        """Every list of genres that a movie has, once."""
        return self._genres

    def _titles_of(self, movies: Iterable[Movie]) -> Iterator[str]:
        """The titles of movies, of which all else is added here, one by one."""
        for movie in movies:
            self._movie_ids.append(movie.movie_id)
            self._years.append(NO_YEAR if movie.year is None else movie.year)
            self._genre_codes.append(self.genre_code(movie.genres))
            self._rating_counts.append(movie.rating_count)
            yield movie.title

    def extend_columns(
        self,
        *,
        movie_ids: NDArray[np.int64],
        titles: tuple[NDArray[np.uint8], NDArray[np.int64]],
        years: NDArray[np.int64],
        genre_codes: Iterable[int],
        rating_counts: NDArray[np.int64],
    ) -> None:
        """Adds rows, column by column; the numbers must be such as a `Movie` may have.

        Args:
            movie_ids: (N,); the other columns are as long.
            titles: In UTF-8, one behind another, and how many bytes each has.
            years: `NO_YEAR` where it is not known.
            genre_codes: From `genre_code`.
            rating_counts: Clean ratings in the data.
        """
        self._movie_ids.frombytes(movie_ids.tobytes())
        self._years.frombytes(years.astype(np.int16).tobytes())
        self._genre_codes.extend(genre_codes)
        self._rating_counts.frombytes(rating_counts.tobytes())
        self.titles.extend_encoded(*titles)

    def genre_code(self, genres: tuple[str, ...]) -> int:
        """The place in `genre_lists` of the genres of a movie, where it is put if it is new."""
        code = self._code_of_genres.setdefault(genres, len(self._genres))
        if code == len(self._genres):
            self._genres.append(genres)
        return code


class MovieSelection(Sequence[Movie]):
    """Some rows of a table, in an order of their own.

    Args:
        movies: The table.
        rows: Which of it.
    """

    def __init__(self, movies: MovieTable, rows: NDArray[np.int32]) -> None:
        self._movies = movies
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> Movie: ...
    @overload
    def __getitem__(self, place: slice) -> list[Movie]: ...
    def __getitem__(self, place: int | slice) -> Movie | list[Movie]:
        if isinstance(place, slice):
            return [self._movies[row] for row in self._rows[place].tolist()]
        return self._movies[int(self._rows[place])]

    def place_of(self, movie_id: str) -> int | None:
        """Where a movie is, without making those before it.

        Args:
            movie_id: In digits, as in a page token.

        Returns:
            None if it is not among them, or the text is no id.
        """
        if not (movie_id.isascii() and movie_id.isdigit() and len(movie_id) <= _MOST_DIGITS):
            return None
        places = np.flatnonzero(self._movies.movie_ids[self._rows] == int(movie_id))
        return int(places[0]) if places.size else None
