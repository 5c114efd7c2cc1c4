"""Whatever the damage, the fast reader finds what a slow and obvious one finds."""

import csv
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trainer_service.data import read_dataset
from trainer_service.data.cells import split_cells
from trainer_service.data.forms import FORMS, Form, TableForm
from trainer_service.data.rating_blocks import BlockParser
from trainer_service.data.rating_rows import RatingRows, read_rating_rows
from trainer_service.errors import MalformedFileError

KNOWN_MOVIES = (1, 2, 3, 5, 1000)
SPACE = " \t\r\v\f"

# Cells that are legal somewhere, illegal somewhere else, or a trap for a parser.
CELLS = st.sampled_from(
    (
        *("1", "2", "3", "4", "5", "0", "77", "1000", "+3", "-0", "-1", "007", " 2 ", "2\t", "1.0"),
        *("3.", "1.5", "4.5", ".5", "0.49", "5.0001", "4.5e0", "1e3", "1e", "1e-400", "0x10"),
        *("", " ", "nan", "NaN", "NA", "inf", "-inf", "TRUE", "true", "None", "é", "\u0664", "1_0"),
        *("\0", "1\0", "\0001", '"1"', '"2" ', ' "2"', '"', '""', '"1""2"', '1"2', "x", "#", "\\"),
        *("1\r", "9007199254740993", "9007199254740993.0", "9223372036854775807"),
        *("9223372036854775808", "18446744073709551616", "0" * 30 + "4", "9" * 30),
        *(":", "1:2", "\x1f", "1\x1f2", "a,b", '"a,b"', '"a\nb"', "\u2028", "\x85", "\x1c"),
    )
)
SOUND_ROWS = st.tuples(
    st.sampled_from(["1", "2", "3", "900"]),
    st.sampled_from(["1", "2", "3", "5", "1000"]),
    st.sampled_from(["0.5", "1", "3.5", "4", "5.0"]),
    st.sampled_from(["964982703", '"2005-04-02 23:53:47"']),
)
DAMAGED_ROWS = st.lists(CELLS, max_size=6)
LINE_ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n", "\n\n", "\n \n"])


@st.composite
def rating_lines(draw: st.DrawFn, separator: str) -> str:
    """Lines of a rating file, without the header; more sound ones than damaged ones."""
    rows = draw(st.lists(st.one_of(SOUND_ROWS, SOUND_ROWS, DAMAGED_ROWS), max_size=12))
    text = "".join(separator.join(row) + draw(LINE_ENDS) for row in rows)
    return text.removesuffix("\n") if draw(st.booleans()) else text


class Found(NamedTuple):
    """What a reader makes of a rating file."""

    row_count: int
    ratings: dict[tuple[int, int], float]
    bad: dict[str, list[int]]


def whole_number(cell: str) -> int | None:
    if not re.fullmatch(r"[+-]?[0-9]+(\.0*)?", cell, re.ASCII):
        return None
    value = int(cell.partition(".")[0])
    return value if 0 <= value < 2**63 else None


def stars(cell: str) -> float | None:
    if not set(cell) <= set("0123456789.+-eE"):
        return None
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if 0.5 <= value <= 5 else None


def read_slowly(text: str, separator: str, first_line: int, positions: tuple[int, ...]) -> Found:
    """The contract in plain Python: one line, one row, one verdict."""
    ratings: dict[tuple[int, int], tuple[float, int]] = {}
    bad: dict[str, list[int]] = {}
    row_count = 0
    lines = text.split("\n")
    for number, line in enumerate(lines, first_line):
        if not line.strip(SPACE):
            continue
        row_count += 1
        if separator == ",":
            # The csv module takes a carriage return for a line end; here it is a space.
            cells = next(csv.reader([line.replace("\r", " ")]))
        else:
            cells = line.split(separator)
        wanted = [cells[at].strip(SPACE) for at in positions if at < len(cells)]
        if len(wanted) < 3 or "" in wanted:
            bad.setdefault("MISSING_FIELD", []).append(number)
            continue
        user, movie, rating = whole_number(wanted[0]), whole_number(wanted[1]), stars(wanted[2])
        if user is None or movie is None:
            bad.setdefault("BAD_ID", []).append(number)
        elif rating is None:
            bad.setdefault("BAD_RATING", []).append(number)
        elif movie not in KNOWN_MOVIES:
            bad.setdefault("UNKNOWN_MOVIE", []).append(number)
        else:
            if (user, movie) in ratings:
                bad.setdefault("DUPLICATE", []).append(ratings[user, movie][1])
            ratings[user, movie] = (rating, number)
    by_pair = {pair: rating for pair, (rating, _) in sorted(ratings.items())}
    return Found(row_count, by_pair, {kind: sorted(numbers) for kind, numbers in bad.items()})


def read_fast(movies: dict[str, str], ratings: dict[str, bytes]) -> Found | None:
    """The same by `read_dataset`; None where it says that there is nothing to read."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in movies.items():
            (folder / file).write_text(text, encoding="utf-8")
        for file, content in ratings.items():
            (folder / file).write_bytes(content)
        try:
            dataset = read_dataset(folder, max_bad_row_share=1)
        except MalformedFileError:
            return None
    found = dataset.ratings
    pairs = zip(
        found.user_ids[found.user_index].tolist(),
        found.movie_ids[found.movie_index].tolist(),
        strict=True,
    )
    bad = {rows.kind.value: list(rows.first_lines) for rows in dataset.report.bad_rows}
    for rows in dataset.report.bad_rows:
        assert rows.count >= len(rows.first_lines)
        bad[rows.kind.value] += [-1] * (rows.count - len(rows.first_lines))
    by_pair = dict(zip(pairs, found.rating.tolist(), strict=True))
    return Found(dataset.report.row_count, by_pair, bad)


def check_same(fast: Found | None, slow: Found) -> None:
    if fast is None:
        assert not slow.ratings
        return
    assert fast.row_count == slow.row_count
    assert list(fast.ratings) == list(slow.ratings)
    assert list(fast.ratings.values()) == pytest.approx(list(slow.ratings.values()), rel=1e-7)
    # Of each kind the report names the first five lines; -1 stands for the others.
    assert fast.bad == {
        kind: numbers[:5] + [-1] * len(numbers[5:]) for kind, numbers in slow.bad.items()
    }


MOVIES_CSV = "movieId,title,genres\n" + "".join(f"{i},Film {i},\n" for i in KNOWN_MOVIES)
MOVIES_DAT = "".join(f"{i}::Film {i}::\n" for i in KNOWN_MOVIES)
ITEMS = "".join(f"{i}|Film {i}||||{'|'.join('0' * 19)}\n" for i in KNOWN_MOVIES)


@settings(max_examples=300, deadline=None)
@given(rating_lines(","), st.booleans())
@example(text='1,2,3\n1,"2\n",3\n', with_mark=False)
@example(text="1e3,1,4\n2,1,4\n", with_mark=False)
@example(text="TRUE,1,4\nFALSE,1,4\n", with_mark=False)
@example(text="1,1,TRUE\n", with_mark=False)
@example(text="\ufeff1,1,4\n", with_mark=True)
@example(text='1,2,4,"a\nb"\r3,1,4\n', with_mark=False)
@example(text="9007199254740993.0,1,4\n", with_mark=True)
def test_a_csv_file_is_read_as_by_the_obvious_reader(text: str, with_mark: bool) -> None:  # noqa: FBT001 -- hypothesis draws it
    header = "userId,movieId,rating,timestamp\n"
    content = (header + text).encode("utf-8-sig" if with_mark else "utf-8")
    fast = read_fast({"movies.csv": MOVIES_CSV}, {"ratings.csv": content})
    check_same(fast, read_slowly(text, ",", 2, (0, 1, 2)))


@settings(max_examples=100, deadline=None)
@given(rating_lines(","))
def test_so_is_one_with_its_columns_in_another_order(text: str) -> None:
    content = ("rating,timestamp,userId,movieId\n" + text).encode()
    fast = read_fast({"movies.csv": MOVIES_CSV}, {"ratings.csv": content})
    check_same(fast, read_slowly(text, ",", 2, (2, 3, 0)))


@settings(max_examples=150, deadline=None)
@given(rating_lines("::"))
@example(text="1\x1f2\x1f3\x1f4\n")
@example(text="1:0:2:0:3\n")
@example(text='"1"::1::4\n')
def test_so_is_a_dat_file(text: str) -> None:
    fast = read_fast({"movies.dat": MOVIES_DAT}, {"ratings.dat": text.encode()})
    check_same(fast, read_slowly(text, "::", 1, (0, 1, 2)))


@settings(max_examples=150, deadline=None)
@given(rating_lines("\t"))
def test_so_is_a_file_separated_by_tabs(text: str) -> None:
    fast = read_fast({"u.item": ITEMS}, {"u.data": text.encode()})
    check_same(fast, read_slowly(text, "\t", 1, (0, 1, 2)))


@pytest.mark.parametrize(
    ("separator", "columns", "lines"),
    [
        (",", (0, 1, 2), b"1,296,3.5,1112486027\r\n7,2,4.0,1112486027\r\n"),
        (",", (0, 1, 2), b'1,296,3.5,"2005-04-02 23:53:47"\n7,2,4.0,"2005-04-02 23:31:16"\n'),
        (",", (0, 1, 2), b'"1","296","3.5"\n"7","2","4.0"'),
        (",", (3, 2, 1), b'"a, b",3.5,296,1\n\xe9,4.0,2,7\n'),
        ("::", (0, 1, 2), b"1::296::3.5::978300760\n7::2::4\n"),
        ("\t", (0, 1, 2), b"1\t296\t3.5\t881250949\n7\t2\t4\t881250949\n"),
    ],
)
def test_lines_as_they_are_published_are_read_the_fast_way(
    separator: str, columns: tuple[int, int, int], lines: bytes
) -> None:
    """Falling back on the careful way would give the same rows, thirty times slower."""
    rows = BlockParser(separator, columns).parse_fast(lines)
    assert rows is not None
    assert rows.user_id.tolist() == [1, 7]
    assert rows.movie_id.tolist() == [296, 2]
    assert rows.rating.tolist() == [3.5, 4]
    assert rows.line_count == 2


def rows_of(path: Path, table: TableForm, block_bytes: int) -> RatingRows | None:
    try:
        return read_rating_rows(path, table, block_bytes=block_bytes)
    except MalformedFileError:
        return None


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from(FORMS), st.integers(1, 400))
def test_the_size_of_the_blocks_changes_nothing(
    data: st.DataObject, form: Form, block_bytes: int
) -> None:
    """One line a block leaves only damaged lines to the careful way; one block leaves it all."""
    table = form.ratings
    text = data.draw(rating_lines(table.separator))
    header = "userId,movieId,rating,timestamp\n" if table.is_csv else ""
    with TemporaryDirectory() as name:
        path = Path(name) / table.file
        path.write_bytes((header + text).encode())
        whole = rows_of(path, table, 2**20)
        in_blocks = rows_of(path, table, block_bytes)
    assert (whole is None) == (in_blocks is None)
    if whole is None or in_blocks is None:
        return
    assert whole.user_id.tolist() == in_blocks.user_id.tolist()
    assert whole.movie_id.tolist() == in_blocks.movie_id.tolist()
    assert whole.rating.tolist() == in_blocks.rating.tolist()
    assert whole.skipped.blank.tolist() == in_blocks.skipped.blank.tolist()
    for kind, lines in whole.skipped.bad.items():
        assert lines.tolist() == in_blocks.skipped.bad[kind].tolist()


@given(st.text(st.sampled_from('ab ",|'), max_size=20))
def test_a_csv_line_falls_into_the_cells_that_the_csv_module_finds(line: str) -> None:
    expected = next(csv.reader([line]), [""]) or [""]
    assert split_cells(line, ",") == [cell.strip(SPACE) for cell in expected]


def test_damage_in_a_large_file_leaves_its_neighbours_alone(tmp_path: Path) -> None:
    """Many blocks and pieces, a few of them damaged; every line number is known."""
    lines = [f"{user},{movie},3.5" for user in range(1, 2001) for movie in (1, 2, 3, 5)]
    damage = {17: "x,1,3", 4000: "1,2", 4001: "", 7998: "1,1,9"}
    for place, line in damage.items():
        lines[place] = line
    path = tmp_path / "ratings.csv"
    path.write_text("\n".join(["userId,movieId,rating", *lines]))
    rows = read_rating_rows(path, FORMS[1].ratings, block_bytes=4096)
    assert rows.row_count == len(lines) - 1
    assert len(rows) == len(lines) - 4
    assert rows.skipped.blank.tolist() == [4003]
    assert {str(rows.kind): rows.first_lines for rows in rows.skipped.report("")} == {
        "MISSING_FIELD": (4002,),
        "BAD_ID": (19,),
        "BAD_RATING": (8000,),
    }
    sound = [place for place in range(len(lines)) if place not in damage]
    positions = [0, 17, 3998, 3999, 7994, 7995]
    expected = [sound[position] + 2 for position in positions]
    assert rows.lines(np.array(positions)).tolist() == expected


def test_a_bad_row_far_into_a_block_costs_that_row_only_and_no_warning(tmp_path: Path) -> None:
    """Pandas infers types of some 262,000 rows at a time, and warns where they differ."""
    path = tmp_path / "ratings.csv"
    path.write_text("userId,movieId,rating\n" + "1,2,3\n" * 300_000 + "x,2,3\n1,2,4\n")
    rows = read_rating_rows(path, FORMS[1].ratings)
    assert len(rows) == 300_001
    assert rows.rating[-1] == 4
    assert [str(kind) for kind in rows.skipped.report("")] == ["1 BAD_ID (line 300002)"]
