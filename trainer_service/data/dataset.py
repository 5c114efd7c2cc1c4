"""Data sets: a folder in any form of MovieLens, read and checked."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainer_service.data.bad_rows import SkippedLines
from trainer_service.data.cells import file_label
from trainer_service.data.clean import clean_ratings
from trainer_service.data.forms import recognise
from trainer_service.data.movie_rows import read_movie_rows
from trainer_service.data.movies import MovieTable
from trainer_service.data.rating_rows import read_rating_rows
from trainer_service.data.ratings import Ratings
from trainer_service.data.report import DataReport, fingerprint
from trainer_service.errors import (
    MalformedFileError,
    NoMovieOverThresholdError,
    TooManyBadRowsError,
)


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Ratings, their movies, and what was found on the way.

    Args:
        movies: The movies of `ratings.movie_ids`, in that order.
        ratings: The clean ratings.
        report: What was found and what is left.

    Raises:
        ValueError: The movies are not those of the ratings.
    """

    movies: MovieTable
    ratings: Ratings
    report: DataReport

    def __post_init__(self) -> None:
        if not np.array_equal(self.movies.movie_ids, self.ratings.movie_ids):
            raise ValueError("the movie table must list exactly the movies of the ratings")

    def over_threshold(self, min_ratings: int) -> "Dataset":
        """The data set of the movies with more than so many ratings, and of who rated them.

        Raises:
            NoMovieOverThresholdError: Fewer than two movies have.
        """
        counts = self.ratings.rating_counts
        kept = counts > min_ratings  # (M,)
        if kept.sum() < 2:
            raise NoMovieOverThresholdError(_too_few_movies(np.sort(counts)[::-1], min_ratings))
        ratings = self.ratings.select(kept[self.ratings.movie_index]).without_unrated()
        report = self.report.model_copy(
            update=dict(
                kept_rating_count=len(ratings),
                kept_user_count=ratings.user_count,
                kept_movie_count=ratings.movie_count,
            )
        )
        return Dataset(self.movies.select(ratings.movie_ids), ratings, report)


def read_dataset(folder: Path, *, max_bad_row_share: float) -> Dataset:
    """Read a data set.

    Args:
        folder: Where its files lie.
        max_bad_row_share: How many of the rating file's rows may be bad, from 0
            to 1.

    Returns:
        All clean ratings and the movies that have any.

    Raises:
        DatasetNotFoundError: There is no such folder, or no form of MovieLens in it.
        MalformedFileError: A file is empty, lacks a column, has no usable row or
            cannot be read.
        TooManyBadRowsError: More rows are bad than may be.
    """
    form = recognise(folder)
    table, skipped_movies = read_movie_rows(folder, form)
    rating_path = folder / form.ratings.file
    rows = read_rating_rows(rating_path, form.ratings)
    row_count = rows.row_count
    ratings, skipped = clean_ratings(rows, table.movie_ids)
    _check_bad_rows(rating_path, skipped, row_count, max_bad_row_share)

    movies = table.select(ratings.movie_ids)
    report = DataReport(
        form=form.name,
        row_count=row_count,
        rating_count=len(ratings),
        user_count=ratings.user_count,
        movie_count=ratings.movie_count,
        kept_rating_count=len(ratings),
        kept_user_count=ratings.user_count,
        kept_movie_count=ratings.movie_count,
        bad_rows=skipped_movies.report(form.movies.file) + skipped.report(form.ratings.file),
        fingerprint=fingerprint(movies, ratings),
    )
    return Dataset(movies, ratings, report)


def _check_bad_rows(path: Path, skipped: SkippedLines, row_count: int, max_share: float) -> None:
    """Stop where too many rows are bad to trust the rest."""
    bad_count = skipped.bad_count
    found = "; ".join(str(rows) for rows in skipped.report(path.name))
    if bad_count == row_count:
        raise MalformedFileError(
            f"{file_label(path)} has no usable row among {row_count:,}: found {found}"
        )
    share = bad_count / row_count
    if share > max_share:
        enough = math.ceil(share * 1000) / 1000
        raise TooManyBadRowsError(
            f"{bad_count:,} of the {row_count:,} rows of {file_label(path)} are bad, a share of "
            f"{share:.2g} where {max_share:g} is allowed: {found}; mend the file, or set "
            f"MOVIEREC_MAX_BAD_ROW_SHARE of the trainer to {enough:g}"
        )


def _too_few_movies(counts: np.ndarray[tuple[int], np.dtype[np.int64]], min_ratings: int) -> str:
    """Why no model can be trained, and which threshold would do; counts descend, (M,)."""
    most = f"{counts[0]:,}"
    if counts.size < 2:
        return f"only one movie is rated ({most} times): recommending needs at least two"
    remedy = f"pass --min-ratings below {counts[1]:,}"
    if counts[0] > min_ratings:
        return (
            f"only one movie has more than {min_ratings:,} ratings, {most}, and recommending "
            f"needs at least two: {remedy}"
        )
    return (
        f"no movie has more than {min_ratings:,} ratings; the most rated has {most}: {remedy}, "
        f"so that two or more remain"
    )
