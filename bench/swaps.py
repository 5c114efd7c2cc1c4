"""What calls notice of new versions: how long they wait while one after the other is swapped in."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from bench.alternating import alternate
from bench.calls import Called
from bench.load import invented
from bench.serving import running
from bench.setup import Setup
from bench.tables import Table
from trainer_service.artifact.publishing import prepare_volume, publish

MOVIE_COUNT, DIM = 27_278, 64
CLIENT_COUNT = 16
RATE = 300.0
"""Calls a second, of all clients."""

WINDOW_S = 10.0
SWAPS_A_WINDOW = 5

STEADY = "nothing new"
SWAPPING = f"{SWAPS_A_WINDOW} new versions"


def measure(setup: Setup) -> Table:
    """The 99th of 100 calls, with new versions and without, taking turns."""
    setup.data.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=setup.data) as temporary:
        artifacts = Path(temporary)
        waiting = _waiting_versions(artifacts, setup.rounds * SWAPS_A_WINDOW)
        with _recommender(artifacts) as address:
            windows: dict[str, list[Called]] = {STEADY: [], SWAPPING: []}
            delays_s: list[float] = []

            def steady() -> float:
                windows[STEADY].append(_window(address, []))
                return _p99(windows[STEADY][-1])

            def swapping() -> float:
                fresh = [waiting.pop(0) for _ in range(SWAPS_A_WINDOW)]
                renamed: dict[int, float] = {}
                called = _window(address, fresh, renamed)
                windows[SWAPPING].append(called)
                answers = {int(number): at for number, at in called["first_answers"].items()}
                delays_s.extend(answers[number] - at for number, at in renamed.items())
                return _p99(called)

            measured = alternate({STEADY: steady, SWAPPING: swapping}, setup.rounds)
    rows = []
    for name, series in measured.items():
        low, high = series.spread
        rows.append(
            (
                name,
                _in_ms(median(median(called["waits_s"]) for called in windows[name])),
                _in_ms(series.median),
                f"{low * 1000:.1f} to {high * 1000:.1f}",
                f"{series.median / measured[STEADY].median:.2f}",
                str(sum(called["failed_count"] for called in windows[name])),
            )
        )
    return Table(
        title="Calls while versions are swapped",
        columns=("in 10 s", "median", "99 of 100", "range, ms", "/ steady", "failed"),
        rows=tuple(rows),
        notes=(
            "Target: with new versions at most 2 times the steady 99th of 100, and none fails.",
            (
                f"{RATE:.0f} calls a second from {CLIENT_COUNT} clients, one film, ten movies; "
                f"versions of {MOVIE_COUNT:,} movies in {DIM} dimensions. The clients are on the "
                f"same machine."
            ),
            (
                f"From the rename that publishes a version to its first answer: median "
                f"{median(delays_s):.2f} s, at most {max(delays_s):.2f} s, of which up to 0.5 s "
                f"go by until it is seen."
            ),
        ),
        figures={name: series.figures for name, series in measured.items()}
        | {"seconds from rename to answer": tuple(delays_s)},
    )


def _waiting_versions(artifacts: Path, count: int) -> list[Path]:
    """Publishes a first version; and others, which are under names that readers pass over."""
    prepare_volume(artifacts)
    publication = invented(MOVIE_COUNT, DIM)
    publish(artifacts, publication)
    waiting = []
    for _ in range(count):
        folder = artifacts / "versions" / str(publish(artifacts, publication))
        waiting.append(folder.rename(folder.with_name(f".waiting-{folder.name}")))
    return waiting


@contextmanager
def _recommender(artifacts: Path) -> Iterator[str]:
    """A recommender of that volume with its defaults; where it listens, once it answers."""
    command = [sys.executable, "-m", "recommender_service", "--listen", "127.0.0.1:0"]
    command += ["--artifacts-dir", str(artifacts), "--log-level", "error"]
    with running(command) as (address, _):
        while _called(address, 1.0)["failed_count"]:
            pass
        yield address


def _window(address: str, fresh: list[Path], renamed: dict[int, float] | None = None) -> Called:
    """Calls for a while, during which versions appear one after the other."""
    with subprocess.Popen(_calling(address, WINDOW_S), stdout=subprocess.PIPE) as process:
        for folder in fresh:
            time.sleep(WINDOW_S / (len(fresh) + 1))
            number = folder.name.removeprefix(".waiting-")
            folder.rename(folder.with_name(number))
            assert renamed is not None  # noqa: S101  # given with what is fresh
            renamed[int(number)] = time.monotonic()
        assert process.stdout  # noqa: S101  # asked for above
        called: Called = json.loads(process.stdout.read())
    for old in fresh[:-1]:
        shutil.rmtree(old.with_name(old.name.removeprefix(".waiting-")))
    return called


def _called(address: str, seconds: float) -> Called:
    said = subprocess.run(_calling(address, seconds), stdout=subprocess.PIPE, check=True).stdout
    called: Called = json.loads(said)
    return called


def _calling(address: str, seconds: float) -> list[str]:
    return [
        *(sys.executable, "-m", "bench.calls", address),
        *(str(CLIENT_COUNT), str(RATE), str(seconds)),
    ]


def _p99(called: Called) -> float:
    return quantiles(called["waits_s"], n=100, method="inclusive")[-1]


def _in_ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
