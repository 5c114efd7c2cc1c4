"""A gRPC server with health, reflection, an error boundary and an orderly stop."""

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import NoReturn, Protocol

import grpc
import uvloop
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

from movierec.chassis.boundary import ErrorBoundary, ErrorTable
from movierec.chassis.call_log import CallLog
from movierec.chassis.call_metrics import CallMetrics
from movierec.chassis.ending import end_process
from movierec.chassis.gate import Gate
from movierec.chassis.health import LIVENESS, Health
from movierec.chassis.logs import set_up_logs
from movierec.chassis.metrics import LoopCollector, MetricsEndpoint, usual_metrics
from movierec.chassis.observing import CallObserver
from movierec.chassis.port import cannot_listen
from movierec.chassis.settings import ServiceSettings, SettingsT, load_settings
from movierec.chassis.tracing import tracing_of

HEALTH_NAME = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name

STREAMS_A_CONNECTION = 128
"""Calls at a time; further ones wait on the client's side, so that one that opens a thousand and
reads none takes little memory here."""

log = logging.getLogger(__name__)


class Background(Protocol):
    """A service's work beside its calls."""

    async def start(self) -> None:
        """Begins; called once the port is open."""

    async def stop(self) -> None:
        """Ends in order; called when new calls are no longer taken."""


class Service(Background, Protocol):
    """A service, put together: a server, and the work behind it."""

    server: "ServiceServer"


class ServiceServer:
    """The server that a service's servicer is added to.

    It takes its port on construction, and calls from `start` on. It is not
    ready, in terms of health, before `set_ready` says so.

    Args:
        settings: Where to listen, and how long to wait at the end.
        name: What the service is called, such as "trainer".
        services: Full names of the services on it, for health and reflection.
        errors: The service's one table of errors.
        shares_port: Whether it shares its port with others that do; whose port
            that is has been made sure of with `movierec.chassis.port`.
        scraped: What is answered to whoever scrapes, given what this process says.
        connection_age_s: Seconds, give or take a tenth, after which it asks a client to make
            another connection; calls under way on the old one go on for as long as they take.
            Never if not given.

    Raises:
        OSError: An address cannot be listened on, or spans cannot be sent as is asked for.
    """

    def __init__(
        self,
        settings: ServiceSettings,
        *,
        name: str,
        services: Sequence[str],
        errors: ErrorTable,
        shares_port: bool = False,
        scraped: Callable[[CollectorRegistry], CollectorRegistry] = lambda own: own,
        connection_age_s: float | None = None,
    ) -> None:
        self._settings = settings
        self._services = tuple(services)
        self.registry = usual_metrics(name)
        """What is scraped; a service adds collectors of its own."""
        self._tracing = tracing_of(os.environ, name)
        metrics = CallMetrics() if settings.metrics_listen else None
        if metrics:
            self.registry.register(metrics)
        observer = CallObserver(metrics=metrics, log=CallLog.installed(), tracing=self._tracing)
        self._gate = Gate()
        self.grpc = grpc.aio.server(
            interceptors=[ErrorBoundary(errors, observer, self._gate)],
            options=[
                # Otherwise two servers bind one port without a word.
                ("grpc.so_reuseport", int(shares_port)),
                ("grpc.max_concurrent_streams", STREAMS_A_CONNECTION),
                # The largest message is left at grpc's 4 MiB: to say so costs time at each call.
                *_ages(connection_age_s),
            ],
        )
        self._health = Health()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self.grpc)
        if settings.reflection:
            names = (*self._services, HEALTH_NAME, reflection.SERVICE_NAME)
            reflection.enable_server_reflection(names, self.grpc)
        host = settings.listen.rpartition(":")[0]
        try:
            port = self.grpc.add_insecure_port(settings.listen)
        except RuntimeError as error:
            raise OSError(cannot_listen(settings.listen)) from error
        self.address = f"{host}:{port}"
        """HOST:PORT that it listens on; the port is the real one."""
        listen = settings.metrics_listen
        self._endpoint = MetricsEndpoint(listen, scraped(self.registry)) if listen else None

    def add_metrics(self, take: Callable[[], Iterable[Metric]]) -> None:
        """Has more be scraped.

        Args:
            take: Makes the figures, at once; called in the event loop that runs now.
        """
        self.registry.register(LoopCollector(take))

    @property
    def metrics_url(self) -> str | None:
        """Where its metrics are, if they are to be had."""
        return self._endpoint.url if self._endpoint else None

    async def start(self) -> None:
        """Begins to take calls."""
        await self._health.set([LIVENESS], ready=True)
        await self.set_ready(ready=False)
        await self.grpc.start()

    async def set_ready(self, *, ready: bool) -> None:
        """Says to whoever asks for health whether calls make sense."""
        await self._health.set(("", *self._services), ready=ready)

    async def stop(self, background: Background | None = None) -> None:
        """Not ready, no new calls, then the calls under way, at most for the grace.

        Args:
            background: Stopped while the calls under way finish.
        """
        grace_s = self._settings.shutdown_grace_s
        await self._health.settle()
        await self._gate.shut()
        await self._health.end()
        draining = asyncio.create_task(self.grpc.stop(grace_s))
        began = time.monotonic()
        if background:
            with suppress(TimeoutError):
                async with asyncio.timeout(grace_s):
                    await background.stop()
        await draining
        if time.monotonic() - began >= grace_s:
            log.warning("calls were still under way after %g s and were cut off", grace_s)
        # Side by side: after a grace that was used up there is not much time left.
        last = [part.stop for part in (self._endpoint, self._tracing) if part]
        await asyncio.gather(*map(asyncio.to_thread, last))


def _ages(seconds: float | None) -> list[tuple[str, int]]:
    # Without a grace, for which gRPC's default is none, so that no call is cut off.
    return [] if seconds is None else [("grpc.max_connection_age_ms", round(seconds * 1_000))]


def main_of(
    name: str,
    module: str,
    kind: type[SettingsT],
    build: Callable[[SettingsT], Service],
) -> NoReturn:
    """The whole of a service's `__main__`.

    Args:
        name: What it is called.
        module: What it is started as, with `python -m`.
        kind: Its class of settings.
        build: Puts it together, inside a running event loop.

    Raises:
        SystemExit: A setting is not legal, or the service cannot start with it.
            Otherwise the process ends here, when the service does.
    """
    settings = load_settings(kind, f"python -m {module}")
    set_up_logs(settings.log_level, settings.log_format)

    async def run() -> None:
        try:
            await serve(name, build(settings))
        except OSError as error:
            sys.exit(f"{name}: {error}")

    uvloop.run(run())
    end_process(0)


async def serve(name: str, service: Service) -> None:
    """Serves until SIGTERM or SIGINT, then stops in order; a second signal ends at once.

    Prints one line on standard output when it listens: "NAME listening on
    HOST:PORT".

    Args:
        name: What the service is called.
        service: The service.

    Raises:
        OSError: It cannot start.
    """
    stop = asyncio.Event()

    def on_signal(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)
        log.info("%s: stopping", signal.Signals(number).name)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    server = service.server
    await server.start()
    if server.metrics_url:
        log.info("metrics are at %s", server.metrics_url)
    try:
        await service.start()
    except OSError:
        await server.stop()  # one that is left running complains when the loop has ended
        raise
    print(f"{name} listening on {server.address}", flush=True)  # noqa: T201  # documented
    await stop.wait()
    await server.stop(service)
    log.info("stopped")
