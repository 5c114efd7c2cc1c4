"""What it costs to count, log and trace each call of `Recommend`."""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import grpc
import psutil
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from bench.alternating import Series, alternate
from bench.h2load import CLIENTS, STREAMS, WARM_UP_S, load
from bench.load import published
from bench.serving import MOVIE_COUNT, ONE_SEED, RECOMMEND, running_recommender
from bench.setup import DEFAULTS, Setup
from bench.tables import Table, in_rates

SECONDS = 3

METRICS = ("--metrics-listen", "127.0.0.1:0")


@dataclass(frozen=True, slots=True)
class Way:
    """A way to run the recommender.

    Args:
        flags: What it is told.
        is_logged: Whether it writes a line for each call.
        is_traced: Whether it sends spans to a collector.
    """

    flags: Sequence[str] = ()
    is_logged: bool = False
    is_traced: bool = False


WAYS = {
    "nothing": Way(),
    "metrics": Way(METRICS),
    "logs": Way(is_logged=True),
    "traces": Way(is_traced=True),
    "metrics and logs": Way(METRICS, is_logged=True),
    "all three": Way(METRICS, is_logged=True, is_traced=True),
}


def measure(setup: Setup) -> Table:
    """Replies a second, and processor time for each, by what is done beside answering."""
    artifacts = published(setup.data, MOVIE_COUNT, DEFAULTS.dim).parent.parent
    message = ONE_SEED.SerializeToString()
    cpu_s: dict[str, list[float]] = {name: [] for name in WAYS}
    with ExitStack() as stack:
        collector = stack.enter_context(_collector())
        servers: dict[str, tuple[str, psutil.Process]] = {}
        for name, way in WAYS.items():
            with _variables(collector if way.is_traced else {}):
                running = running_recommender(
                    artifacts,
                    (*way.flags, "--log-format", "json"),
                    log_level="info" if way.is_logged else "warning",
                    log=subprocess.DEVNULL,
                )
                address, pid = stack.enter_context(running)
            servers[name] = (address, psutil.Process(pid))

        def once(name: str) -> float:
            address, process = servers[name]
            began_s = _cpu_s(process)
            found = load(address, RECOMMEND, message, seconds=SECONDS)
            if found.failed_count:
                raise RuntimeError(f"{found.failed_count} calls failed")
            replies = found.replies_per_s * (SECONDS + WARM_UP_S)
            cpu_s[name].append((_cpu_s(process) - began_s) / replies)
            return found.replies_per_s

        rates = alternate({name: partial(once, name) for name in WAYS}, setup.rounds)
    cpu = {name: Series(tuple(found)) for name, found in cpu_s.items()}
    return Table(
        title="What it costs to observe calls of `Recommend`",
        columns=("", "replies/s", "range", "ratio", "CPU a reply", "ratio"),
        rows=tuple(_row(name, rates, cpu) for name in WAYS),
        notes=(
            (
                "Target: metrics and logs, which is what a deployment has, cost at most 10 % of "
                "the replies a second. Traces are off unless asked for."
            ),
            (
                f"One seed, k = 10, answered from memory, of {MOVIE_COUNT:,} movies in "
                f"{DEFAULTS.dim} dimensions. h2load with {CLIENTS} connections and {STREAMS} "
                f"streams on each, {SECONDS} s a round, on the same cores. The processor's time is "
                f"that of the server's process, its warm-up included."
            ),
            (
                "Metrics: nobody scrapes meanwhile. Logs: a line of JSON for each call, thrown "
                "away. Traces: a span for each call, to a collector in the bench's process that "
                "throws it away, which takes processor time from the server."
            ),
        ),
        figures={f"{name}, replies/s": series.figures for name, series in rates.items()}
        | {f"{name}, CPU seconds a reply": series.figures for name, series in cpu.items()},
    )


def _row(name: str, rates: Mapping[str, Series], cpu: Mapping[str, Series]) -> tuple[str, ...]:
    return (
        name,
        *in_rates(rates[name]),
        f"{rates[name].median / rates['nothing'].median:.2f}",
        f"{cpu[name].median * 1e6:.0f} µs",
        f"{cpu[name].median / cpu['nothing'].median:.2f}",
    )


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def _variables(more: Mapping[str, str]) -> Iterator[None]:
    """Has processes that are started meanwhile have more variables."""
    before = dict(os.environ)
    os.environ |= more
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= before


class _Sink(trace_service_pb2_grpc.TraceServiceServicer):
    def Export(
        self, request: trace_service_pb2.ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        """Takes spans."""
        return trace_service_pb2.ExportTraceServiceResponse()


@contextmanager
def _collector() -> Iterator[Mapping[str, str]]:
    """A collector of spans; the variables that lead there."""
    server = grpc.server(ThreadPoolExecutor(1))
    add: Any = trace_service_pb2_grpc.add_TraceServiceServicer_to_server
    add(_Sink(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}
    finally:
        server.stop(None)
