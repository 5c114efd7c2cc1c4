"""`Recommend` under load, against a server that only sends the same bytes."""

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import grpc

from bench.alternating import Series, alternate
from bench.h2load import CLIENTS, STREAMS, Load, load
from bench.load import published
from bench.setup import DEFAULTS, Setup
from bench.tables import Table, in_rates
from movierec.v1 import recommender_pb2 as pb
from movierec.v1.recommender_pb2_grpc import RecommenderServiceStub

MOVIE_COUNT = 27_278
SMALL_COUNT = 960
"""Movies with more than 5,000 ratings, in data of ML-20M's shape."""

SECONDS = 5
RECOMMEND = "/movierec.v1.RecommenderService/Recommend"
BARE = "/bench.Bare/Answer"

ONE_SEED = pb.RecommendRequest(seeds=[pb.Seed(movie_id=1)])
FIVE_SEEDS = pb.RecommendRequest(
    seeds=[pb.Seed(movie_id=movie_id) for movie_id in (1, 7, 50, 300, 900)],
    filter=pb.MovieFilter(any_genres=["Comedy"]),
    top_k=50,
)


def measure(setup: Setup) -> Table:
    """Replies a second, and how long they take at half of that."""
    rows: list[tuple[str, ...]] = []
    figures: dict[str, tuple[float, ...]] = {}
    for name, movie_count, request, arguments in (
        ("one seed, k = 10", MOVIE_COUNT, ONE_SEED, ()),
        ("five seeds, a genre, k = 50", MOVIE_COUNT, FIVE_SEEDS, ()),
        ("one seed, never asked before", MOVIE_COUNT, ONE_SEED, ("--remembered-mb", "0")),
        ("five seeds, a genre, k = 50, never", MOVIE_COUNT, FIVE_SEEDS, ("--remembered-mb", "0")),
        ("one seed, 960 movies, never", SMALL_COUNT, ONE_SEED, ("--remembered-mb", "0")),
    ):
        found = _compare(setup, movie_count, request, arguments)
        rows.append(_row(name, found))
        figures |= {f"{name}, {what}": series.figures for what, series in found.items()}
    return Table(
        title="Calls of `Recommend`",
        columns=(
            *("", "replies/s", "range", "bare server", "ratio"),
            *("99 of 100 at half load", "bare server", "ratio"),
        ),
        rows=tuple(rows),
        notes=(
            (
                "Target: one seed at least 0.9 times as many replies as a bare server, the 99th of "
                "100 at half of that load at most 1.5 times as long; five seeds at least 0.5 times."
            ),
            (
                f"{MOVIE_COUNT:,} movies in {DEFAULTS.dim} dimensions, one process, default "
                f"settings, its log going nowhere. h2load with {CLIENTS} connections and {STREAMS} "
                f"streams on each, {SECONDS} s a round, on the same two cores; it sends the same "
                f"request each time, "
                f"so that all but the first are answered from memory. The rows `never` have that "
                f"turned off (`--remembered-mb 0`): each call is worked out."
            ),
            "The bare server sends one ready message, of the same bytes as the answer.",
        ),
        figures=figures,
    )


def _compare(
    setup: Setup, movie_count: int, request: pb.RecommendRequest, arguments: Sequence[str]
) -> dict[str, Series]:
    """Replies a second, and the 99th of 100 at half of that load, of both, taking turns."""
    artifacts = published(setup.data, movie_count, DEFAULTS.dim).parent.parent
    message = request.SerializeToString()
    with ExitStack() as stack:
        ours, _ = stack.enter_context(
            running_recommender(artifacts, arguments, log_level="info", log=subprocess.DEVNULL)
        )
        answer = answer_of(ours, request)
        bare, _ = stack.enter_context(running_bare(answer))
        calls = {"ours": (ours, RECOMMEND), "bare": (bare, BARE)}

        def most(name: str) -> float:
            return checked(load(*calls[name], message, seconds=SECONDS)).replies_per_s

        rates = alternate({name: partial(most, name) for name in calls}, setup.rounds)
        half = min(series.median for series in rates.values()) / 2

        def wait(name: str) -> float:
            return checked(load(*calls[name], message, seconds=SECONDS, rate=half)).p99_s

        waits = alternate({name: partial(wait, name) for name in calls}, setup.rounds)
    return {f"replies/s, {name}": series for name, series in rates.items()} | {
        f"seconds of 99 of 100, {name}": series for name, series in waits.items()
    }


def _row(name: str, found: dict[str, Series]) -> tuple[str, ...]:
    rates = [found[f"replies/s, {who}"] for who in ("ours", "bare")]
    waits = [found[f"seconds of 99 of 100, {who}"] for who in ("ours", "bare")]
    return (
        name,
        *in_rates(rates[0]),
        f"{rates[1].median:,.0f}",
        f"{rates[0].median / rates[1].median:.2f}",
        f"{waits[0].median * 1000:.2f} ms",
        f"{waits[1].median * 1000:.2f} ms",
        f"{waits[0].median / waits[1].median:.2f}",
    )


def answer_of(address: str, request: pb.RecommendRequest) -> bytes:
    """The one message that a recommender answers a request with, encoded."""
    with grpc.insecure_channel(address) as channel:
        (answer,) = RecommenderServiceStub(channel).Recommend(request, timeout=60)
    encoded: bytes = answer.SerializeToString()
    return encoded


def checked(found: Load) -> Load:
    """The same, if no call failed."""
    if found.failed_count:
        raise RuntimeError(f"{found.failed_count} calls failed")
    return found


@contextmanager
def running_recommender(
    artifacts: Path,
    arguments: Sequence[str] = (),
    *,
    log_level: str = "error",
    log: int | None = None,
) -> Iterator[tuple[str, int]]:
    """A recommender of that volume, once it serves; where it listens, and its process id.

    Args:
        artifacts: The volume.
        arguments: More settings.
        log_level: What it logs.
        log: Where that goes, as `subprocess` has it; where the bench's own does, if not given.
    """
    command = [sys.executable, "-m", "recommender_service", "--listen", "127.0.0.1:0"]
    command += ["--artifacts-dir", str(artifacts), "--log-level", log_level, *arguments]
    with running(command, log) as started, grpc.insecure_channel(started[0]) as channel:
        stub = RecommenderServiceStub(channel)
        while True:
            try:
                stub.GetModel(pb.GetModelRequest(), timeout=60)
                break
            except grpc.RpcError:
                continue  # it has loaded nothing yet
        yield started


@contextmanager
def running_bare(message: bytes, address: str = "127.0.0.1:0") -> Iterator[tuple[str, int]]:
    """A server that sends that message; where it listens, and its process id."""
    with TemporaryDirectory() as temporary:
        path = Path(temporary) / "message"
        path.write_bytes(message)
        with running([sys.executable, "-m", "bench.bare_server", str(path), address]) as started:
            yield started


@contextmanager
def running(command: Sequence[str], log: int | None = None) -> Iterator[tuple[str, int]]:
    """A process that prints where it listens, and is killed at the end; and its id."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process:
        try:
            assert process.stdout  # noqa: S101  # asked for above
            found = re.search(r"listening on (\S+)", process.stdout.readline())
            if not found:
                raise RuntimeError(f"{command[2]} did not start; see above for what it printed")
            yield found[1], process.pid
        finally:
            process.kill()
