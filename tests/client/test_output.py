"""How texts, numbers and times are printed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec_client.cli.output import clean, console, say_table, short_number, short_time


@given(st.text())
def test_clean_text_is_printable_in_one_line_and_keeps_what_is_harmless(text: str) -> None:
    cleaned = clean(text)

    assert len(cleaned.splitlines()) <= 1
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in cleaned)
    cleaned.encode()  # No lone surrogate is left.
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, "0"), (999, "999"), (1000, "1.0k"), (312_345, "312k"), (1_250_000, "1.2M")],
)
def test_numbers_are_shortened_to_what_one_takes_in(number: float, expected: str) -> None:
    assert short_number(number) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.4, "0 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (3725, "1 h 2 min")],
)
def test_times_are_shortened_to_what_one_takes_in(seconds: float, expected: str) -> None:
    assert short_time(seconds) == expected


def test_a_heading_of_two_lines_takes_no_room_from_the_last_column(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    console.cache_clear()  # It has the width of the test before.

    say_table([">one\nafter another", "last"], [[1, "x" * 15]])

    console.cache_clear()
    assert capsys.readouterr().out.splitlines() == [
        "          one",
        "after another  last",
        "            1  xxxxxxxxxxxxxxx",
    ]
