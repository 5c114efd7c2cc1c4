"""`grpc.health.v1`, with watches that end when the server does.

The servicer of grpcio-health-checking keeps its watches open for ever, so that a
server that waits for its calls would wait its whole grace for whoever watches.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthServicer

LIVENESS = "liveness"
"""The name that is SERVING as long as the process works."""

CLIENTS_HEAR_S = 0.1
"""How long calls are still taken once it was said that nothing is ready: what clients have sent by
the time that they hear of it has come by then, unless they are on another continent."""

Context = grpc.aio.ServicerContext[Any, Any]


class Health(HealthServicer):  # type: ignore[misc]  # grpc_health is not typed
    """What is said of each name; a name that was never set is not known."""

    def __init__(self) -> None:
        self._ready: dict[str, bool] = {}
        self._changed = asyncio.Condition()
        self._watches = 0
        self._settled = False
        self._ended = False

    async def set(self, names: Iterable[str], *, ready: bool) -> None:
        """Says whether calls make sense, under each of these names; not after `settle`."""
        async with self._changed:
            if not self._settled:
                self._ready |= dict.fromkeys(names, ready)
                self._changed.notify_all()

    async def settle(self) -> None:
        """Says for good that nothing is ready.

        Who watches is given the time to send its calls elsewhere: a server of gRPC's that stops
        ends what reaches it meanwhile, and whoever sent that sees an error.

        Only of its liveness a process that ends in order says to the end that it is there.
        """
        await self.set(self._ready.keys() - {LIVENESS}, ready=False)
        self._settled = True
        if self._watches:
            await asyncio.sleep(CLIENTS_HEAR_S)

    async def end(self) -> None:
        """Ends the watches; clients would begin them anew at once before the server stops."""
        async with self._changed:
            self._ended = True
            self._changed.notify_all()

    async def Check(self, request: HealthCheckRequest, context: Context) -> HealthCheckResponse:
        """The status of a name."""
        if request.service not in self._ready:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"there is no {request.service!r}")
        return HealthCheckResponse(status=self._status(request.service))

    async def Watch(
        self, request: HealthCheckRequest, context: Context
    ) -> AsyncIterator[HealthCheckResponse]:
        """The status of a name, and every change of it."""
        self._watches += 1
        try:
            async for status in self._statuses(request.service):
                yield HealthCheckResponse(status=status)
        finally:
            self._watches -= 1

    async def _statuses(self, name: str) -> AsyncIterator[int]:
        told = None
        while True:
            async with self._changed:
                await self._changed.wait_for(
                    lambda: self._ended or self._status(name) != told  # noqa: B023
                )
                status, ended = self._status(name), self._ended
            if status != told:
                yield status
            if ended:
                return
            told = status

    def _status(self, name: str) -> int:
        if name not in self._ready:
            return int(HealthCheckResponse.SERVICE_UNKNOWN)
        ready = self._ready[name]
        return int(HealthCheckResponse.SERVING if ready else HealthCheckResponse.NOT_SERVING)
