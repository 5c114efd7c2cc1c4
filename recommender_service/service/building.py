"""Puts the recommender together from its settings."""

from movierec.chassis.server import ServiceServer
from movierec.v1 import recommender_pb2, recommender_pb2_grpc
from recommender_service.artifact.watching import VersionWatcher
from recommender_service.service.error_table import ERROR_TABLE
from recommender_service.service.servicer import RecommenderServicer
from recommender_service.settings import RecommenderSettings

SERVICE_NAME = recommender_pb2.DESCRIPTOR.services_by_name["RecommenderService"].full_name


class Recommender:
    """The recommender service: a server, and the watcher behind it.

    Nothing runs before `start`.

    Args:
        settings: What it was told.

    Raises:
        OSError: The address cannot be listened on.
    """

    def __init__(self, settings: RecommenderSettings) -> None:
        self.server = ServiceServer(settings, services=[SERVICE_NAME], errors=ERROR_TABLE)
        self._versions = VersionWatcher(
            settings.artifacts_dir,
            poll_interval_s=settings.poll_interval_s,
            on_serving=self._on_serving,
        )
        recommender_pb2_grpc.add_RecommenderServiceServicer_to_server(
            RecommenderServicer(self._versions), self.server.grpc
        )

    async def start(self) -> None:
        """Begins to look for versions; ready when the first one serves."""
        await self._versions.start()

    async def stop(self) -> None:
        """Stops looking for versions."""
        await self._versions.stop()

    async def _on_serving(self) -> None:
        await self.server.set_ready(ready=True)
