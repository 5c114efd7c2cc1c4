"""From starting the recommender's process to its first answer, and the memory that it takes."""

import sys
import time
from pathlib import Path

import grpc
import psutil
from grpc_health.v1 import health_pb2, health_pb2_grpc

from bench.alternating import Series
from bench.load import published
from bench.serving import running
from bench.setup import DEFAULTS, Setup
from bench.tables import Table, in_megabytes, in_seconds
from movierec.v1 import recommender_pb2 as pb
from movierec.v1.recommender_pb2_grpc import RecommenderServiceStub

MOVIE_COUNT = 27_278
DIMS = (64, DEFAULTS.dim)
CALLS = 2_000


def measure(setup: Setup) -> Table:
    """Seconds and bytes, by the dimensions of the version that lies on the volume."""
    started: dict[int, list[float]] = {dim: [] for dim in DIMS}
    resident: dict[int, list[float]] = {dim: [] for dim in DIMS}
    for _ in range(setup.rounds):
        for dim in DIMS:
            artifacts = published(setup.data, MOVIE_COUNT, dim).parent.parent
            seconds, size = _once(artifacts)
            started[dim].append(seconds)
            resident[dim].append(size)
    return Table(
        title="Starting the recommender",
        columns=("movies x dimensions", "to SERVING", "range", "memory"),
        rows=tuple(
            (
                f"{MOVIE_COUNT:,} x {dim}",
                *in_seconds(Series(tuple(started[dim]))),
                in_megabytes(max(resident[dim])),
            )
            for dim in DIMS
        ),
        notes=(
            "Target: with 64 dimensions within 1.5 s, and at most 150 MB.",
            (
                "From before the process is started to the first time that its health is SERVING. "
                "The version is on the volume, and the system has the files."
            ),
            (
                f"Memory is what is resident after {CALLS:,} calls, each with another seed; the "
                f"greatest of all rounds. Nothing that the process has imported needs TensorFlow: "
                f"`lint-imports` holds that."
            ),
        ),
        figures={f"{dim} dimensions, seconds": tuple(figures) for dim, figures in started.items()}
        | {f"{dim} dimensions, bytes": tuple(figures) for dim, figures in resident.items()},
    )


def _once(artifacts: Path) -> tuple[float, float]:
    command = [sys.executable, "-m", "recommender_service", "--listen", "127.0.0.1:0"]
    command += ["--artifacts-dir", str(artifacts), "--log-level", "error"]
    begin = time.perf_counter()
    with running(command) as (address, pid), grpc.insecure_channel(address) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        for answer in watch:
            if answer.status == health_pb2.HealthCheckResponse.SERVING:
                break
        seconds = time.perf_counter() - begin
        watch.cancel()
        stub = RecommenderServiceStub(channel)
        for movie_id in range(1, CALLS + 1):
            seeds = [pb.Seed(movie_id=movie_id)]
            list(stub.Recommend(pb.RecommendRequest(seeds=seeds), timeout=60))
        return seconds, psutil.Process(pid).memory_info().rss
