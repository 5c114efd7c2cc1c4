"""A report: what is said and shown of something, before it is files."""

from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from pydantic import BaseModel

from trainer_service.insights.drawing import Picture

LONGEST_TITLE = 200
"""Bytes of a title in a page; 5,000 films must fit into one of 3 MB."""

ESCAPED, ESCAPED_BYTES = frozenset("<>&'\"\\\u2028\u2029"), 6
"""Letters that a page writes as something longer, and as how much at the most."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Args:
        columns: The headings; ">" before one sets its column to the right.
        rows: A cell for each column.
        heading: What it is called where it is folded away; empty if it is always shown.
        bars: For each row how long a bar is to stand in its first column, from 0 to 1.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    heading: str = ""
    bars: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Something that is shown.

    Args:
        title: What is looked at.
        text: What is to be seen, in a sentence or two.
        picture: The picture, if there is one.
        table: The table, if there is one.
        widget: What the page's script shows something else of, by the script's name, and the
            data that it is given.
        is_wide: Whether it takes the whole width of a page.
    """

    title: str
    text: str = ""
    picture: Picture | None = None
    table: Table | None = None
    widget: tuple[str, Any] | None = None
    is_wide: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """A report on a data set or a version.

    Args:
        name: What its files are called, without an ending.
        title: The page's.
        subtitle: A line below it.
        facts: What is most important: what, and how much.
        sections: What is shown, in order.
        numbers: What all of it was drawn from.
        links: Other pages beside this one: what they are called, and their files.
    """

    name: str
    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    numbers: BaseModel
    links: tuple[tuple[str, str], ...] = ()


def shortened(text: str, longest: int = LONGEST_TITLE) -> str:
    """A text that is no longer than there is room for in a page.

    Args:
        text: A title or the name of a genre.
        longest: In bytes, as the page has it: in UTF-8, escaped.

    Returns:
        The text, or as much of its beginning as fits, and "…".
    """
    if len(text) * ESCAPED_BYTES <= longest:
        return text
    start = text[: longest + 1]  # no letter has less than a byte
    room = [longest - size for size in accumulate(map(_size, start))]
    if room[-1] >= 0:
        return text
    kept = sum(left >= _size("…") for left in room)
    return f"{text[:kept].rstrip()}…"


def _size(letter: str) -> int:
    if letter in ESCAPED or not letter.isprintable():
        return ESCAPED_BYTES
    return len(letter.encode())
