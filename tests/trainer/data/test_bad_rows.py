"""Bad rows are counted under one kind each, with their true lines, and stop a run past a share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from trainer_service.data import BadRowKind, BadRows, Dataset, read_dataset
from trainer_service.errors import MalformedFileError, TooManyBadRowsError

Writer = Callable[..., Path]

MOVIES_CSV = "movieId,title,genres\n1,A (1990),Drama\n2,B (1991),Drama\n3,C (1992),Drama\n"


def read(write: Writer, *rows: str, share: float = 1, movies: str = MOVIES_CSV) -> Dataset:
    ratings = "\n".join(["userId,movieId,rating,timestamp", *rows]) + "\n"
    return read_dataset(write(movies_csv=movies, ratings_csv=ratings), max_bad_row_share=share)


def bad(dataset: Dataset) -> dict[str, tuple[int, tuple[int, ...]]]:
    return {str(rows.kind): (rows.count, rows.first_lines) for rows in dataset.report.bad_rows}


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("5,1", "MISSING_FIELD"),
        ("5", "MISSING_FIELD"),
        (",,", "MISSING_FIELD"),
        ("5,,4", "MISSING_FIELD"),
        ("5,1, ", "MISSING_FIELD"),
        ('5,1,""', "MISSING_FIELD"),
        ('"5,1,4', "MISSING_FIELD"),
        (",x,9", "MISSING_FIELD"),
        ("-5,1,4", "BAD_ID"),
        ("5,1.5,4", "BAD_ID"),
        ("x,1,4", "BAD_ID"),
        ("5,-1,4", "BAD_ID"),
        ("0x10,1,4", "BAD_ID"),
        ("1e3,1,4", "BAD_ID"),
        ("nan,1,4", "BAD_ID"),
        ("TRUE,1,4", "BAD_ID"),
        ("5\0,1,4", "BAD_ID"),
        ("1_0,1,4", "BAD_ID"),
        ("9223372036854775808,1,4", "BAD_ID"),
        (f"{'9' * 5000},1,4", "BAD_ID"),
        ("x,77,9", "BAD_ID"),
        ("5,1,0.49", "BAD_RATING"),
        ("5,1,5.5", "BAD_RATING"),
        ("5,1,0", "BAD_RATING"),
        ("5,1,-3", "BAD_RATING"),
        ("5,1,nan", "BAD_RATING"),
        ("5,1,NaN", "BAD_RATING"),
        ("5,1,inf", "BAD_RATING"),
        ("5,1,1e999", "BAD_RATING"),
        ("5,1,good", "BAD_RATING"),
        ("5,1,4_0", "BAD_RATING"),
        ("5,1,TRUE", "BAD_RATING"),
        ("5,1,\u0664", "BAD_RATING"),
        ("5,77,9", "BAD_RATING"),
        ("5,77,4", "UNKNOWN_MOVIE"),
        ("8,1,1", "DUPLICATE"),
    ],
)
def test_a_bad_row_is_counted_once_under_its_kind(write: Writer, row: str, kind: str) -> None:
    dataset = read(write, "7,1,4", row, "8,1,3", "7,2,5")
    assert bad(dataset) == {kind: (1, (3,))}
    assert dataset.ratings.user_ids.tolist() == [7, 8]
    assert dataset.ratings.rating.tolist() == [4, 5, 3]
    assert dataset.report.row_count == 4
    assert dataset.report.rating_count == 3


@pytest.mark.parametrize(
    "row",
    [
        "5,1,4",
        "5.0,1.,4.0",
        " 5 ,\t1, 4 ",
        "+5,0001,4e0",
        '"5","1","4"',
        "5,1,4,5,6,7",
        '5,1,4,"open',
        "5,1,4,\xe9\0",
    ],
)
def test_numbers_in_other_clothes_are_clean(write: Writer, row: str) -> None:
    dataset = read(write, "7,1,4", row, share=0)
    assert dataset.ratings.user_ids.tolist() == [5, 7]
    assert dataset.ratings.movie_ids.tolist() == [1]
    assert dataset.ratings.rating.tolist() == [4, 4]


def test_large_ids_are_exact_also_beside_ids_with_a_fraction(write: Writer) -> None:
    rows = ("9007199254740993.0,1,4", "9223372036854775807,1,4", "2,1,4")
    dataset = read(write, *rows, share=0)
    assert dataset.ratings.user_ids.tolist() == [2, 9007199254740993, 9223372036854775807]


def test_of_a_duplicate_the_last_clean_row_counts(write: Writer) -> None:
    dataset = read(write, "1,1,1", "1,2,2", "1,1,3", "2,1,2", "1,1,5", "1,1,99")
    assert dataset.ratings.rating.tolist() == [5, 2, 2]
    assert bad(dataset) == {"DUPLICATE": (2, (2, 4)), "BAD_RATING": (1, (7,))}


def test_line_numbers_are_true_among_blank_and_bad_lines(write: Writer) -> None:
    dataset = read(
        write,
        "",  # line 2
        "1,1,4",
        "x,1,4",  # 4
        "  \r",
        "1,77,4",  # 6
        "1,2,9",  # 7
        "2,1,3",  # 8, replaced by 11
        "",
        "3,88,4",  # 10
        "2,1,5",
        "",
    )
    assert bad(dataset) == {
        "BAD_ID": (1, (4,)),
        "BAD_RATING": (1, (7,)),
        "UNKNOWN_MOVIE": (2, (6, 10)),
        "DUPLICATE": (1, (8,)),
    }
    assert dataset.report.row_count == 7
    assert dataset.ratings.rating.tolist() == [4, 5]


def test_only_the_first_five_lines_of_a_kind_are_named(write: Writer) -> None:
    dataset = read(write, "1,1,4", *["1,1"] * 8)
    assert dataset.report.bad_rows == (
        BadRows(
            kind=BadRowKind.MISSING_FIELD,
            file="ratings.csv",
            count=8,
            first_lines=(3, 4, 5, 6, 7),
        ),
    )


def test_a_quote_that_never_closes_costs_its_own_row_only(write: Writer) -> None:
    dataset = read(write, "1,1,4", '1,"2,5', "2,1,3", "2,2,2")
    assert bad(dataset) == {"MISSING_FIELD": (1, (3,))}
    assert len(dataset.ratings) == 3


def test_bad_rows_of_the_movie_table_are_reported_and_the_first_of_an_id_counts(
    write: Writer,
) -> None:
    movies = (
        "movieId,title,genres\n"
        "1,A (1990),Drama\n"
        ",Nameless,Drama\n"  # line 3
        "2,,Drama\n"
        "2,Matrix, The (1999),Drama\n"  # a comma that is not quoted
        "\n"
        "2,B (1991)\n"
        "x,B (1991),Drama\n"  # 8
        "1,Another A,Drama\n"  # 9
        "2,B (1991),Drama\n"
    )
    dataset = read(write, "1,1,4", "1,2,4", movies=movies, share=0)
    assert dataset.movies.titles == ("A (1990)", "B (1991)")
    assert [(str(rows.kind), rows.file, rows.first_lines) for rows in dataset.report.bad_rows] == [
        ("MISSING_FIELD", "movies.csv", (3, 4, 5, 7)),
        ("BAD_ID", "movies.csv", (8,)),
        ("DUPLICATE", "movies.csv", (9,)),
    ]


def test_movies_that_nobody_rated_stay_out_and_are_not_bad(write: Writer) -> None:
    dataset = read(write, "1,1,4", "1,3,4", share=0)
    assert dataset.movies.titles == ("A (1990)", "C (1992)")
    assert dataset.report.movie_count == 2
    assert dataset.report.bad_rows == ()


def test_users_with_bad_rows_only_are_no_users(write: Writer) -> None:
    dataset = read(write, "1,1,4", "2,77,4", "3,1,9")
    assert dataset.ratings.user_ids.tolist() == [1]
    assert dataset.report.user_count == 1


def test_past_the_share_the_kinds_and_lines_and_the_way_out_are_named(write: Writer) -> None:
    rows = ("1,1,4", "1,2,4", "x,1,4", "2,2,4", "2,1,9", "2,3,4", "1,3,9", "3,3,3")
    assert len(read(write, *rows, share=3 / 8).ratings) == 5
    with pytest.raises(TooManyBadRowsError) as caught:
        read(write, *rows, share=0.37)
    assert caught.value.message == (
        "3 of the 8 rows of films/ratings.csv are bad, a share of 0.38 where 0.37 is allowed: "
        "1 BAD_ID (line 4); 2 BAD_RATING (lines 6, 8); mend the file, or set "
        "MOVIEREC_MAX_BAD_ROW_SHARE of the trainer to 0.375"
    )


def test_the_share_that_is_named_as_enough_is_enough(write: Writer) -> None:
    rows = ["1,1,4", "1,1,4", "1,2,4"]  # a third, which three digits round down
    with pytest.raises(TooManyBadRowsError) as caught:
        read(write, *rows, share=0.01)
    enough = float(caught.value.message.rsplit(" ", 1)[1])
    assert len(read(write, *rows, share=enough).ratings) == 2


def test_without_any_usable_row_no_share_helps(write: Writer) -> None:
    with pytest.raises(MalformedFileError, match=r"no usable row among 2: found 2 UNKNOWN_MOVIE"):
        read(write, "1,77,4", "1,88,4")
