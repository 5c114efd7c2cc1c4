"""Versions in memory, without any file."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from recommender_service.catalogue.catalogue import Catalogue
from recommender_service.catalogue.movie import Movie
from recommender_service.query.index import MovieIndex
from recommender_service.query.version import Version


def version_of(movies: Sequence[Movie], vectors: NDArray[np.float32], number: int = 7) -> Version:
    """A version of some movies.

    Args:
        movies: With ids that are all different, M of them.
        vectors: Unit rows, (M, D).
        number: Its number.
    """
    return Version(
        number=number,
        manifest=b"",
        catalogue=Catalogue(movies),
        index=MovieIndex(vectors, [movie.movie_id for movie in movies]),
        load_time=datetime.now(UTC),
        create_time=datetime.now(UTC),
    )
