"""The numbers of a data set, known by hand."""

from pathlib import Path

import numpy as np
import pytest

from support.reports import write_movies
from trainer_service.data import read_dataset
from trainer_service.data.times import read_rating_times
from trainer_service.insights.dataset_numbers import DAMPING, DatasetNumbers, numbers_of_dataset
from trainer_service.insights.tallies import MovieTallies

HEADER = "userId,movieId,rating,timestamp"
MOVIES = """\
1,Alien (1979),Horror|Sci-Fi
2,Brazil (1985),Sci-Fi
3,Casablanca (1942),Drama
4,No Year,
5,Future (9999),Drama"""
RATINGS = """\
1,1,4,2005-04-02
1,2,3,2005-04-03
1,3,5,2005-06-01
2,1,2,2005-06-02
2,4,3.7,2005-06-03
3,1,3,2005-06-04
3,5,1,2005-06-05
3,9,1,2005-06-05
x,1,1,2005-06-05"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_movies(tmp_path / "films", MOVIES, RATINGS, HEADER)


@pytest.fixture
def numbers(folder: Path) -> DatasetNumbers:
    dataset = read_dataset(folder, max_bad_row_share=1)
    return numbers_of_dataset("films", dataset, read_rating_times(folder), min_ratings=1)


def test_ratings_are_counted_by_stars_at_the_nearest_half(numbers: DatasetNumbers) -> None:
    counts = dict(zip(numbers.stars, numbers.star_counts, strict=True))
    assert {stars: count for stars, count in counts.items() if count} == {
        1: 1,
        2: 1,
        3: 2,
        3.5: 1,
        4: 1,
        5: 1,
    }
    assert numbers.mean == pytest.approx(21.7 / 7)


def test_the_threshold_is_passed_by_movies_with_more_ratings(numbers: DatasetNumbers) -> None:
    found = numbers.ratings_per_movie
    assert (found.movies_above, found.ratings_above) == (1, 3)
    assert found.movie_share_above == pytest.approx(1 / 5)
    assert found.rating_share_above == pytest.approx(3 / 7)
    assert (found.rating_counts[0], found.rating_counts[-1]) == (3, 1)


def test_every_user_is_in_one_bin(numbers: DatasetNumbers) -> None:
    found = numbers.ratings_per_user
    assert sum(found.user_counts) == 3
    assert (found.edges[0], found.most, found.median) == (2, 3, 2)


def test_years_are_those_of_titles_that_films_can_have(numbers: DatasetNumbers) -> None:
    assert [(year.year, year.movie_count, year.rating_count) for year in numbers.years] == [
        (1942, 1, 1),
        (1979, 1, 3),
        (1985, 1, 1),
    ]
    assert numbers.movies_without_year == 2


def test_a_movie_counts_with_each_of_its_genres(numbers: DatasetNumbers) -> None:
    found = {genre.genre: genre for genre in numbers.genres}
    assert {name: genre.movie_count for name, genre in found.items()} == {
        "Drama": 2,
        "Sci-Fi": 2,
        "Horror": 1,
    }
    assert found["Sci-Fi"].rating_count == 4
    assert found["Sci-Fi"].rating.value == pytest.approx(12 / 4)
    assert found["Horror"].rating.standard_error is None
    assert numbers.movies_without_genre == 1


def test_pairs_of_genres_are_counted_both_ways(numbers: DatasetNumbers) -> None:
    names = numbers.co_occurrence.genres
    assert names == ("Drama", "Sci-Fi", "Horror")
    assert numbers.co_occurrence.movie_counts == ((2, 0, 0), (0, 2, 1), (0, 1, 1))


def test_months_have_no_gaps_and_no_mean_without_a_rating(numbers: DatasetNumbers) -> None:
    assert numbers.over_time
    assert numbers.over_time.months == ("2005-04", "2005-05", "2005-06")
    assert numbers.over_time.rating_counts == (2, 0, 7)
    assert numbers.over_time.means[:2] == (3.5, None)


@pytest.mark.parametrize(
    ("odd", "outside"),
    [
        (["1970-01-01"], 1),
        (["1970-01-01", "2100-01-01"], 2),
        (["1999-06-01"], 0),
        (["2010-02-01", "2010-03-01"], 0),
    ],
)
def test_times_far_from_all_others_are_counted_and_not_looked_at(
    tmp_path: Path, odd: list[str], outside: int
) -> None:
    usual = [f"{2000 + at % 10}-{1 + at % 12:02}-01" for at in range(1_000)]
    lines = "\n".join(f"{at},1,3,{time}" for at, time in enumerate([*usual, *odd]))
    folder = write_movies(tmp_path / "odd", "1,A (1999),Drama", lines, HEADER)
    dataset = read_dataset(folder, max_bad_row_share=1)
    found = numbers_of_dataset("odd", dataset, read_rating_times(folder), 1).over_time
    assert found
    assert found.outside_count == outside
    assert sum(found.rating_counts) == 1_000 + len(odd)
    seen = [] if outside else [time[:7] for time in odd]
    shown = found.months[slice(*found.shown)]
    assert shown[0] == min(["2000-01", *seen])
    assert shown[-1] == max(["2009-12", *seen])


def test_few_ratings_make_no_movie_the_best(numbers: DatasetNumbers) -> None:
    by_title = {movie.title: movie for movie in numbers.best_rated}
    mean = 21.7 / 7
    casablanca = by_title["Casablanca (1942)"]
    assert casablanca.mean == 5
    assert casablanca.damped_mean == pytest.approx((5 + DAMPING * mean) / (1 + DAMPING))
    assert numbers.best_rated[0] == casablanca
    assert numbers.most_rated[0].title == "Alien (1979)"


def test_what_was_left_out_is_told(numbers: DatasetNumbers) -> None:
    assert {rows.kind: rows.count for rows in numbers.data.bad_rows} == {
        "BAD_ID": 1,
        "UNKNOWN_MOVIE": 1,
    }


def test_the_error_of_a_mean_is_that_of_whole_movies(folder: Path) -> None:
    tallies = MovieTallies(read_dataset(folder, max_bad_row_share=1).ratings)
    found = tallies.mean_of(np.array([0, 1]))  # sums 9 and 3, of 3 ratings and 1: means 3 and 3
    assert (found.value, found.standard_error) == (3, 0)
    found = tallies.mean_of(np.array([1, 2]))  # one rating each, 3 and 5
    assert found.value == 4
    assert found.standard_error == pytest.approx(1)  # as of the mean of 3 and 5
    assert found.confidence == pytest.approx(12.7062, abs=1e-4)  # Student's t of one degree
    assert tallies.mean_of(np.array([], dtype=np.int64)).value is None
