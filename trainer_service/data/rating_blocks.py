"""Blocks of a rating file: whole lines turned into rows, fast or with care.

The fast way, NumPy alone where it can and else pandas' C parser, counts only if every line gave
one row of legal numbers. The careful way reads any line and says what is wrong with it.
What the fast way accepts, the careful way reads alike.
"""

import csv
from array import array
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from movierec.cells import plain_parts
from trainer_service.data.bad_rows import BadRowKind
from trainer_service.data.cells import (
    MAX_RATING,
    MIN_RATING,
    WHITESPACE,
    parse_id,
    parse_rating,
    split_cells,
)

_ONE_BYTE_SEPARATOR = b"\x1f"
"""What stands in for "::" in the fast way, since the C parser takes one byte only."""


@dataclass(frozen=True, slots=True, eq=False)
class RowBlock:
    """The rows of some lines, and which of those gave none; lines are counted from 0.

    Args:
        user_id: External ids, int64 (N,).
        movie_id: External ids, int64 (N,).
        rating: Stars, float32 (N,).
        line_count: How many lines there are.
        bad: What is wrong with which line.
        blank: Lines with nothing on them.
    """

    user_id: NDArray[np.int64]
    movie_id: NDArray[np.int64]
    rating: NDArray[np.float32]
    line_count: int
    bad: tuple[tuple[BadRowKind, int], ...] = ()
    blank: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class BlockParser:
    """Turns lines into rows.

    Args:
        separator: What stands between cells; where it is a comma, cells may be
            quoted as in CSV.
        columns: Where user id, movie id and rating stand, counted from 0.
    """

    separator: str
    columns: tuple[int, int, int]

    def parse_fast(self, block: bytes) -> RowBlock | None:
        """The rows of whole lines, or None if any line needs a closer look."""
        if b"\0" in block:  # where pandas 2 ends a cell
            return None
        if rows := self.parse_plain(block):
            return rows
        # As block.count(b"\n"), five times as fast.
        line_ends = np.count_nonzero(np.frombuffer(block, np.uint8) == ord("\n"))
        line_count = int(line_ends) + (not block.endswith(b"\n"))
        separator = self.separator
        if separator == "::":
            if _ONE_BYTE_SEPARATOR in block:
                return None
            separator = _ONE_BYTE_SEPARATOR.decode()
            block = block.replace(b"::", _ONE_BYTE_SEPARATOR)
        try:
            # No dtype: asked for int64, pandas also takes 1e3, TRUE, and ids that
            # it has rounded on the way through float64.
            frame = pd.read_csv(
                BytesIO(block),
                sep=separator,
                header=None,
                # Without names pandas counts columns by the first line, and a
                # short one shifts all others.
                names=range(max(self.columns) + 1),
                usecols=list(self.columns),
                quoting=csv.QUOTE_MINIMAL if separator == "," else csv.QUOTE_NONE,
                lineterminator="\n",
                encoding="latin-1",  # fits any bytes, and knows no byte order mark
                engine="c",
            )
        except ValueError:
            return None
        user_id, movie_id, rating = (frame[column].to_numpy() for column in self.columns)
        clean = (
            len(frame) == line_count  # else a line was blank, or a quoted line end joined two
            and user_id.dtype == np.int64
            and movie_id.dtype == np.int64
            and rating.dtype in (np.int64, np.float64)
            and user_id.min() >= 0
            and movie_id.min() >= 0
            and rating.min() >= MIN_RATING
            and rating.max() <= MAX_RATING
        )
        return RowBlock(user_id, movie_id, _stars(rating), line_count) if clean else None

    def parse_plain(self, block: bytes) -> RowBlock | None:
        """The rows of whole lines of plain numbers, or None if there is anything else."""
        user, movie, rating = self.columns
        if b'"' in block and sorted(self.columns) != [0, 1, 2]:
            return None  # a separator in quotes, in a cell before, would move the others
        users, movies, stars = [], [], []
        for cells in plain_parts(block, self.separator):
            if cells is None or cells.cell_count <= max(self.columns):
                return None
            user_id, movie_id = cells.numbers(user), cells.numbers(movie)
            found = cells.stars(rating)
            if user_id is None or movie_id is None or found is None:
                return None
            if found.min() < MIN_RATING or found.max() > MAX_RATING:
                return None
            users.append(user_id)
            movies.append(movie_id)
            stars.append(_stars(found))
        ratings = np.concatenate(stars)
        return RowBlock(np.concatenate(users), np.concatenate(movies), ratings, ratings.size)

    def parse_with_care(self, block: bytes) -> RowBlock:
        """The rows of whole lines, one by one."""
        user_ids, movie_ids, ratings = array("q"), array("q"), array("d")
        bad: list[tuple[BadRowKind, int]] = []
        blank: list[int] = []
        lines = block.decode("latin-1").removesuffix("\n").split("\n")
        for number, line in enumerate(lines):
            if not line.strip(WHITESPACE):
                blank.append(number)
                continue
            row = self._parse_line(line)
            if isinstance(row, BadRowKind):
                bad.append((row, number))
            else:
                user_id, movie_id, rating = row
                user_ids.append(user_id)
                movie_ids.append(movie_id)
                ratings.append(rating)
        return RowBlock(
            np.array(user_ids, dtype=np.int64),
            np.array(movie_ids, dtype=np.int64),
            _stars(np.array(ratings, dtype=np.float64)),
            len(lines),
            tuple(bad),
            tuple(blank),
        )

    def _parse_line(self, line: str) -> tuple[int, int, float] | BadRowKind:
        """User id, movie id and rating of one line, or what is wrong with it."""
        cells = split_cells(line, self.separator)
        if len(cells) <= max(self.columns):
            return BadRowKind.MISSING_FIELD
        user, movie, stars = (cells[column] for column in self.columns)
        if not (user and movie and stars):
            return BadRowKind.MISSING_FIELD
        user_id, movie_id = parse_id(user), parse_id(movie)
        if user_id is None or movie_id is None:
            return BadRowKind.BAD_ID
        rating = parse_rating(stars)
        if rating is None:
            return BadRowKind.BAD_RATING
        return user_id, movie_id, rating


def _stars(rating: NDArray[np.float64]) -> NDArray[np.float32]:
    return rating.astype(np.float32)
