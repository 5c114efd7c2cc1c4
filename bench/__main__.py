"""The command: measures tables, and writes what was found."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.apart import measure_apart
from bench.setup import Setup
from bench.tables import keep

TABLES = {
    "sample": "bench.sample",
    "reading": "bench.reading",
    "keras-fit": "bench.keras_fit",
    "epoch": "bench.epoch",
    "linear": "bench.linear",
    "same-rmse": "bench.same_rmse",
    "train": "bench.train",
    "search": "bench.search",
    "load": "bench.load",
    "swaps": "bench.swaps",
    "serving": "bench.serving",
    "observing": "bench.observing",
    "scan": "bench.scan",
    "insights": "bench.insights",
    "start": "bench.start",
    "workers": "bench.workers",
}
"""Each table's module, in the order in which they are measured."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures the tables that were asked for.

    Args:
        arguments: Of the command; by default, those that the process was started with.
    """
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"of {', '.join(TABLES)}")
    parser.add_argument("--rounds", type=int, default=5, help="measure each figure so often (5)")
    parser.add_argument(
        "--data", type=Path, default=Path("data/bench"), help="where to make the data (data/bench)"
    )
    parser.add_argument(
        *("-o", "--results"), type=Path, default=Path("bench/results"), help="(bench/results)"
    )
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parser.parse_args(arguments)
    if unknown := set(options.tables) - set(TABLES):
        parser.error(
            f"there is no table {', '.join(sorted(unknown))}: name any of {', '.join(TABLES)}"
        )
    try:
        setup = Setup(options.data, options.rounds)
    except ValueError as error:
        parser.error(str(error))
    command = shlex.join(["python", "-m", "bench", *arguments])
    for name in options.tables or TABLES:
        measurement = measure_apart(TABLES[name], setup, command)
        print(f"\n{measurement.markdown()}", flush=True)
        keep(measurement, name, options.results)


if __name__ == "__main__":
    main()
