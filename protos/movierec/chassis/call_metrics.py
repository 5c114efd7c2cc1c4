"""Counts calls, under the names that gRPC gives them (proposal A66)."""

from bisect import bisect_left
from collections.abc import Iterator

import grpc
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from movierec.chassis.call import Call, Method

BOUNDS_S = (
    *(0.0, 0.00001, 0.00005, 0.0001, 0.0003, 0.0006, 0.0008),
    *(0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008),
    *(0.01, 0.013, 0.016, 0.02, 0.025, 0.03, 0.04, 0.05, 0.065, 0.08),
    *(0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65, 0.8),
    *(1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0),
)
"""Of the latency's histogram, in seconds, as A66 has them."""


class Durations:
    """A histogram of seconds.

    The metrics library's own takes a lock and several calls for each value, which
    here would be a few percent of what a whole call takes.

    Args:
        bounds_s: The upper ends of its buckets, ascending; the last one has none.
    """

    def __init__(self, bounds_s: tuple[float, ...] = BOUNDS_S) -> None:
        self._bounds_s = bounds_s
        self._counts = [0] * (len(bounds_s) + 1)
        self._sum_s = 0.0

    def add(self, seconds: float) -> None:
        """Counts a duration."""
        self._counts[bisect_left(self._bounds_s, seconds)] += 1
        self._sum_s += seconds

    def buckets(self) -> tuple[list[tuple[str, float]], float]:
        """What the metrics library takes: how many up to each bound, and the sum in seconds."""
        total, found = 0, []
        names = [*map(str, self._bounds_s), "+Inf"]
        for name, counted in zip(names, list(self._counts), strict=True):
            total += counted
            found.append((name, float(total)))
        return found, self._sum_s


class CallMetrics:
    """Counts the calls of a server; a collector of the metrics library.

    It is told by one thread, and read by any.
    """

    def __init__(self) -> None:
        self._methods: list[Method] = []
        self._durations: dict[tuple[str, grpc.StatusCode], Durations] = {}

    def add(self, method: Method) -> None:
        """Has a method be reported, from its first call on."""
        self._methods.append(method)

    def ended(self, call: Call) -> None:
        """Counts a call that has ended."""
        assert call.code is not None, "a call ends with a status"  # noqa: S101
        key = (call.method.name, call.code)
        durations = self._durations.get(key)
        if durations is None:
            durations = self._durations[key] = Durations()
        durations.add(call.duration_s)

    def collect(self) -> Iterator[Metric]:
        """The figures as they are."""
        started = CounterMetricFamily(
            "grpc_server_call_started",
            "Calls that have begun, those under way among them.",
            labels=["grpc_method"],
        )
        sent = CounterMetricFamily(
            "movierec_server_messages_sent",
            "Messages that answers consisted of; a stream has several.",
            labels=["grpc_method"],
        )
        in_flight = GaugeMetricFamily(
            "movierec_server_calls_in_flight",
            "Calls under way, by how many messages go to and fro.",
            labels=["grpc_method", "grpc_type"],
        )
        for method in self._methods:
            started.add_metric([method.name], method.started)
            sent.add_metric([method.name], method.sent)
            in_flight.add_metric([method.name, method.kind], method.started - method.ended)
        durations = HistogramMetricFamily(
            "grpc_server_call_duration_seconds",
            "Seconds from a call's headers to its status.",
            labels=["grpc_method", "grpc_status"],
        )
        for (name, code), counted in self._durations.copy().items():
            buckets, sum_s = counted.buckets()
            durations.add_metric([name, code.name], buckets, sum_s)
        return iter((started, durations, sent, in_flight))
