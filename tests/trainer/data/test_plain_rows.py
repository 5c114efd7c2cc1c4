"""Plain cells are read as the careful way reads them, and whatever is not plain is left to it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec import cells as cells_module
from movierec.cells import Cells, plain_parts
from trainer_service.data.rating_blocks import BlockParser

PARSER = BlockParser(",", (0, 1, 2))

NUMBERS = st.one_of(
    st.integers(0, 10**18 - 1).map(str),
    st.sampled_from(["007", "", "-1", "+1", "1.0", " 1", "1 ", '"1"', "1e3", "x", "9" * 19, "٣"]),
)
STARS = st.sampled_from(["0.5", "4", "5.0", "3.75", "0", "0.0", "5.5", ".5", "4.", "x.5", "3.x"])
TIMES = st.sampled_from(['"2005-04-02 23:53:47"', "1112486027", '"a,b"', "a,b", '"', ""])


@given(st.lists(st.tuples(NUMBERS, NUMBERS, STARS, TIMES), min_size=1, max_size=4), st.booleans())
def test_rows_are_those_of_the_careful_way_or_there_are_none(
    rows: list[tuple[str, str, str, str]],
    is_ended: bool,  # noqa: FBT001 -- hypothesis draws it
) -> None:
    block = "\n".join(map(",".join, rows)).encode() + b"\n" * is_ended
    found = PARSER.parse_plain(block)
    if found is None:
        return
    careful = PARSER.parse_with_care(block)
    assert not careful.bad
    assert found.line_count == careful.line_count
    assert np.array_equal(found.user_id, careful.user_id)
    assert np.array_equal(found.movie_id, careful.movie_id)
    assert np.array_equal(found.rating, careful.rating)
    assert found.rating.dtype == careful.rating.dtype


@pytest.mark.parametrize(
    "lines",
    [
        '1,31,2.5,"2009-12-31 23:59:59"\n138493,131262,5.0,"1995-01-09 11:46:44"\n',
        "1,31,2.5,1260759144\n671,6565,0.5,1074784724\n",
        "1,2,4\n3,4,5\n",
    ],
)
def test_files_as_they_come_are_plain(lines: str) -> None:
    assert PARSER.parse_plain(lines.encode())


@pytest.mark.parametrize("stars", ["x.5", "3.x", "3.:", "0.0", "5.5", "3.75", "0", "6", "x"])
def test_stars_that_are_none_make_no_row(stars: str) -> None:
    assert PARSER.parse_plain(f"1,2,{stars}\n".encode()) is None


@pytest.mark.parametrize("part_bytes", [1, 5, 2**19])
def test_parts_do_not_change_what_is_read(monkeypatch: pytest.MonkeyPatch, part_bytes: int) -> None:
    monkeypatch.setattr(cells_module, "PART_BYTES", part_bytes)
    lines = "".join(f"{at},{at * at},{at % 5 + 0.5}\n" for at in range(1, 40))
    found = PARSER.parse_plain(lines.encode())
    assert found
    assert found.user_id.tolist() == list(range(1, 40))
    assert found.movie_id.tolist() == [at * at for at in range(1, 40)]
    assert found.rating.tolist() == [at % 5 + 0.5 for at in range(1, 40)]


def test_a_separator_in_quotes_moves_no_other_cell() -> None:
    parser = BlockParser(",", (1, 2, 3))
    assert parser.parse_plain(b'"a,5,6,4,b",2,3,4\n') is None
    assert parser.parse_plain(b"a,2,3,4\n") is not None


@given(st.lists(st.lists(st.text("ab-", max_size=3), min_size=1, max_size=4), min_size=1))
def test_cells_are_where_the_separators_are(lines: list[list[str]]) -> None:
    block = "".join(f"{','.join(cells)}\n" for cells in lines).encode()
    parts = list(plain_parts(block, ","))
    if len({len(cells) for cells in lines}) > 1:
        assert parts == [None]
        return
    (found,) = parts
    assert found
    assert [
        [bytes(found.text[start:end]).decode() for start, end in zip(*line, strict=True)]
        for line in zip(found.starts.T, found.ends.T, strict=True)
    ] == lines


def test_dates_and_numbers_that_are_none_are_not_made_up() -> None:
    def of(*times: str) -> Cells:
        (cells,) = plain_parts("".join(f"{time}\n" for time in times).encode(), ",")
        assert cells
        return cells

    found = of('"2005-04-02 23:53:47"', '"1999-12-31"').years_and_months(0)
    assert found
    assert [part.tolist() for part in found] == [[2005, 1999], [4, 12]]
    for bad in ("2005-4-02 1", "2005/04/02", "2005-04", "20x5-04-02", '2005-04-02"'):
        assert of("2005-04-02", f'"{bad}').years_and_months(0) is None
    assert of("1", "22", "333333333333333333").numbers(0) is not None
    assert of("1", "2-").numbers(0) is None
