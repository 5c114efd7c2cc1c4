"""The endpoint that Prometheus scrapes, and what both services put there."""

import asyncio
from collections.abc import Callable, Iterable
from threading import Thread
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.metrics_core import Metric

from movierec.chassis.build import BuildInfo

PATIENCE_S = 5.0
"""Seconds that a scrape waits for the event loop."""


class MetricsEndpoint:
    """Answers HTTP requests for `/metrics` in threads of its own.

    Args:
        listen: HOST:PORT; port 0 takes a free one.
        registry: What is answered.

    Raises:
        OSError: The address cannot be listened on.
    """

    def __init__(self, listen: str, registry: CollectorRegistry) -> None:
        host, _, port = listen.rpartition(":")
        try:
            self._server: WSGIServer
            self._thread: Thread
            self._server, self._thread = start_http_server(int(port), host.strip("[]"), registry)
        except OSError as error:
            raise OSError(
                f"cannot listen on {listen} for metrics ({error.strerror or error}): is the "
                f"address taken, or not this machine's? MOVIEREC_METRICS_LISTEN says which it is"
            ) from error
        self.url = f"http://{host}:{self._server.server_port}/metrics"
        """Where they are; the port is the real one."""

    def stop(self) -> None:
        """Answers no more; blocks for half a second at most."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class LoopCollector:
    """A collector whose figures are taken in the event loop that they change in.

    Args:
        take: Makes them, at once.
    """

    def __init__(self, take: Callable[[], Iterable[Metric]]) -> None:
        self._take = take
        self._loop = asyncio.get_running_loop()

    def collect(self) -> Iterable[Metric]:
        """The figures as they are.

        Raises:
            TimeoutError: The event loop is busy with something else.
        """
        return asyncio.run_coroutine_threadsafe(self._taken(), self._loop).result(PATIENCE_S)

    async def _taken(self) -> list[Metric]:
        return list(self._take())


def usual_metrics(service: str) -> CollectorRegistry:
    """A registry with what every process says of itself.

    Args:
        service: What the service is called.
    """
    # Ours make their figures when they are asked for them, and so cannot name them before.
    registry = CollectorRegistry(support_collectors_without_names=True)
    registry.register(BuildInfo(service))
    ProcessCollector(registry=registry)
    return registry
