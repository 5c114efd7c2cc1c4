"""Rating rows: reading them from their file, fast where it is clean, with care where not."""

import codecs
import os
import warnings
from array import array
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from pandas.errors import DtypeWarning

from trainer_service.data.bad_rows import BadRowKind, SkippedLines
from trainer_service.data.cells import file_label, find_columns, opened
from trainer_service.data.forms import TableForm
from trainer_service.data.rating_blocks import BlockParser, RowBlock
from trainer_service.errors import MalformedFileError

BLOCK_BYTES = 2**24
"""Small beside a whole file, large beside what starting the parser costs."""

_PIECES = 256
"""Into how many pieces a block falls that is not clean; 64 KiB each."""

_PARSERS = 2
"""Blocks parsed at once, each by a thread: the C parser does not hold the interpreter."""


@dataclass(frozen=True, slots=True, eq=False)
class RatingRows:
    """Rows with legal numbers in the order of the file.

    Args:
        user_id: External ids, int64 (N,).
        movie_id: External ids, int64 (N,).
        rating: Stars, float32 (N,).
        first_line: Line number of the first line after the header.
        skipped: The lines that gave no row.
    """

    user_id: NDArray[np.int64]
    movie_id: NDArray[np.int64]
    rating: NDArray[np.float32]
    first_line: int
    skipped: SkippedLines

    def __len__(self) -> int:
        return self.rating.size

    @property
    def row_count(self) -> int:
        """Data rows in the file, good and bad."""
        return len(self) + self.skipped.bad_count

    def lines(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """The line numbers of the rows at these positions."""
        skipped = self.skipped.all_lines()
        # How many rows come before each skipped line; a row stands that many
        # lines further down as there are skipped lines before it.
        rows_before = skipped - self.first_line - np.arange(skipped.size)
        return self.first_line + positions + np.searchsorted(rows_before, positions, side="right")

    def without(self, bad: NDArray[np.bool_], kind: BadRowKind) -> "RatingRows":
        """The other rows; the bad ones, mask (N,), become skipped lines of that kind."""
        return replace(
            self,
            user_id=self.user_id[~bad],
            movie_id=self.movie_id[~bad],
            rating=self.rating[~bad],
            skipped=self.skipped.with_bad(kind, self.lines(np.flatnonzero(bad))),
        )


def read_rating_rows(path: Path, table: TableForm, *, block_bytes: int = BLOCK_BYTES) -> RatingRows:
    """The rows of a rating file.

    A block of lines that the fast way does not take is tried again in pieces, so
    that a bad row slows down nothing but its piece.

    Args:
        path: The file.
        table: How its lines are laid out.
        block_bytes: How much is parsed at once; changes the speed alone.

    Raises:
        MalformedFileError: The file is empty, lacks a column or cannot be read.
    """
    # pandas warns of a block where a column holds both numbers and text. The block
    # is tried again in pieces, so nobody need know.
    with opened(path) as file, warnings.catch_warnings(action="ignore", category=DtypeWarning):
        if file.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
            file.seek(0)
        columns = (0, 1, 2)
        first_line = 1
        if table.is_csv and (header := file.readline()):
            header_line = header.decode("latin-1").removesuffix("\n")
            user, movie, rating = find_columns(path, header_line, table.columns)
            columns = (user, movie, rating)
            first_line = 2
        parser = BlockParser(table.separator, columns)
        collector = _Collector(first_line)
        for block, rows in _parsed_ahead(parser, line_blocks(file, block_bytes)):
            if rows is not None:
                collector.take(rows)
                continue
            for piece in line_blocks(BytesIO(block), max(1, block_bytes // _PIECES)):
                collector.take(parser.parse_fast(piece) or parser.parse_with_care(piece))
    all_rows = collector.rows()
    if not all_rows.row_count:
        raise MalformedFileError(
            f"{file_label(path)} is empty or has no rows: put the whole file there, each row "
            f"with {', '.join(table.columns)}"
        )
    return all_rows


def line_blocks(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The rest of the file in blocks of whole lines, each about this many bytes."""
    while True:
        # Looked up first, so that the block is read in one go and never copied.
        start = file.tell()
        file.seek(size, os.SEEK_CUR)
        file.readline()
        length = file.tell() - start
        file.seek(start)
        block = file.read(length)
        if not block:
            return
        yield block


def _parsed_ahead(
    parser: BlockParser, blocks: Iterator[bytes]
) -> Iterator[tuple[bytes, RowBlock | None]]:
    """Each block and what the fast way makes of it, in order, some parsed ahead."""
    ahead: deque[tuple[bytes, Future[RowBlock | None]]] = deque()
    with ThreadPoolExecutor(_PARSERS) as pool:
        for block in blocks:
            ahead.append((block, pool.submit(parser.parse_fast, block)))
            if len(ahead) > _PARSERS:
                done, rows = ahead.popleft()
                yield done, rows.result()
        while ahead:
            done, rows = ahead.popleft()
            yield done, rows.result()


class _Collector:
    """Puts blocks of rows together, which must come in order."""

    def __init__(self, first_line: int) -> None:
        self._first_line = first_line
        self._next_line = first_line
        # Arrays that grow in place: memory never holds the rows twice.
        self._user_id, self._movie_id, self._rating = array("q"), array("q"), array("f")
        self._bad = {kind: array("q") for kind in BadRowKind}
        self._blank = array("q")

    def take(self, rows: RowBlock) -> None:
        self._user_id.frombytes(rows.user_id.tobytes())
        self._movie_id.frombytes(rows.movie_id.tobytes())
        self._rating.frombytes(rows.rating.tobytes())
        for kind, line in rows.bad:
            self._bad[kind].append(self._next_line + line)
        self._blank.extend(self._next_line + line for line in rows.blank)
        self._next_line += rows.line_count

    def rows(self) -> RatingRows:
        bad = {kind: np.array(lines, dtype=np.int64) for kind, lines in self._bad.items()}
        return RatingRows(
            np.frombuffer(self._user_id, np.int64),
            np.frombuffer(self._movie_id, np.int64),
            np.frombuffer(self._rating, np.float32),
            self._first_line,
            SkippedLines(bad, np.array(self._blank, dtype=np.int64)),
        )
