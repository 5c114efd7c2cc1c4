"""Loads a version once, in a thread beside an event loop, and says how it went.

Run as `python -m bench.load_once FOLDER tuned|plain`: a process of its own, which
knows nothing but the recommender, so that its memory is the recommender's.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable
from pathlib import Path
from statistics import quantiles
from typing import TypedDict

import uvloop

from recommender_service.__main__ import tune
from recommender_service.artifact.loading import load_version

TICK_S = 0.001
IDLE_S = 2.0


class Found(TypedDict):
    """What is printed, as JSON: seconds, and bytes."""

    seconds: float
    idle_worst_s: float
    """The longest that the event loop was away from a tick of `TICK_S` while nothing was loaded."""
    worst_s: float
    """The same while the version was loaded, ..."""
    p99_s: float
    """... and what 99 of 100 ticks did not take longer than."""
    bytes_before: int
    """Of memory that is resident."""
    bytes_after: int


async def load(folder: Path) -> Found:
    """Loads a version while the event loop ticks."""
    idle, _ = await ticks_during(asyncio.sleep(IDLE_S))
    bytes_before = resident_bytes()
    start = time.perf_counter()
    busy, version = await ticks_during(asyncio.to_thread(load_version, folder))
    seconds = time.perf_counter() - start
    bytes_after = resident_bytes()
    assert version  # noqa: S101  # so that it is still there when its memory is counted
    return Found(
        seconds=seconds,
        idle_worst_s=max(idle),
        worst_s=max(busy),
        p99_s=quantiles(busy, n=100, method="inclusive")[-1],
        bytes_before=bytes_before,
        bytes_after=bytes_after,
    )


async def ticks_during(work: Awaitable[object]) -> tuple[list[float], object]:
    """How long each tick took while something was done, and what that gave."""
    doing = asyncio.ensure_future(work)
    ticks = []
    while not doing.done():
        start = time.perf_counter()
        await asyncio.sleep(TICK_S)
        ticks.append(time.perf_counter() - start)
    return ticks, doing.result()


def resident_bytes() -> int:
    """Of this process, with what it shares."""
    fields = dict(
        line.split(":", 1) for line in Path("/proc/self/status").read_text("utf-8").splitlines()
    )
    return int(fields["VmRSS"].removesuffix("kB")) * 1024


if __name__ == "__main__":
    if sys.argv[2] == "tuned":
        tune()
    print(json.dumps(uvloop.run(load(Path(sys.argv[1])))))
