"""Reports on a data set: what was found in it, and what is left to train on."""

import hashlib
import json

import numpy as np
from pydantic import BaseModel, ConfigDict

from trainer_service.data.bad_rows import BadRows
from trainer_service.data.movies import MovieTable
from trainer_service.data.ratings import Ratings


class DataReport(BaseModel):
    """What was found in a data set."""

    model_config = ConfigDict(frozen=True)

    form: str
    """The form that was recognised, e.g. "kaggle-ml-20m"."""
    row_count: int
    """Data rows in the rating file, good and bad."""
    rating_count: int
    """Clean ratings, before any threshold; so are the users and movies below."""
    user_count: int
    movie_count: int
    kept_rating_count: int
    """Over the movies above the threshold, which are the ones trained on."""
    kept_user_count: int
    kept_movie_count: int
    bad_rows: tuple[BadRows, ...]
    fingerprint: str
    """sha256 over the clean ratings and their movies, hex."""


def fingerprint(movies: MovieTable, ratings: Ratings) -> str:
    """Sha256 over ratings and movies, in hex: the same for the same content in any form.

    Neither the order of the rows nor the layout of the files plays a part; the
    ids, ratings, titles and genres do.
    """
    digest = hashlib.sha256()
    table = [[movie.movie_id, movie.title, movie.genres] for movie in movies]
    # The number of users parts what follows; the table says that of the movies.
    digest.update(json.dumps([table, ratings.user_count]).encode())
    for values, dtype in (
        (ratings.user_ids, "<i8"),
        (ratings.user_index, "<i4"),
        (ratings.movie_index, "<i4"),
        (ratings.rating, "<f4"),
    ):
        digest.update(np.ascontiguousarray(values, dtype=dtype).data)
    return digest.hexdigest()
