"""Ratings by month, from timestamps of either kind; known by hand."""

from pathlib import Path

import pytest

from support.datasets import REAL_DATA
from trainer_service.data.times import RatingTimes, read_rating_times

APRIL_2005 = (2005 - 1970) * 12 + 3
MOVIES = "movieId,title,genres\n1,A (1999),Drama\n2,B (1999),Drama\n"


def read(folder: Path, ratings: str) -> RatingTimes | None:
    (folder / "movies.csv").write_text(MOVIES)
    (folder / "ratings.csv").write_text(ratings)
    return read_rating_times(folder)


def months(times: RatingTimes | None) -> dict[int, tuple[int, float]]:
    """Count and sum of each month that has any."""
    assert times
    return {
        int(month): (int(times.counts[month]), float(times.sums[month]))
        for month in times.counts.nonzero()[0]
    }


def test_dates_are_counted_by_month_with_their_stars(tmp_path: Path) -> None:
    times = read(
        tmp_path,
        "userId,movieId,rating,timestamp\n"
        '1,1,3.5,"2005-04-02 23:53:47"\n'
        "1,2,4.0,2005-04-30 00:00:00\n"
        '2,1,1.0,"2005-05-01 00:00:00"\n',
    )
    assert months(times) == {APRIL_2005: (2, 7.5), APRIL_2005 + 1: (1, 1.0)}


def test_seconds_since_1970_are_counted_by_month(tmp_path: Path) -> None:
    times = read(tmp_path, "userId,movieId,rating,timestamp\n1,1,3,1112486027\n1,2,5,0\n")
    assert months(times) == {APRIL_2005: (1, 3.0), 0: (1, 5.0)}


def test_the_timestamp_may_stand_in_any_column(tmp_path: Path) -> None:
    times = read(tmp_path, "timestamp,userId,rating,movieId\n2005-04-02,1,3.5,1\n")
    assert months(times) == {APRIL_2005: (1, 3.5)}


@pytest.mark.parametrize("bad", ["x", "", "9-9-9", "2005-13-01", "1000-01-01", "-", '"'])
def test_a_rating_without_a_legal_date_is_counted_as_such(tmp_path: Path, bad: str) -> None:
    times = read(
        tmp_path, f"userId,movieId,rating,timestamp\n1,1,3.5,2005-04-02 10:00\n1,2,4.0,{bad}\n"
    )
    assert months(times) == {APRIL_2005: (1, 3.5)}
    assert times
    assert times.untimed_count == 1


@pytest.mark.parametrize("bad", ["0", "5.5", "x", ""])
def test_a_row_without_legal_stars_is_passed_over(tmp_path: Path, bad: str) -> None:
    times = read(
        tmp_path,
        f"userId,movieId,rating,timestamp\n1,1,3.5,2005-04-02 10:00\n1,2,{bad},2005-04-02\n",
    )
    assert months(times) == {APRIL_2005: (1, 3.5)}


def test_a_line_that_is_no_row_costs_no_other_one(tmp_path: Path) -> None:
    times = read(
        tmp_path,
        "userId,movieId,rating,timestamp\n1,1,3.5,2005-04-02\n1\n\n1,2,3,4,5,6,7,8,9\n"
        '"1,2,2.5,2005-04-02\n2,2,1.0,2005-04-02\n',
    )
    assert months(times) == {APRIL_2005: (3, 7.0)}


@pytest.mark.parametrize(
    "ratings", ["userId,movieId,rating\n1,1,3.5\n", "userId,movieId,rating,timestamp\n1,1,3.5,x\n"]
)
def test_without_any_time_there_is_nothing(tmp_path: Path, ratings: str) -> None:
    assert read(tmp_path, ratings) is None


def test_files_without_a_header_have_the_time_in_the_fourth_place(tmp_path: Path) -> None:
    (tmp_path / "movies.dat").write_text("1::A (1999)::Drama\n")
    (tmp_path / "ratings.dat").write_text("1::1::3::1112486027\n")
    assert months(read_rating_times(tmp_path)) == {APRIL_2005: (1, 3.0)}


def test_every_rating_of_real_data_has_a_month() -> None:
    folder = REAL_DATA / "ml-latest-small"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    times = read_rating_times(folder)
    assert times
    assert (times.counts.sum(), times.untimed_count) == (100_836, 0)
