"""Tables in windows of every width, with letters of every width."""

import io
import sys
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from movierec_client.cli.output import console
from movierec_client.cli.tables import bar, say_table, shortened

SPIRITED_AWAY = "千と千尋の神隠し (Sen to Chihiro no kamikakushi) (2001)"
LONG = "Lord of the Rings: The Fellowship of the Ring, The (2001)"

Shown = Callable[..., list[str]]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Shown]:
    """Prints a table of movies in a window of a width; returns its lines."""

    def show(width: int, *titles: str) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(width))
        console.cache_clear()  # It has the width of the test before.
        say_table(
            [">#", "title", ">score", "", ">ratings", "genres"],
            [
                (rank, title, f"{1 / rank:.3f}", bar(1 / rank), "12,345", "Adventure, Animation")
                for rank, title in enumerate(titles, start=1)
            ],
            cut="title",
            spare=("genres", "ratings", ""),
        )
        return capsys.readouterr().out.splitlines()

    yield show
    console.cache_clear()


@pytest.mark.parametrize("width", [20, 30, 40, 60, 80, 120, 200])
@pytest.mark.parametrize("title", ["Heat (1995)", LONG, SPIRITED_AWAY, "x" * 300])
def test_no_line_is_wider_than_the_window_and_every_score_is_whole(
    shown: Shown, width: int, title: str
) -> None:
    lines = shown(width, title, "Ran (1985)")

    assert all(cell_len(line) <= width for line in lines) or width < 30  # there line by line
    assert sum("1.000" in line or "0.500" in line for line in lines) == 2
    assert "score" in "".join(lines)


def test_in_a_wide_window_nothing_is_cut(shown: Shown) -> None:
    assert shown(200, LONG, SPIRITED_AWAY)[1:] == [
        f"1  {LONG}  1.000  ██████   12,345  Adventure, Animation",
        f"2  {SPIRITED_AWAY}    0.500  ███      12,345  Adventure, Animation",
    ]


def test_in_a_narrow_window_the_titles_are_cut_and_keep_their_years(shown: Shown) -> None:
    assert shown(40, LONG, SPIRITED_AWAY, "Heat (1995)") == [
        "#  title                   score",
        "1  Lord of the Ri… (2001)  1.000  ██████",
        "2  千と千尋の神隠… (2001)  0.500  ███",
        "3  Heat (1995)             0.333  ██",
    ]


def test_what_does_not_fit_at_all_is_printed_line_by_line(shown: Shown) -> None:
    assert shown(16, "Heat (1995)")[:4] == [
        "# 1",
        "  title    Heat (1995)",
        "  score    1.000",
        "           ██████",
    ]


def test_a_heading_of_two_lines_takes_no_room_from_the_last_column(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    console.cache_clear()

    say_table([">one\nafter another", "last"], [[1, "x" * 15]])

    console.cache_clear()
    assert capsys.readouterr().out.splitlines() == [
        "          one",
        "after another  last",
        "            1  xxxxxxxxxxxxxxx",
    ]


@given(st.text(), st.integers(min_value=1, max_value=60))
def test_a_shortened_text_has_no_more_cells_than_it_may(text: str, width: int) -> None:
    assert cell_len(shortened(text, width)) <= width


@given(st.floats(min_value=-1, max_value=1), st.floats(min_value=-1, max_value=1))
def test_a_bar_is_as_wide_as_any_other_and_longer_for_more(one: float, other: float) -> None:
    less, more = sorted((one, other))

    assert cell_len(bar(less)) == cell_len(bar(more)) == 6
    assert len(bar(less).rstrip()) <= len(bar(more).rstrip())


@pytest.mark.parametrize(
    ("share", "expected"),
    [(1, "██████"), (0.5, "███   "), (0.44, "██▋   "), (0, "      "), (-0.3, "      ")],
)
def test_a_bar_shows_eighths_of_a_cell(share: float, expected: str) -> None:
    assert bar(share) == expected


def test_a_terminal_without_such_letters_gets_plain_ones(
    monkeypatch: pytest.MonkeyPatch, shown: Shown
) -> None:
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    monkeypatch.setattr(sys, "stdout", ascii_only)

    shown(40, LONG)

    assert ascii_only.buffer.getvalue().decode().splitlines()[1] == (
        "1  Lord of the Ri. (2001)  1.000  ######"
    )
