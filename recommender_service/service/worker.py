"""A worker that follows the first one, put together as that one tells it."""

import asyncio
from itertools import chain
from typing import Any

import grpc

from movierec.chassis.server import ServiceServer
from movierec.v1 import recommender_pb2_grpc
from recommender_service.service.building import SERVICE_NAME, answering_of, log_of
from recommender_service.service.error_table import ERROR_TABLE
from recommender_service.service.metrics import of_remembered, of_serving
from recommender_service.service.passing_on import PassingServicer
from recommender_service.service.readiness import Readiness
from recommender_service.settings import RecommenderSettings
from recommender_service.workers import telling
from recommender_service.workers.following import FollowedVersions


class Worker:
    """Answers on the first worker's port, from its memory.

    It listens only once it knows how the versions stand, so that no call comes to
    one that knows of none.

    Args:
        settings: The first one's, with the real port.
        first: Where the first one takes what is passed on to it.

    Raises:
        OSError: The log of recommendations cannot be written.
    """

    def __init__(self, settings: RecommenderSettings, first: str) -> None:
        self._settings = settings
        self._versions = FollowedVersions()
        self._log = log_of(settings)
        # What comes from ourselves may be of any size.
        options = [("grpc.max_receive_message_length", -1), ("grpc.enable_http_proxy", 0)]
        self._first = grpc.aio.insecure_channel(first, options)
        self._server: ServiceServer | None = None
        self._readiness = Readiness(settings.max_age_s)
        self._aging: asyncio.Task[None] | None = None

    @property
    def metrics_url(self) -> str | None:
        """Where it says what it counts, if it does."""
        return self._server.metrics_url if self._server else None

    async def do(self, message: dict[str, Any], descriptors: list[int]) -> None:
        """Does what the first worker tells it.

        Raises:
            OSError: The port cannot be listened on, or the memory not be mapped.
        """
        if message["kind"] == telling.VERSION:
            version = await asyncio.to_thread(telling.to_version, message, descriptors)
            self._versions.bring(version)
            return
        self._versions.follow(telling.to_standing(message), message["coming"])
        if self._server is None:
            self._server = self._new_server()
            await self._server.start()
            self._aging = asyncio.create_task(self._follow_age(self._server))
        await self._server.set_ready(ready=self._readiness.of(self._versions.serving))

    async def stop(self) -> None:
        """No further calls, then the calls under way, at most for the grace."""
        if self._aging:
            self._aging.cancel()
        if self._server:
            await self._server.stop()
        await self._first.close()
        if self._log:
            await asyncio.to_thread(self._log.close)

    async def _follow_age(self, server: ServiceServer) -> None:
        """Has the health follow the age of what serves, which changes by itself."""
        while True:
            await asyncio.sleep(self._settings.poll_interval_s)
            await server.set_ready(ready=self._readiness.of(self._versions.serving))

    def _new_server(self) -> ServiceServer:
        server = ServiceServer(
            self._settings,
            name="recommender",
            services=[SERVICE_NAME],
            errors=ERROR_TABLE,
            shares_port=True,
            connection_age_s=self._settings.connection_age_s,
        )
        answering = answering_of(self._settings, self._log)
        server.add_metrics(
            lambda: chain(of_serving(self._versions.serving), of_remembered(answering.replies))
        )
        servicer = PassingServicer(self._versions, answering, self._first)
        recommender_pb2_grpc.add_RecommenderServiceServicer_to_server(servicer, server.grpc)
        return server
