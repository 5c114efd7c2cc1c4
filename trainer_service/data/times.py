"""When ratings were given: counts and sums by month, from the rating file's timestamps.

What a model is trained on has no timestamps, so they are read by themselves, by whoever
wants to see them. Timestamps are seconds since 1970, or a text that begins "2005-04-02".
"""

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from movierec.cells import plain_parts
from trainer_service.data.cells import (
    MAX_RATING,
    MIN_RATING,
    find_columns,
    opened,
    split_cells,
)
from trainer_service.data.forms import TableForm, recognise
from trainer_service.data.rating_rows import BLOCK_BYTES, line_blocks

TIMESTAMP = "timestamp"
"""The column's name in the forms that have a header; in the others it is the fourth."""

FIRST_YEAR, LAST_YEAR = 1970, 2199
MONTHS = 12 * (LAST_YEAR - FIRST_YEAR + 1)

_THREADS = 2
_ONE_BYTE_SEPARATOR = b"\x1f"
_SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True, eq=False)
class RatingTimes:
    """Ratings by month, over all rows with a legal rating and a legal time.

    Args:
        counts: Of each month since January 1970, int64 (MONTHS,).
        sums: Stars of each month, float64 (MONTHS,).
        untimed_count: Rows with a legal rating that have no legal time.
    """

    counts: NDArray[np.int64]
    sums: NDArray[np.float64]
    untimed_count: int


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where a row's rating and time stand, counted from 0.

    Args:
        rating: The rating's place.
        time: The timestamp's place.
        is_text: Whether the timestamp is a date rather than seconds.
        cell_count: In a row, before dashes part any.
    """

    rating: int
    time: int
    is_text: bool
    cell_count: int

    @property
    def width(self) -> int:
        """Cells in a row; a date's two dashes make two more."""
        return self.cell_count + (2 if self.is_text else 0)

    @property
    def wanted(self) -> tuple[int, ...]:
        """The cells to be read, once dashes part cells where timestamps are dates."""
        if not self.is_text:
            return (self.rating, self.time)
        rating = self.rating + (2 if self.rating > self.time else 0)
        return (rating, self.time, self.time + 1)


def read_rating_times(folder: Path) -> RatingTimes | None:
    """The ratings of a data set by month; None if they have no timestamps.

    Rows that cannot be understood are passed over. What only reading the whole table can
    find, a rating that a later one replaces or a movie that is not known, counts here.

    Args:
        folder: Where the data set's files lie.

    Raises:
        DatasetNotFoundError: There is no form of MovieLens in it.
        MalformedFileError: The file lacks a column, or cannot be read.
    """
    table = recognise(folder).ratings
    path = folder / table.file
    columns = _columns(path, table)
    if columns is None:
        return None
    counts, sums = np.zeros(MONTHS, dtype=np.int64), np.zeros(MONTHS)
    untimed_count = 0
    with opened(path) as file:
        if table.is_csv:
            file.readline()
        for months, ratings in _parsed(line_blocks(file, BLOCK_BYTES), table, columns):
            is_timed = (months >= 0) & (months < MONTHS)
            untimed_count += int(months.size - is_timed.sum())
            timed = months[is_timed]
            counts += np.bincount(timed, minlength=MONTHS)
            sums += np.bincount(timed, ratings[is_timed], minlength=MONTHS)
    return RatingTimes(counts, sums, untimed_count) if counts.any() else None


def _columns(path: Path, table: TableForm) -> _Columns | None:
    """Where rating and time stand; None where there is no such column, or no row."""
    with opened(path) as file:
        header = file.readline().decode("utf-8-sig", "replace").rstrip("\r\n")
        rating, time = 2, 3
        if table.is_csv:
            names = split_cells(header, ",")
            if TIMESTAMP not in names:
                return None
            rating, time = find_columns(path, header, (table.columns[2], TIMESTAMP))
            header = file.readline().decode("utf-8", "replace").rstrip("\r\n")
    cells = split_cells(header, table.separator)
    if len(cells) <= max(rating, time):
        return None
    return _Columns(rating, time, "-" in cells[time].lstrip("-"), len(cells))


def _parsed(
    blocks: Iterator[bytes], table: TableForm, columns: _Columns
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Months and ratings of each block, some parsed ahead; the C parser frees the interpreter."""
    ahead: deque[Future[tuple[NDArray[np.int64], NDArray[np.float64]]]] = deque()
    with ThreadPoolExecutor(_THREADS) as pool:
        for block in blocks:
            ahead.append(pool.submit(_parse, block, table.separator, columns))
            if len(ahead) > _THREADS:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _parse(
    block: bytes, separator: str, columns: _Columns
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Months since January 1970, -1 for none, and stars, of the rows with legal stars.

    A date falls into numbers, which are read ten times as fast as text, once its dashes part
    cells; quotes mean nothing then.
    """
    if plain := _parse_plain(block, separator, columns):
        return plain
    part = _ONE_BYTE_SEPARATOR.decode() if separator == "::" else separator
    if separator == "::":
        block = block.replace(b"::", _ONE_BYTE_SEPARATOR)
    dashes = bytes.maketrans(b"-", part.encode()) if columns.is_text else None
    block = block.translate(dashes, delete=b'"\0')
    try:
        frame = pd.read_csv(
            BytesIO(block),
            sep=part,
            header=None,
            names=range(columns.width),
            usecols=list(columns.wanted),
            quoting=csv.QUOTE_NONE,
            lineterminator="\n",
            encoding="latin-1",
            on_bad_lines="skip",
            low_memory=False,
            engine="c",
        )
    except ValueError:  # no row at all
        return np.empty(0, dtype=np.int64), np.empty(0)
    cells = [_numbers(frame[column]) for column in columns.wanted]
    return _legal(cells[0], cells[1:])


def _legal(
    rating: NDArray[np.float64], time: Sequence[NDArray[np.float64] | NDArray[np.int64]]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Months and stars of the rows with legal stars; the time is year and month, or seconds."""
    if len(time) > 1:
        year, month = time
        is_date = (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (month >= 1) & (month <= 12)
        months = (np.where(is_date, year, FIRST_YEAR) - FIRST_YEAR) * 12
        months += np.where(is_date, month, 1) - 1
    else:
        (seconds,) = time
        is_date = (seconds >= 0) & (seconds < (LAST_YEAR - FIRST_YEAR) * 365 * _SECONDS_A_DAY)
        stamps = np.where(is_date, seconds, 0).astype("datetime64[s]")
        months = stamps.astype("datetime64[M]").astype(np.int64)
    months = np.where(is_date, months, -1).astype(np.int64)
    is_legal = (rating >= MIN_RATING) & (rating <= MAX_RATING)
    return months[is_legal], rating[is_legal]


def _parse_plain(
    block: bytes, separator: str, columns: _Columns
) -> tuple[NDArray[np.int64], NDArray[np.float64]] | None:
    """The same of rows of plain numbers and dates, or None if there is anything else."""
    parts = []
    for cells in plain_parts(block, separator):
        if cells is None or cells.cell_count != columns.cell_count:
            return None
        rating = cells.stars(columns.rating)
        time: Sequence[NDArray[np.int64]] | None
        if columns.is_text:
            time = cells.years_and_months(columns.time)
        else:
            seconds = cells.numbers(columns.time)
            time = None if seconds is None else (seconds,)
        if rating is None or time is None:
            return None
        parts.append(_legal(rating, time))
    months, ratings = zip(*parts, strict=True)
    return np.concatenate(months), np.concatenate(ratings)


def _numbers(column: "pd.Series[float]") -> NDArray[np.float64]:
    """A column as numbers, NaN for what is none."""
    if column.dtype not in (np.int64, np.float64):
        column = pd.to_numeric(column, errors="coerce")
    return column.to_numpy().astype(np.float64)
