"""Cells of CSV are what Python's own reader finds, or none are found."""

import csv
import io
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from movierec.cells import LONGEST_ROW, Cells, csv_parts

ANY = st.text('ab,"\n\r\u00e98', max_size=12)
ROWS = st.integers(1, 3).flatmap(
    lambda count: st.lists(st.lists(ANY, min_size=count, max_size=count), min_size=1, max_size=8)
)


def parts(content: bytes, cell_count: int, part_bytes: int) -> list[Cells | None]:
    return list(csv_parts(np.frombuffer(content, np.uint8), cell_count, part_bytes))


def rows_of(cells: Cells) -> list[list[str]]:
    columns = []
    for column in range(cells.cell_count):
        letters, sizes = cells.letters(column)
        cuts = sizes.cumsum()[:-1]
        columns.append([bytes(text).decode() for text in np.split(letters, cuts)])
    return [list(row) for row in zip(*columns, strict=True)]


@given(ROWS, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.integers(8, 60))
def test_what_a_writer_writes_is_read_whatever_the_parts(
    rows: list[list[str]],
    line_end: str,
    quotes_all: bool,  # noqa: FBT001 -- hypothesis draws it
    part_bytes: int,
) -> None:
    file = io.StringIO(newline="")
    if quotes_all or line_end == "\n":  # with which it forgets to put returns in quotes
        csv.writer(file, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows(rows)
    else:
        csv.writer(file, lineterminator=line_end).writerows(rows)
    found = parts(file.getvalue().encode(), len(rows[0]), part_bytes)
    assert [row for cells in found if cells for row in rows_of(cells)] == rows
    assert None not in found


@given(ANY.map(lambda text: text + "\n") | st.text('a,"\n\r', max_size=9), st.integers(1, 20))
@example('a""b\n', 20)
@example('"a"b"\n', 20)
@example('"a" "b"\n', 20)
@example('""a,\n', 20)
@example('"\n', 20)
@example("a\rb\n", 20)
@example("a\r\r\n", 20)
@example("a,b", 20)
@settings(max_examples=2_000)
def test_of_any_text_the_same_is_read_or_nothing(text: str, part_bytes: int) -> None:
    lines = io.StringIO(text, newline="\n")
    try:
        expected = [row or [""] for row in csv.reader(lines, strict=True)]
    except csv.Error:
        expected = None
    cell_count = len(expected[0]) if expected else 1
    found = parts(text.encode(), max(1, cell_count), part_bytes)
    if None not in found:
        assert [row for cells in found if cells for row in rows_of(cells)] == expected
    assert None not in found[:-1]


@pytest.mark.parametrize(
    ("text", "cell_count"),
    [
        ("a,b\nc\n", 2),
        ("a\nb,c\n", 1),
        ("a,b\n,c,d\n", 2),
        ("\n", 2),
        ("a", 1),
        ('"a\n', 1),
        ('a"\n', 1),
        ('a""b\n', 1),
        ('"a"b\n', 1),
        ("a\rb\n", 1),
    ],
)
def test_what_is_not_regular_is_left_to_others(text: str, cell_count: int) -> None:
    assert parts(text.encode(), cell_count, 100) == [None]


def test_a_cell_may_stand_for_a_number_by_being_empty() -> None:
    (cells,) = parts(b"1999,a\n,b\n7,c\n", 2, 100)
    assert cells
    found = cells.numbers(0, -1)
    assert found is not None
    assert found.tolist() == [1999, -1, 7]
    assert cells.numbers(0) is None


@pytest.mark.parametrize(
    ("begin", "rest"), [('"', "1,a\n"), ("", "bbbb"), ('"', ",,,,"), ("", '""""'), ("", "\0\0\0\0")]
)
def test_a_row_that_is_very_long_is_left_to_others_before_it_was_looked_at_to_its_end(
    begin: str, rest: str
) -> None:
    good, long = b"1,a\n" * 1_000, f"{begin}{rest * 1_000 * LONGEST_ROW}".encode()
    looked_at: list[int] = []

    class Text(np.ndarray[Any, Any]):
        def __getitem__(self, key: Any) -> Any:
            if isinstance(key, slice):
                looked_at.append(min(key.stop, self.size) - key.start)
                return np.asarray(self)[key]
            return super().__getitem__(key)

    text = np.frombuffer(good + long + good, np.uint8).view(Text)
    *found, last = csv_parts(text, 2, 1_000)
    assert last is None
    assert all(found)
    assert max(looked_at) <= 1_000 * LONGEST_ROW


def test_a_row_may_be_as_long_as_some_parts() -> None:
    rows = [["a", "b" * 990 * (LONGEST_ROW // 2)], ["c", "d"]]
    text = "".join(f"{','.join(row)}\n" for row in rows)
    assert [row for cells in parts(text.encode(), 2, 1_000) if cells for row in rows_of(cells)] == (
        rows
    )
