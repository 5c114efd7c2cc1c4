"""The exact search of a million movies, beside the same in bare NumPy, and what others notice."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

from bench.alternating import Series, alternate
from bench.load import in_milliseconds, published
from bench.scan_once import ASKED, Found
from bench.setup import Setup
from bench.tables import Table

SIZES = ((1_000_000, 64), (27_278, 64), (27_278, 256), (960, 256))


def measure(setup: Setup) -> Table:
    """Seconds of a query, and of the product and the partition that it cannot do without."""
    found: dict[tuple[int, int], list[Found]] = {}

    def once(size: tuple[int, int]) -> float:
        found.setdefault(size, []).append(_apart(published(setup.data, *size)))
        return found[size][-1]["ours_s"]

    names = {size: f"{size[0]:,} x {size[1]}" for size in SIZES}
    alternate({names[size]: partial(once, size) for size in SIZES}, setup.rounds)
    rows = []
    for size in SIZES:
        trials = found[size]
        ours, bare = (
            Series(tuple(trial[what] for trial in trials)).median for what in ("ours_s", "bare_s")
        )
        rows.append(
            (
                names[size],
                f"{ours * 1000:.2f} ms",
                f"{bare * 1000:.2f} ms",
                f"{ours / bare:.2f}",
                in_milliseconds(trial["idle_p99_s"] for trial in trials),
                in_milliseconds(trial["busy_p99_s"] for trial in trials),
            )
        )
    return Table(
        title="Searching all movies for one seed, k = 10",
        columns=(
            *("movies x dimensions", "ours", "NumPy alone", "ours / NumPy"),
            *("99 of 100 ticks, idle", "99 of 100 ticks, searching"),
        ),
        rows=tuple(rows),
        notes=(
            "Target: a million movies within 1.3 times NumPy, and no other call waits for it.",
            (
                f"Ours is `recommend` as a whole, from the seed to ten movies; NumPy alone is the "
                f"product of the same matrix with a vector, and `argpartition`. Both with one "
                f"thread, {ASKED} times taking turns in one process; medians."
            ),
            (
                "A tick is a sleep of 1 ms in the event loop, while queries are answered one after "
                "the other as the service does: large ones in a thread, so that others go on."
            ),
        ),
        figures={
            f"{names[size]}, {what}": tuple(float(trial[what]) for trial in trials)
            for size, trials in found.items()
            for what in ("ours_s", "bare_s", "idle_p99_s", "busy_p99_s")
        },
    )


def _apart(folder: Path) -> Found:
    command = [sys.executable, "-m", "bench.scan_once", str(folder)]
    said = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    found: Found = json.loads(said)
    return found
