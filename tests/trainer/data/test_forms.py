"""Every form of MovieLens gives the same data set, and what is no form says what would be."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from trainer_service.data import Dataset, read_dataset
from trainer_service.errors import DatasetNotFoundError, MalformedFileError

Writer = Callable[..., Path]

MOVIES_CSV = """movieId,title,genres
3,"Matrix, The (1999)",Action|Sci-Fi
1,Amélie (2001),(no genres listed)
2,Babylon 5,Drama
9,Unseen (1950),Drama
"""
RATINGS_CSV = """userId,movieId,rating,timestamp
7,3,4.5,964982703
7,1,2,964982703
5,3,5.0,964982703
5,2,0.5,964982703
"""


def read(folder: Path) -> Dataset:
    return read_dataset(folder, max_bad_row_share=0)


def check_small_set(dataset: Dataset) -> None:
    """The set above, worked out by hand."""
    ratings = dataset.ratings
    assert ratings.user_ids.tolist() == [5, 7]
    assert ratings.movie_ids.tolist() == [1, 2, 3]
    assert ratings.user_index.tolist() == [0, 0, 1, 1]
    assert ratings.movie_index.tolist() == [1, 2, 0, 2]
    assert ratings.rating.tolist() == [0.5, 5.0, 2.0, 4.5]
    assert dataset.movies.titles == ("Amélie (2001)", "Babylon 5", "Matrix, The (1999)")
    assert dataset.movies.genres == ((), ("Drama",), ("Action", "Sci-Fi"))
    assert dataset.movies.years == (2001, None, 1999)
    assert dataset.report.bad_rows == ()
    assert dataset.report.row_count == 4


def test_grouplens_csv_is_read(write: Writer) -> None:
    dataset = read(write(movies_csv=MOVIES_CSV, ratings_csv=RATINGS_CSV))
    check_small_set(dataset)
    assert dataset.report.form == "grouplens-csv"


def test_kaggles_form_with_quoted_headers_and_timestamps_is_read(write: Writer) -> None:
    dataset = read(
        write(
            movie_csv='"movieId","title","genres"\r\n3,"Matrix, The (1999)","Action|Sci-Fi"\r\n'
            '1,"Amélie (2001) ","(no genres listed)"\r\n2,"Babylon 5","Drama"\r\n',
            rating_csv='"userId","movieId","rating","timestamp"\r\n'
            '7,3,4.5,"2005-04-02 23:53:47"\r\n7,1,2,"2005-04-02 23:31:16"\r\n'
            '5,3,5.0,"2005-04-02 23:33:39"\r\n5,2,0.5,"2005-04-02 23:32:07"',
        )
    )
    check_small_set(dataset)
    assert dataset.report.form == "kaggle-ml-20m"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-8-sig"])
def test_dat_files_are_read_in_latin_1_as_in_utf_8(write: Writer, encoding: str) -> None:
    movies = "3::Matrix, The (1999)::Action|Sci-Fi\n1::Amélie (2001)::\n2::Babylon 5::Drama\n"
    ratings = "7::3::4.5::964982703\n7::1::2::964982703\n5::3::5::964982703\n5::2::0.5::964982703\n"
    dataset = read(write(movies_dat=movies.encode(encoding), ratings_dat=ratings.encode(encoding)))
    check_small_set(dataset)
    assert dataset.report.form == "movielens-dat"


def test_a_quote_in_a_dat_file_is_part_of_the_title(write: Writer) -> None:
    dataset = read(
        write(
            movies_dat='1::"Great Performances" Cats (1998)::Musical\n2::"Odd (1990)::Drama\n',
            ratings_dat="1::1::5\n1::2::3\n",
        )
    )
    assert dataset.movies.titles == ('"Great Performances" Cats (1998)', '"Odd (1990)')


def ml_100k_item(movie_id: int, title: str, *flags: int, count: int = 19) -> str:
    marks = "|".join("1" if place in flags else "0" for place in range(count))
    return f"{movie_id}|{title}|01-Jan-1999||http://us.imdb.com/M/title-exact?x|{marks}\n"


ML_100K_DATA = (
    "7\t3\t4.5\t881250949\n7\t1\t2\t881250949\n5\t3\t5\t881250949\n5\t2\t0.5\t881250949\n"
)


def test_ml_100k_with_the_standard_genres_is_read(write: Writer) -> None:
    items = (
        ml_100k_item(3, "Matrix, The (1999)", 1, 15)
        + ml_100k_item(1, "Amélie (2001)", 0)
        + ml_100k_item(2, "Babylon 5", 8)
    )
    dataset = read(write(u_item=items.encode("latin-1"), u_data=ML_100K_DATA))
    check_small_set(dataset)
    assert dataset.report.form == "movielens-100k"


def test_ml_100k_takes_its_genres_from_u_genre(write: Writer) -> None:
    items = (
        ml_100k_item(3, "Matrix, The (1999)", 2, 3, count=4)
        + ml_100k_item(1, "Amélie (2001)", 0, count=4)
        + ml_100k_item(2, "Babylon 5", 1, count=4)
    )
    genres = "unknown|0\nDrama|1\nAction|2\nSci-Fi|3\n\n"
    check_small_set(read(write(u_item=items, u_data=ML_100K_DATA, u_genre=genres)))


def test_a_u_genre_out_of_order_is_named_with_its_line(write: Writer) -> None:
    folder = write(u_item=ml_100k_item(1, "A", 0), u_data="1\t1\t5\n", u_genre="a|0\nb|2\n")
    with pytest.raises(MalformedFileError, match=r"films/u.genre line 2 is 'b\|2'"):
        read(folder)


def test_the_same_content_has_the_same_fingerprint_in_any_form_and_order(write: Writer) -> None:
    csv_set = read(write(movies_csv=MOVIES_CSV, ratings_csv=RATINGS_CSV))
    header, *rows = RATINGS_CSV.splitlines(keepends=True)
    shuffled = read(write(ratings_csv=header + "".join(reversed(rows))))
    write(
        movies_dat="2::Babylon 5::Drama\n1::Amélie (2001)::\n3::Matrix, The (1999)::Action|Sci-Fi"
    )
    folder = write(ratings_dat="5::2::.5\n5::3::5\n7::1::2\n7::3::4.5\n")
    (folder / "movies.csv").unlink()
    dat_set = read(folder)
    assert dat_set.report.form == "movielens-dat"
    assert csv_set.report.fingerprint == shuffled.report.fingerprint == dat_set.report.fingerprint


@pytest.mark.parametrize(
    ("old", "new"),
    [("7,1,2,", "7,1,2.5,"), ("7,1,2,", "8,1,2,"), ("7,1,2,", "7,2,2,"), ("5,2,0.5,964982703", "")],
)
def test_another_rating_gives_another_fingerprint(write: Writer, old: str, new: str) -> None:
    before = read(write(movies_csv=MOVIES_CSV, ratings_csv=RATINGS_CSV))
    after = read(write(ratings_csv=RATINGS_CSV.replace(old, new)))
    assert before.report.fingerprint != after.report.fingerprint


@pytest.mark.parametrize(
    ("some", "others"),
    [
        ("1,1,4\n1,2,4\n1,3,4\n2,1,4\n", "1,1,4\n1,2,4\n1,3,4\n2,2,4\n"),
        ("1,1,4\n1,2,4\n2,3,4\n", "1,1,4\n2,2,4\n2,3,4\n"),
        ("1,1,4\n2,2,4\n", "1,1,4\n3,2,4\n"),
    ],
)
def test_who_rated_which_movie_is_part_of_the_fingerprint(
    write: Writer, some: str, others: str
) -> None:
    header = "userId,movieId,rating\n"
    before = read(write(movies_csv=MOVIES_CSV, ratings_csv=header + some))
    after = read(write(ratings_csv=header + others))
    assert before.report.fingerprint != after.report.fingerprint


@pytest.mark.parametrize(("old", "new"), [("Babylon 5", "Babylon 6"), ("Action|", "")])
def test_another_title_or_genre_gives_another_fingerprint(
    write: Writer, old: str, new: str
) -> None:
    before = read(write(movies_csv=MOVIES_CSV, ratings_csv=RATINGS_CSV))
    after = read(write(movies_csv=MOVIES_CSV.replace(old, new)))
    assert before.report.fingerprint != after.report.fingerprint


def test_columns_are_found_by_name_and_others_are_ignored(write: Writer) -> None:
    dataset = read(
        write(
            movies_csv='genres,year,movieId,title\nAction|Sci-Fi,,3,"Matrix, The (1999)"\n'
            ",,1,Amélie (2001)\nDrama,,2,Babylon 5\n",
            ratings_csv='note,rating,movieId,userId\n"a, b",4.5,3,7\n,2,1,7\n,5,3,5\n,.5,2,5\n',
        )
    )
    check_small_set(dataset)


def test_an_exotic_line_end_in_a_title_ends_no_line(write: Writer) -> None:
    movies = "1::One\u2028 more (1990)::\n2::Two\x85 (1991)::\n"
    dataset = read(write(movies_dat=movies, ratings_dat="1::1::5\n1::2::5\n"))
    assert dataset.movies.titles == ("One\u2028 more (1990)", "Two\x85 (1991)")


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(write: Writer) -> None:
    def as_from_windows(text: str) -> bytes:
        return text.replace("\n", "\r\n").encode("utf-8-sig")

    folder = write(movies_csv=as_from_windows(MOVIES_CSV), ratings_csv=as_from_windows(RATINGS_CSV))
    check_small_set(read(folder))


def test_of_several_forms_kaggles_counts_then_grouplens(write: Writer) -> None:
    dat = dict(movies_dat="1::A::\n2::B::\n", ratings_dat="1::1::5\n1::2::5\n")
    grouplens = dict(movies_csv=MOVIES_CSV, ratings_csv=RATINGS_CSV)
    assert read(write(**dat, **grouplens)).report.form == "grouplens-csv"
    folder = write(movie_csv=MOVIES_CSV, rating_csv=RATINGS_CSV)
    assert read(folder).report.form == "kaggle-ml-20m"


def test_a_missing_folder_is_named_without_its_path(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFoundError) as caught:
        read(tmp_path / "ml-32m")
    assert "'ml-32m'" in caught.value.message
    assert str(tmp_path) not in caught.value.message
    assert caught.value.resources[0].name == "ml-32m"


@pytest.mark.parametrize(
    ("files", "found"),
    [({}, "found nothing"), ({"movie_csv": "", "notes_txt": ""}, "found movie.csv, notes.txt")],
)
def test_half_a_pair_or_none_lists_what_was_found_and_what_would_work(
    write: Writer, files: dict[str, str], found: str
) -> None:
    with pytest.raises(DatasetNotFoundError) as caught:
        read(write(**files))
    assert found in caught.value.message
    for pair in (
        "movie.csv and rating.csv",
        "movies.csv and ratings.csv",
        "movies.dat and ratings.dat",
        "u.item and u.data",
    ):
        assert pair in caught.value.message


def test_of_many_files_the_first_ten_are_named(write: Writer) -> None:
    with pytest.raises(DatasetNotFoundError, match=r"f09\.txt and 2 more;"):
        read(write(**{f"f{number:02d}_txt": "" for number in range(12)}))


def test_a_missing_column_is_named_with_those_found(write: Writer) -> None:
    folder = write(movies_csv=MOVIES_CSV, ratings_csv="userId,movieId,stars\n1,1,5\n")
    with pytest.raises(MalformedFileError) as caught:
        read(folder)
    assert caught.value.message == (
        "films/ratings.csv has no column 'rating': found 'userId', 'movieId', 'stars'; "
        "wanted userId, movieId, rating, in any order, in the first line"
    )
    write(movies_csv="movieId,name,genres\n1,A,\n")
    with pytest.raises(MalformedFileError, match=r"films/movies\.csv has no column 'title'"):
        read(folder)


def test_junk_in_place_of_a_header_is_not_shown_at_length(write: Writer) -> None:
    folder = write(movies_csv=MOVIES_CSV, ratings_csv=b"\x00\xff\x1b" * 100_000)
    with pytest.raises(MalformedFileError, match="no column 'userId'") as caught:
        read(folder)
    assert len(caught.value.message) < 500


@pytest.mark.parametrize(
    "content", ["", "userId,movieId,rating\n", "userId,movieId,rating\n\n\r\n"]
)
def test_a_rating_file_without_rows_says_so(write: Writer, content: str) -> None:
    with pytest.raises(MalformedFileError, match=r"films/ratings\.csv is empty or has no rows"):
        read(write(movies_csv=MOVIES_CSV, ratings_csv=content))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "films/movies.csv is empty"),
        ("movieId,title,genres\n", "has no usable row: found no rows at all"),
        ("movieId,title,genres\nx,A,\n\n,B,\n", r"1 MISSING_FIELD \(line 4\); 1 BAD_ID \(line 2\)"),
    ],
)
def test_a_movie_table_without_usable_rows_says_so(
    write: Writer, content: str, sentence: str
) -> None:
    with pytest.raises(MalformedFileError, match=sentence):
        read(write(movies_csv=content, ratings_csv=RATINGS_CSV))


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read any folder")
def test_a_folder_that_cannot_be_read_says_why(write: Writer) -> None:
    folder = write(movies_csv=MOVIES_CSV)
    folder.chmod(0)
    try:
        with pytest.raises(MalformedFileError, match=r"films cannot be read: Permission denied"):
            read(folder)
    finally:
        folder.chmod(0o700)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a file that fails to read")
def test_a_file_that_cannot_be_read_says_why(write: Writer) -> None:
    folder = write(movies_csv=MOVIES_CSV)
    # A process may open its own memory; reading its first page fails, even for root.
    (folder / "ratings.csv").symlink_to("/proc/self/mem")
    with pytest.raises(
        MalformedFileError, match=r"films/ratings\.csv cannot be read: Input/output"
    ):
        read(folder)
