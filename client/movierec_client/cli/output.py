"""What is printed: text that is safe for a terminal, tables, and JSON lines."""

import dataclasses
import functools
import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

# Controls, lone surrogates and line ends by another name; and what turns the
# direction of writing, with which a title could pose as another.
_UNSAFE_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}
_UNSAFE_CHARACTERS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_GAP = 2  # spaces between columns
_LEAST_WIDTH = 12  # of a last column
_BELOW = "\ue000"  # a private character, in place of what stands below a row


def clean(text: str) -> str:
    """Returns a text in which what a terminal would obey is written out, not obeyed."""
    return "".join(
        ascii(character)[1:-1]
        if character in _UNSAFE_CHARACTERS or unicodedata.category(character) in _UNSAFE_CATEGORIES
        else character
        for character in text
    )


@functools.cache
def console() -> Console:
    """Returns the one console on standard output; it prints texts as they are."""
    return Console(highlight=False, markup=False, emoji=False)


def say(line: str = "") -> None:
    """Prints a line, however long, on standard output."""
    console().print(Text(clean(line)), soft_wrap=True)


def complain(line: str) -> None:
    """Prints a line, however long, on standard error."""
    Console(stderr=True).print(Text(clean(line)), soft_wrap=True)


def say_json(value: Any, *, kind: str = "") -> None:
    """Prints a dataclass or a dict as a JSON object on a line of its own, in ASCII.

    Args:
        value: The dataclass, or the dict.
        kind: What it is, where there are several kinds of lines; told as "kind".
    """
    fields = value if isinstance(value, dict) else dataclasses.asdict(value)
    told = fields | ({"kind": kind} if kind else {})
    sys.stdout.write(json.dumps(told, default=_json_of) + "\n")
    sys.stdout.flush()


def say_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    under: Sequence[str] = (),
    empty: str = "",
    whole: str = "",
) -> None:
    """Prints a table; texts that are too long for it are folded, not cut.

    The last column alone is cut where the line ends: what matters least goes there.

    Args:
        columns: The headings; ">" before one sets its column to the right, and
            one may have several lines.
        rows: A cell for each column; None prints as "-".
        under: What is to stand below each row, beginning at the second column;
            if there is none, nothing stands below any.
        empty: What to say instead if there are no rows.
        whole: The heading of a column that is not folded either: ids are to be copied.
    """
    cells = [[clean("-" if cell is None else str(cell)) for cell in row] for row in rows]
    if not cells:
        say(empty)
        return
    screen = console()
    *widths, _ = (
        max(map(cell_len, "\n".join(column).split("\n"))) + _GAP
        for column in zip(columns, *cells, strict=True)
    )
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for heading in columns:
        right = heading.startswith(">")
        table.add_column(
            heading.removeprefix(">"),
            justify="right" if right else "left",
            no_wrap=right or heading == whole,
            overflow="fold",
        )
    table.columns[-1].no_wrap = True
    table.columns[-1].overflow = "ellipsis"
    table.columns[-1].max_width = max(_LEAST_WIDTH, screen.width - sum(widths))
    for row in cells:
        table.add_row(*map(Text, row))
        if under:
            table.add_row(_BELOW)
    below = iter(under)
    firsts = [columns[0].removeprefix(">"), *(row[0] for row in cells)]
    indent = max(map(cell_len, "\n".join(firsts).split("\n"))) + _GAP
    for segments in screen.render_lines(table):
        line = Text.assemble(*((segment.text, segment.style or "") for segment in segments))
        line.rstrip()
        if line.plain.strip() != _BELOW:
            screen.print(line, soft_wrap=True)
        elif text := next(below, ""):
            for part in Text(clean(text)).wrap(screen, screen.width - indent):
                part.rstrip()
                screen.print(Text(" " * indent) + part, soft_wrap=True)


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


def _json_of(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{value!r} has no JSON form here")
