"""Searches a version, and says how long it took.

Run as `python -m bench.scan_once FOLDER`: a process of its own, tuned as the service is.
"""

import os

# As the service does, before NumPy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import asyncio
import json
import sys
import time
from contextlib import aclosing
from pathlib import Path
from statistics import median, quantiles
from typing import TypedDict

import numpy as np
import uvloop

from bench.load_once import ticks_during
from movierec.v1 import recommender_pb2 as pb
from recommender_service.__main__ import tune
from recommender_service.artifact.loading import load_version
from recommender_service.query.query import Query, Seed
from recommender_service.query.recommending import recommend
from recommender_service.query.version import Version
from recommender_service.service.answering import Answering

ASKED = 40
IDLE_S = 1.0


class Found(TypedDict):
    """What is printed, as JSON: seconds."""

    ours_s: float
    bare_s: float
    idle_p99_s: float
    """What 99 of 100 ticks of the event loop did not take longer than, ..."""
    busy_p99_s: float
    """... and the same while queries are answered."""


def search(version: Version) -> Found:
    """Searches one way and the other, and then beside an event loop."""
    ours, bare = [], []
    for movie_id in range(1, ASKED + 1):
        row = version.catalogue.row_of_id(movie_id)
        vector = version.index.embeddings[row].copy()
        begin = time.perf_counter()
        found = list(recommend(version, Query([Seed(movie_id)])).recommendations)
        between = time.perf_counter()
        scores = version.index.embeddings @ vector
        nearest = np.argpartition(scores, -11)[-11:]
        end = time.perf_counter()
        ours.append(between - begin)
        bare.append(end - between)
        assert {item.movie.movie_id for item in found} <= set(  # noqa: S101
            version.index.movie_ids[nearest].tolist()
        )
    idle, busy = uvloop.run(_beside(version))
    return Found(
        ours_s=median(ours), bare_s=median(bare), idle_p99_s=_p99(idle), busy_p99_s=_p99(busy)
    )


async def _beside(version: Version) -> tuple[list[float], list[float]]:
    answering = Answering(chunk_size=100, remembered_bytes=0)

    async def answer() -> None:
        for movie_id in range(1, ASKED + 1):
            request = pb.RecommendRequest(seeds=[pb.Seed(movie_id=movie_id)])
            async with aclosing(answering.messages(request, version, str)) as messages:
                async for _ in messages:
                    await asyncio.sleep(0)

    idle, _ = await ticks_during(asyncio.sleep(IDLE_S))
    busy, _ = await ticks_during(answer())
    return idle, busy


def _p99(ticks: list[float]) -> float:
    return quantiles(ticks, n=100, method="inclusive")[-1]


if __name__ == "__main__":
    tune()
    print(json.dumps(search(load_version(Path(sys.argv[1])))))
