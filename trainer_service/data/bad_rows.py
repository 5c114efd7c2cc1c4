"""Rows that cannot be used: what kinds there are, how many, and on which lines."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

FIRST_LINES = 5
"""How many line numbers of a kind a report names."""


class BadRowKind(StrEnum):
    """Why a row is not used. A row that is bad twice is counted under the earlier kind."""

    MISSING_FIELD = "MISSING_FIELD"
    BAD_ID = "BAD_ID"
    BAD_RATING = "BAD_RATING"
    UNKNOWN_MOVIE = "UNKNOWN_MOVIE"
    DUPLICATE = "DUPLICATE"


class BadRows(BaseModel):
    """The rows of one kind that were not used, in one file."""

    model_config = ConfigDict(frozen=True)

    kind: BadRowKind
    file: str
    """The file's name inside the data set's folder."""
    count: int
    first_lines: tuple[int, ...]
    """Line numbers of the first few, counted from 1, the header included."""

    def __str__(self) -> str:
        lines = ", ".join(str(line) for line in self.first_lines)
        more = ", ..." if self.count > len(self.first_lines) else ""
        word = "line" if self.count == 1 else "lines"
        return f"{self.count:,} {self.kind} ({word} {lines}{more})"


@dataclass(frozen=True, slots=True, eq=False)
class SkippedLines:
    """The lines of one file that gave no row; all line numbers ascend.

    Args:
        bad: Lines of each kind of bad row, for every kind, int64 (B,).
        blank: Lines with nothing on them, which are nobody's fault, int64 (L,).
    """

    bad: Mapping[BadRowKind, NDArray[np.int64]]
    blank: NDArray[np.int64]

    @property
    def bad_count(self) -> int:
        """How many rows are bad, of all kinds."""
        return sum(lines.size for lines in self.bad.values())

    def all_lines(self) -> NDArray[np.int64]:
        """Bad and blank lines together, ascending."""
        return np.sort(np.concatenate([self.blank, *self.bad.values()]))

    def with_bad(self, kind: BadRowKind, lines: NDArray[np.int64]) -> "SkippedLines":
        """The same and these lines, which were not skipped so far."""
        together = np.sort(np.concatenate([self.bad[kind], lines]))
        return replace(self, bad={**self.bad, kind: together})

    def report(self, file: str) -> tuple[BadRows, ...]:
        """One entry for each kind that occurs, in the order of the kinds."""
        return tuple(
            BadRows(
                kind=kind,
                file=file,
                count=self.bad[kind].size,
                first_lines=tuple(self.bad[kind][:FIRST_LINES].tolist()),
            )
            for kind in BadRowKind
            if self.bad[kind].size
        )
