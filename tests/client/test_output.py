"""How texts, numbers and times are printed."""

import json
import math
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec_client.cli.output import (
    clean,
    complain,
    console,
    say,
    say_in_a_line,
    say_json,
    short_number,
    short_time,
)


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


@given(st.dictionaries(st.text(), st.floats() | st.lists(st.floats()) | st.text(max_size=3)))
def test_what_is_printed_as_json_is_json_and_null_where_it_has_no_word(value: Any) -> None:
    with redirect_stdout(StringIO()) as printed:
        say_json(value)

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    def told(one: Any) -> Any:
        if isinstance(one, list):
            return [told(each) for each in one]
        return one if not isinstance(one, float) or math.isfinite(one) else None

    read = json.loads(printed.getvalue(), parse_constant=refuse)
    assert read == {key: told(one) for key, one in value.items()}


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.4, "0 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (3725, "1 h 2 min")],
)
def test_times_are_shortened_to_what_one_takes_in(seconds: float, expected: str) -> None:
    assert short_time(seconds) == expected


SENTENCE = "version 12 is REJECTED, CHECKSUM: embeddings.npy is not what its manifest says it is"
A_PATH = f"open {'folder/' * 12}dataset.html"


@pytest.mark.parametrize("width", [50, 60, 80])
def test_sentences_fit_the_window_of_a_terminal_and_are_lines_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    for is_terminal in (True, False):
        monkeypatch.setenv("TTY_COMPATIBLE", str(int(is_terminal)))
        console.cache_clear()  # It was made for another window.
        say(SENTENCE)
        complain(SENTENCE)
        say_in_a_line(A_PATH)
        told = capsys.readouterr()
        for lines in (told.out.splitlines()[:-1], told.err.splitlines()):
            assert " ".join(line.strip() for line in lines) == SENTENCE
            assert all(len(line) <= width for line in lines) == is_terminal
        assert told.out.splitlines()[-1] == A_PATH
    console.cache_clear()
