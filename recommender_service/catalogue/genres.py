"""The genres of a version, and which movies have them."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from recommender_service.catalogue.movies import MovieTable


class UnknownGenreError(Exception):
    """No movie has a genre.

    Args:
        genre: As given.
        there: Those that there are, in alphabetical order.
    """

    def __init__(self, genre: str, there: Iterable[str]) -> None:
        super().__init__(genre)
        self.genre = genre
        self.there = tuple(there)


class Genres:
    """The genres of the movies; upper and lower case are the same.

    Args:
        movies: The movies; none is added from now on.
    """

    def __init__(self, movies: MovieTable) -> None:
        self._codes = movies.genre_codes
        self._names: dict[str, str] = {}  # as in the data, by folded name
        codes_of: dict[str, list[int]] = {}
        for code, genres in enumerate(movies.genre_lists):
            for genre in genres:
                self._names.setdefault(genre.casefold(), genre)
                codes_of.setdefault(genre.casefold(), []).append(code)
        self._code_count = len(movies.genre_lists)
        self._codes_of = {name: np.array(codes) for name, codes in codes_of.items()}

    @property
    def names(self) -> list[str]:
        """All genres, in alphabetical order."""
        return sorted(self._names.values())

    def passing(
        self, any_of: Iterable[str], all_of: Iterable[str], none_of: Iterable[str]
    ) -> NDArray[np.bool_]:
        """Which movies have one of some genres, all of others and none of yet others, (M,).

        Args:
            any_of: When empty, any will do.
            all_of: The second.
            none_of: The third.

        Raises:
            UnknownGenreError: No movie has one of them.
        """
        # Many movies have the same genres in the same order; each such list is looked at once.
        has_any = [self._with(genre) for genre in any_of]
        passes = np.logical_or.reduce(has_any) if has_any else np.ones(self._code_count, dtype=bool)
        for genre in all_of:
            passes = passes & self._with(genre)
        for genre in none_of:
            passes = passes & ~self._with(genre)
        among: NDArray[np.bool_] = passes[self._codes]
        return among

    def _with(self, genre: str) -> NDArray[np.bool_]:
        """Which lists of genres a genre is in."""
        codes = self._codes_of.get(genre.casefold())
        if codes is None:
            raise UnknownGenreError(genre, self.names)
        has = np.zeros(self._code_count, dtype=bool)
        has[codes] = True
        return has
