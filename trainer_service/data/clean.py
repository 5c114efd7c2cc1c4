"""Clean ratings: rows without unknown movies and duplicates, ids turned into indices."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from trainer_service.data.bad_rows import BadRowKind, SkippedLines
from trainer_service.data.rating_rows import RatingRows
from trainer_service.data.ratings import Ratings, are_sorted, renumbered


def clean_ratings(
    rows: RatingRows, known_movie_ids: NDArray[np.int64]
) -> tuple[Ratings, SkippedLines]:
    """The ratings that count.

    Args:
        rows: Rows with legal numbers, in the order of the file.
        known_movie_ids: The movies in the movie table.

    Returns:
        The ratings, none without a user or a movie, and all lines that gave none.
    """
    movie_index, movie_ids = _indexed(rows.movie_id)
    known = np.isin(movie_ids, known_movie_ids)
    if not known.all():
        rows = rows.without(~known[movie_index], BadRowKind.UNKNOWN_MOVIE)
        movie_index, movie_ids = _indexed(rows.movie_id)
    user_index, user_ids = _indexed(rows.user_id)
    rating, skipped = rows.rating, rows.skipped

    if not are_sorted(user_index, movie_index):
        pair = user_index.astype(np.int64) * movie_ids.size + movie_index
        order = np.argsort(pair, kind="stable")  # of equal pairs the last in the file stays last
        pair = pair[order]
        replaced = np.append(pair[1:] == pair[:-1], False)
        if replaced.any():
            skipped = skipped.with_bad(BadRowKind.DUPLICATE, rows.lines(order[replaced]))
        order = order[~replaced]
        user_index, movie_index, rating = user_index[order], movie_index[order], rating[order]
    return Ratings(user_index, movie_index, rating, user_ids, movie_ids), skipped


def _indexed(ids: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Each id's place among the distinct ids, and those, ascending."""
    # A table of all ids up to the largest is fastest, if that is not too large.
    if ids.size and ids.max() < ids.size:
        distinct, places = renumbered(np.arange(ids.max() + 1), ids)
        return places, distinct
    index, distinct = pd.factorize(ids, sort=True)
    return index.astype(np.int32), distinct
