"""Tables that fit the window, whatever its width and whatever the letters."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from movierec_client.cli.output import clean, console, say

if TYPE_CHECKING:
    from rich.text import Text

_GAP = 2  # spaces between columns
_LEAST_LAST_WIDTH = 12
_LEAST_CUT_WIDTHS = (30, 20, 8)  # before columns are spared, while, and after
_EIGHTHS = " ▏▎▍▌▋▊▉"
_YEAR_CELLS = 7  # " (1995)"


@dataclass(slots=True)
class _Column:
    """A column, with its cells from top to bottom; the heading's lines come first."""

    heading: list[str]
    cells: list[str]
    to_the_right: bool
    width: int = 0
    is_folded: bool = False

    @property
    def name(self) -> str:
        return "\n".join(self.heading)


def say_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    under: Sequence[str] = (),
    empty: str = "",
    cut: str = "",
    fold: str = "",
    spare: Sequence[str] = (),
    bars: str | None = None,
) -> None:
    """Prints a table; where it is too wide, less of it, or each row as lines of its own.

    First the last column is cut short, which is why what matters least goes there. Then another
    one is, then columns are left out, and what even then is too wide is printed line by line.

    Args:
        columns: The headings; ">" before one sets its column to the right, and
            one may have several lines.
        rows: A cell for each column; None prints as "-".
        under: What is to stand below each row, beginning at the second column;
            if there is none, nothing stands below any.
        empty: What to say instead if there are no rows.
        cut: The heading of the column that is cut short, in its middle where a year ends it.
        fold: The heading of a column that takes several lines instead.
        spare: Headings of columns that are left out, one after the other.
        bars: The heading of a column that is coloured where there are colours.
    """
    cells = [[clean("-" if cell is None else str(cell)) for cell in row] for row in rows]
    if not cells:
        say(empty)
        return
    made = [
        _Column(
            heading=heading.removeprefix(">").split("\n"),
            cells=list(column),
            to_the_right=heading.startswith(">"),
        )
        for heading, *column in zip(columns, *cells, strict=True)
    ]
    for column in made:
        column.is_folded = bool(fold) and column.name == fold
    fitting = _fitted(made, console().width, cut, spare)
    if fitting:
        _say_rows(fitting, list(under), bars)
    else:
        _say_line_by_line(made, list(under))


def bar(share: float, width: int = 6) -> str:
    """Returns a bar, e.g. "███▌  " for a share of 0.58; below 0 there is none.

    Args:
        share: From 0 to 1.
        width: How many cells it has at 1.
    """
    eighths = round(8 * width * min(max(share, 0.0), 1.0))
    drawn = "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
    if not _can_print(_EIGHTHS):
        drawn = "#" * round(eighths / 8)
    return f"{drawn:<{width}}"


def shortened(text: str, width: int) -> str:
    """Returns a text that takes no more than a number of cells; a year at its end stays."""
    from rich.cells import cell_len, set_cell_size  # noqa: PLC0415

    if cell_len(text) <= width:
        return text
    ellipsis = "…" if _can_print("…") else "."
    end = text[-_YEAR_CELLS:]
    ends_with_year = end.startswith(" (") and end.endswith(")") and end[2:-1].isdigit()
    end = end if ends_with_year and width > 2 * _YEAR_CELLS else ""
    return set_cell_size(text, width - len(end) - 1).rstrip() + ellipsis + end


def _fitted(
    columns: list[_Column], width: int, cut: str, spare: Sequence[str]
) -> list[_Column] | None:
    """Returns the columns with their widths, if there are some that fit."""
    left = list(columns)
    before, meanwhile, after = _LEAST_CUT_WIDTHS
    if _set_widths(left, width, cut, before):
        return left
    for gone in (None, *spare):
        left = [column for column in left if column.name != gone]
        if _set_widths(left, width, cut, meanwhile):
            return left
    return left if _set_widths(left, width, cut, after) else None


def _set_widths(columns: list[_Column], width: int, cut: str, least_cut: int) -> bool:
    """Sets widths, if they can be such that all fits."""
    for column in columns:
        column.width = max(map(_cells, (*column.heading, *column.cells)))
    too_wide = sum(column.width + _GAP for column in columns) - _GAP - width
    named = [column for column in columns if column.name == cut or column.is_folded]
    for column, least in [(columns[-1], _LEAST_LAST_WIDTH), *((one, least_cut) for one in named)]:
        least_width = max(least, *map(_cells, column.heading))
        less = min(max(too_wide, 0), max(column.width - least_width, 0))
        column.width -= less
        too_wide -= less
    return too_wide <= 0


def _say_rows(columns: list[_Column], under: list[str], bars: str | None) -> None:
    from rich.text import Text  # noqa: PLC0415

    height = max(len(column.heading) for column in columns)
    for line in range(height):
        parts = [([""] * (height - len(c.heading)) + c.heading)[line] for c in columns]
        _say_line(columns, parts, lambda text, _: Text(text, "bold"))
    indent = columns[0].width + _GAP
    for index in range(len(columns[0].cells)):
        lines = [_lines_of(column, index) for column in columns]
        for line_parts in zip_longest(*lines, fillvalue=""):
            _say_line(
                columns,
                list(line_parts),
                lambda text, name: Text(text, "cyan" if name == bars else ""),
            )
        if index < len(under) and under[index]:
            say_wrapped(under[index], indent)


def _lines_of(column: _Column, index: int) -> list[str]:
    """Returns what stands in a cell, as lines that are no wider than the column."""
    from rich.text import Text  # noqa: PLC0415

    if not column.is_folded:
        return [shortened(column.cells[index], column.width)]
    lines = Text(column.cells[index]).wrap(console(), column.width)
    return [line.plain.rstrip() for line in lines]


def _say_line(
    columns: list[_Column], parts: list[str], style: Callable[[str, str], "Text"]
) -> None:
    from rich.text import Text  # noqa: PLC0415

    line = Text()
    for column, part in zip(columns, parts, strict=True):
        padding = " " * (column.width - _cells(part))
        text = style(part, column.name)
        line.append_text(Text(padding) + text if column.to_the_right else text + Text(padding))
        line.append(" " * _GAP)
    line.rstrip()
    console().print(line, soft_wrap=True)


def _say_line_by_line(columns: list[_Column], under: list[str]) -> None:
    """Prints the first cell of each row, and below it the others beside their headings."""
    first, *others = columns
    widest = max(_cells(" ".join(column.heading)) for column in others)
    for index, title in enumerate(first.cells):
        say(f"{first.name} {title}".strip())
        for column in others:
            heading = " ".join(column.heading)
            padding = " " * (widest - _cells(heading) + _GAP)
            say(f"  {heading}{padding}{column.cells[index]}".rstrip())
        if index < len(under) and under[index]:
            say_wrapped(under[index], _GAP)


def say_wrapped(text: str, indent: int = 0) -> None:
    """Prints a text in as many lines as it takes, between words, each indented."""
    from rich.text import Text  # noqa: PLC0415

    screen = console()
    for part in Text(clean(text)).wrap(screen, max(screen.width - indent, 1)):
        part.rstrip()
        screen.print(Text(" " * indent) + part, soft_wrap=True)


def _cells(text: str) -> int:
    from rich.cells import cell_len  # noqa: PLC0415

    return cell_len(text)


def _can_print(text: str) -> bool:
    try:
        text.encode(console().encoding)
    except (LookupError, UnicodeEncodeError):
        return False
    return True
