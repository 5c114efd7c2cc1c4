"""Tables of figures: what one is, and how it is kept and shown.

Each is kept as JSON of its own, with the raw figures and how they came about;
from all that are there one page of Markdown is made.
"""

from collections.abc import Sequence
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict

from bench.alternating import Series
from bench.machine import Machine

PAGE = "README.md"
TITLE = "# What was measured"
INTRODUCTION = """\
Written by `python -m bench`; do not edit. Times depend on the machine and on what else it does:
compare rows of one table, which were measured taking turns, rather than tables."""


class Table(BaseModel):
    """Some figures that belong together."""

    model_config = ConfigDict(frozen=True)

    title: str
    columns: tuple[str, ...]
    """The first one holds names, the others numbers."""
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    """Sentences: the target, what exactly was done, and what the figures do not say."""
    figures: dict[str, tuple[float, ...]]
    """What the rows were made from, by name, in the order of the rounds."""

    def markdown(self) -> str:
        """The table with its title and notes."""
        lines = [self.columns, ["---", *["---:"] * (len(self.columns) - 1)], *self.rows]
        table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
        notes = "\n".join(f"- {note}" for note in self.notes)
        return f"### {self.title}\n\n{table}\n\n{notes}"


class Measurement(BaseModel):
    """A table, and how it came about."""

    model_config = ConfigDict(frozen=True)

    table: Table
    command: str
    began: AwareDatetime
    seconds: float
    load: float
    """Processes that wanted a core in the minute before, others' included."""
    machine: Machine

    def markdown(self) -> str:
        """The table, and below it how it came about."""
        return (
            f"{self.table.markdown()}\n\n"
            f"`{self.command}`, {self.began:%Y-%m-%d %H:%M} UTC, in {self.seconds:.0f} s; "
            f"load before {self.load:.1f}"
        )


def keep(measurement: Measurement, name: str, folder: Path) -> None:
    """Writes a measurement over the one before of that name, and the page anew."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(measurement.model_dump_json(indent=2) + "\n", encoding="utf-8")
    kept = [
        Measurement.model_validate_json(path.read_bytes()) for path in sorted(folder.glob("*.json"))
    ]
    (folder / PAGE).write_text(_page(kept), encoding="utf-8")


def _page(measurements: Sequence[Measurement]) -> str:
    """All tables, by machine."""
    sections = [TITLE, INTRODUCTION]
    for machine in dict.fromkeys(str(measured.machine) for measured in measurements):
        sections.append(f"## {machine}")
        sections += [
            measured.markdown() for measured in measurements if str(measured.machine) == machine
        ]
    return "\n\n".join(sections) + "\n"


def in_seconds(series: Series) -> tuple[str, str]:
    """Median, and least to greatest."""
    low, high = series.spread
    return f"{series.median:.2f} s", f"{low:.2f} to {high:.2f}"


def in_rates(series: Series) -> tuple[str, str]:
    """Median, and least to greatest, of figures that are counts per second."""
    low, high = series.spread
    return f"{series.median:,.0f}", f"{low:,.0f} to {high:,.0f}"


def in_megabytes(size: float) -> str:
    """A size in bytes, in units of 10^6."""
    return f"{size / 1e6:,.0f} MB"
