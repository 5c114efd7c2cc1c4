"""What is printed: text that is safe for a terminal, and JSON lines."""

import dataclasses
import functools
import json
import math
import sys
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


# Controls, lone surrogates and line ends by another name; and what turns the
# direction of writing, with which a title could pose as another.
_UNSAFE_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}
_UNSAFE_CHARACTERS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: str) -> str:
    """Returns a text in which what a terminal would obey is written out, not obeyed."""
    return "".join(
        ascii(character)[1:-1]
        if character in _UNSAFE_CHARACTERS or unicodedata.category(character) in _UNSAFE_CATEGORIES
        else character
        for character in text
    )


@functools.cache
def console() -> "Console":
    """Returns the one console on standard output; it prints texts as they are."""
    from rich.console import Console  # noqa: PLC0415 - help and completion do without it

    return Console(highlight=False, markup=False, emoji=False)


def say(line: str = "") -> None:
    """Prints a sentence on standard output, on a terminal in lines that fit its window."""
    from rich.text import Text  # noqa: PLC0415

    console().print(Text(clean(line)), soft_wrap=not console().is_terminal)


def say_in_a_line(line: str) -> None:
    """Prints a line, however long, on standard output: a path or a command, to be copied."""
    from rich.text import Text  # noqa: PLC0415

    console().print(Text(clean(line)), soft_wrap=True)


def say_as_it_is(text: str) -> None:
    """Prints what is meant for a program, not for a terminal."""
    sys.stdout.write(f"{text.strip()}\n")
    sys.stdout.flush()


def complain(line: str) -> None:
    """Prints a sentence on standard error, on a terminal in lines that fit its window."""
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    errors = Console(stderr=True)
    errors.print(Text(clean(line)), soft_wrap=not errors.is_terminal)


def say_json(value: Any, *, kind: str = "") -> None:
    """Prints a dataclass or a dict as a JSON object on a line of its own, in ASCII.

    What is no number, or endless, is null: JSON has no word for it.

    Args:
        value: The dataclass, or the dict.
        kind: What it is, where there are several kinds of lines; told as "kind".
    """
    fields = value if isinstance(value, dict) else dataclasses.asdict(value)
    told = fields | ({"kind": kind} if kind else {})
    try:
        line = json.dumps(told, default=_json_of, allow_nan=False)
    except ValueError:
        line = json.dumps(_finite(told), default=_json_of)
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def when(time: datetime | None) -> str | None:
    """Returns a time to the second, e.g. "2026-11-22 21:48:10"; in UTC."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if time else None


def short_number(number: float) -> str:
    """Returns a number that is easy to take in, e.g. "312k" or "1.2M"."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if number >= size:
            share = number / size
            return f"{share:.1f}{unit}" if share < 10 else f"{share:.0f}{unit}"
    return f"{number:.0f}"


def short_size(size_bytes: float) -> str:
    """Returns a size that is easy to take in, e.g. "4.1 MB"."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size_bytes >= size:
            share = size_bytes / size
            return f"{share:.1f} {unit}" if share < 10 else f"{share:.0f} {unit}"
    return f"{size_bytes:.0f} bytes"


def short_time(seconds: float) -> str:
    """Returns a time that is easy to take in, e.g. "3 min 20 s"."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _json_of(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{value!r} has no JSON form here")
