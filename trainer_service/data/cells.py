"""Cells of a text file: how a line falls into them, and which numbers they may say.

Every physical line is a row of its own, so that a stray quote costs one row and
line numbers are exact.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from trainer_service.errors import MalformedFileError

MIN_RATING, MAX_RATING = 0.5, 5.0
MAX_ID = 2**63 - 1

WHITESPACE = " \t\r\v\f"
"""What may stand around a cell. Not all that Unicode calls space: pandas strips just these."""

_NAMES_LISTED = 10
_NAME_LENGTH = 40
"""Of what was found, errors show no more than this: it may be anything."""

# A cell is a part in quotes, wherein a doubled quote means one, or nothing; then
# a bare part. A quote that never closes reaches to the end of the line.
_QUOTED_CELL = re.compile(r'(?:"([^"]*(?:""[^"]*)*)"?)?([^,]*),')
_WHOLE_NUMBER = re.compile(r"([+-]?)0*([0-9]{1,19})(?:\.0*)?")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def split_cells(line: str, separator: str) -> list[str]:
    """The cells of one line, without the whitespace around them.

    Args:
        line: One line, without the newline at its end.
        separator: What stands between cells; where it is a comma, cells may be
            quoted as in CSV.
    """
    if separator == "," and '"' in line:
        quoted_cells = _QUOTED_CELL.findall(line + ",")
        cells = [quoted.replace('""', '"') + bare for quoted, bare in quoted_cells]
    else:
        cells = line.split(separator)
    return [cell.strip(WHITESPACE) for cell in cells]


def parse_id(cell: str) -> int | None:
    """The id that a cell says: a whole number from 0 to 2^63 - 1, also as "1.0"; else None."""
    match = _WHOLE_NUMBER.fullmatch(cell)
    value = int(match[1] + match[2]) if match else -1
    return value if 0 <= value <= MAX_ID else None


def parse_rating(cell: str) -> float | None:
    """The rating that a cell says: a number from 0.5 to 5; else None."""
    value = float(cell) if _NUMBER.fullmatch(cell) else 0.0
    return value if MIN_RATING <= value <= MAX_RATING else None


def find_columns(path: Path, header: str, wanted: Sequence[str]) -> tuple[int, ...]:
    """Where the wanted columns stand in a CSV file.

    Args:
        path: The file, to be named in the error.
        header: Its first line.
        wanted: The columns' names.

    Returns:
        The position of each wanted column, counted from 0.

    Raises:
        MalformedFileError: A wanted column is not there.
    """
    found = split_cells(header, ",")
    for name in wanted:
        if name not in found:
            raise MalformedFileError(
                f"{file_label(path)} has no column {name!r}: found "
                f"{listed([repr(column[:_NAME_LENGTH]) for column in found])}; "
                f"wanted {', '.join(wanted)}, in any order, in the first line"
            )
    return tuple(found.index(name) for name in wanted)


def listed(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    if not names:
        return "nothing"
    more = len(names) - _NAMES_LISTED
    return ", ".join(names[:_NAMES_LISTED]) + (f" and {more} more" if more > 0 else "")


def file_label(path: Path) -> str:
    """How an error names a file: by its data set, not by where that lies."""
    return f"{path.parent.name}/{path.name}"


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Reads a file or folder within; what the system then refuses becomes our error.

    Raises:
        MalformedFileError: It cannot be opened or read.
    """
    try:
        yield
    except OSError as error:
        raise MalformedFileError(
            f"{file_label(path)} cannot be read: {error.strerror}; see that the trainer may read it"
        ) from error


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file, open for reading bytes; errors as in `readable`."""
    with readable(path), path.open("rb") as file:
        yield file
