"""Thresholds on data sets, and what real ones hold."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from support.datasets import REAL_DATA
from trainer_service.data import Dataset, Movie, MovieTable, read_dataset
from trainer_service.errors import NoMovieOverThresholdError

Writer = Callable[..., Path]

needs_real_data = pytest.mark.skipif(not REAL_DATA.is_dir(), reason="../shared/data is missing")


@pytest.fixture
def dataset(write: Writer) -> Dataset:
    """Movies 1 to 4 with 1, 2, 3 and 3 ratings; user 9 rated movie 1 alone."""
    folder = write(
        movies_csv="movieId,title,genres\n4,D,\n3,C,\n2,B,\n1,A,\n",
        ratings_csv="userId,movieId,rating\n"
        "1,2,1\n1,3,2\n1,4,3\n2,2,4\n2,3,5\n2,4,1\n3,3,2\n3,4,3\n9,1,4\n",
    )
    return read_dataset(folder, max_bad_row_share=0)


def test_a_data_set_not_yet_cut_keeps_everything(dataset: Dataset) -> None:
    report = dataset.report
    assert (report.rating_count, report.user_count, report.movie_count) == (9, 4, 4)
    assert (report.kept_rating_count, report.kept_user_count, report.kept_movie_count) == (9, 4, 4)


def test_only_movies_with_more_ratings_than_the_threshold_remain(dataset: Dataset) -> None:
    kept = dataset.over_threshold(2)
    assert kept.movies.titles == ("C", "D")
    assert kept.ratings.movie_ids.tolist() == [3, 4]
    assert kept.ratings.user_ids.tolist() == [1, 2, 3]
    assert kept.ratings.rating.tolist() == [2, 3, 5, 1, 2, 3]
    report = kept.report
    assert (report.kept_rating_count, report.kept_user_count, report.kept_movie_count) == (6, 3, 2)
    assert (report.rating_count, report.user_count, report.movie_count) == (9, 4, 4)
    assert report.fingerprint == dataset.report.fingerprint


def test_users_of_dropped_movies_drop_out(dataset: Dataset) -> None:
    assert dataset.over_threshold(1).ratings.user_ids.tolist() == [1, 2, 3]
    assert dataset.over_threshold(0).ratings.user_ids.tolist() == [1, 2, 3, 9]


def test_a_threshold_above_all_movies_names_one_that_works(dataset: Dataset) -> None:
    with pytest.raises(NoMovieOverThresholdError) as caught:
        dataset.over_threshold(5000)
    assert caught.value.message == (
        "no movie has more than 5,000 ratings; the most rated has 3: pass --min-ratings below 3, "
        "so that two or more remain"
    )
    assert dataset.over_threshold(3 - 1).movies.titles == ("C", "D")


def test_one_movie_left_is_one_too_few(write: Writer) -> None:
    folder = write(
        movies_csv="movieId,title,genres\n1,A,\n2,B,\n",
        ratings_csv="userId,movieId,rating\n1,1,5\n2,1,5\n1,2,5\n",
    )
    both = read_dataset(folder, max_bad_row_share=0)
    with pytest.raises(
        NoMovieOverThresholdError, match=r"only one movie has more than 1 .* below 1"
    ):
        both.over_threshold(1)
    assert len(both.over_threshold(0).movies) == 2
    write(ratings_csv="userId,movieId,rating\n1,1,5\n2,1,5\n")
    alone = read_dataset(folder, max_bad_row_share=0)
    with pytest.raises(NoMovieOverThresholdError, match=r"only one movie is rated \(2 times\)"):
        alone.over_threshold(0)


def test_movies_and_ratings_that_do_not_belong_together_are_refused(dataset: Dataset) -> None:
    with pytest.raises(ValueError, match="exactly the movies"):
        Dataset(MovieTable((Movie(1, "A", ()),)), dataset.ratings, dataset.report)


@needs_real_data
def test_ml_latest_small_is_read_whole() -> None:
    dataset = read_dataset(REAL_DATA / "ml-latest-small", max_bad_row_share=0)
    report = dataset.report
    assert (report.form, report.bad_rows) == ("grouplens-csv", ())
    assert (report.row_count, report.rating_count) == (100_836, 100_836)
    assert (report.user_count, report.movie_count) == (610, 9_724)
    assert dataset.movies[0] == Movie(
        1, "Toy Story (1995)", ("Adventure", "Animation", "Children", "Comedy", "Fantasy")
    )
    most_rated = int(np.argmax(dataset.ratings.rating_counts))
    assert dataset.movies[most_rated].title == "Forrest Gump (1994)"
    assert dataset.ratings.rating_counts[most_rated] == 329
    with pytest.raises(NoMovieOverThresholdError, match="the most rated has 329"):
        dataset.over_threshold(5000)


@needs_real_data
def test_ml_1m_is_read_whole_without_timestamps() -> None:
    dataset = read_dataset(REAL_DATA / "ml-1m", max_bad_row_share=0)
    report = dataset.report
    assert (report.rating_count, report.user_count, report.movie_count) == (1_000_209, 6_040, 3_706)
    assert report.bad_rows == ()
    assert dataset.ratings.user_offsets[-1] == 1_000_209
    assert set(np.unique(dataset.ratings.rating)) == {1, 2, 3, 4, 5}
