"""Real servers, in process, on free ports of the loopback interface."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from movierec.chassis.server import Service

Answer = TypeVar("Answer")

DEADLINE_S = 180.0
"""Far beyond what anything here takes; a test that reaches it has failed."""


@contextmanager
def serving(build: Callable[[], Service]) -> Iterator[str]:
    """Serves in the servers' thread, and stops in order at the end.

    Args:
        build: Puts the service together, inside the servers' event loop.

    Yields:
        Its address.
    """

    async def start() -> Service:
        service = build()
        await service.server.start()
        try:
            await service.start()
        except BaseException:
            await service.server.grpc.stop(None)
            raise
        return service

    service = _done(start())
    try:
        yield service.server.address
    finally:
        _done(service.server.stop(service))


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """The one event loop of all servers here, in a thread of its own."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


def _done(work: Coroutine[None, None, Answer]) -> Answer:
    return asyncio.run_coroutine_threadsafe(work, _loop()).result(DEADLINE_S)


def until(
    ask: Callable[[], Answer], is_so: Callable[[Answer], bool], wait_s: float = DEADLINE_S
) -> Answer:
    """Asks again and again until the answer is as it should be, and returns it."""
    deadline = time.monotonic() + wait_s
    while not is_so(answer := ask()):
        assert time.monotonic() < deadline, f"it is still {answer}"
    return answer


def health_of(channel: grpc.Channel, service: str = "") -> str:
    """What a service says of its health, e.g. "SERVING"."""
    stub = health_pb2_grpc.HealthStub(channel)
    answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=DEADLINE_S)
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))


def wait_until_serving(channel: grpc.Channel) -> None:
    """Follows the health until it is SERVING."""
    stub = health_pb2_grpc.HealthStub(channel)
    watch = stub.Watch(health_pb2.HealthCheckRequest(), timeout=DEADLINE_S)
    for answer in watch:
        if answer.status == health_pb2.HealthCheckResponse.SERVING:
            watch.cancel()
            return
    raise AssertionError("the watch ended without SERVING")
