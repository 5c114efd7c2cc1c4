"""Puts the recommender together from its settings."""

import asyncio
from functools import partial

from movierec.chassis.server import ServiceServer
from movierec.v1 import recommender_pb2, recommender_pb2_grpc
from recommender_service.artifact.activating import Activator
from recommender_service.artifact.fleet import Fleet
from recommender_service.artifact.followed import FollowedActivation
from recommender_service.artifact.heartbeat import Heartbeat
from recommender_service.artifact.questions import Questions
from recommender_service.artifact.shelf import Shelf
from recommender_service.artifact.survey import Survey
from recommender_service.artifact.versions import Versions
from recommender_service.artifact.volume import Volume
from recommender_service.artifact.watching import VersionWatcher
from recommender_service.service.answering import Answering
from recommender_service.service.error_table import ERROR_TABLE
from recommender_service.service.metrics import RecommenderMetrics
from recommender_service.service.recommendation_log import RecommendationLog
from recommender_service.service.servicer import RecommenderServicer
from recommender_service.settings import RecommenderSettings

SERVICE_NAME = recommender_pb2.DESCRIPTOR.services_by_name["RecommenderService"].full_name


class Recommender:
    """The recommender service: a server, the watcher behind it, and its heartbeat.

    Nothing runs before `start`.

    Args:
        settings: What it was told.

    Raises:
        OSError: The address cannot be listened on, or the log cannot be written.
    """

    def __init__(self, settings: RecommenderSettings) -> None:
        self.server = ServiceServer(
            settings, name="recommender", services=[SERVICE_NAME], errors=ERROR_TABLE
        )
        questions = Questions()
        followed = FollowedActivation(settings.control_folder, questions)
        metrics = RecommenderMetrics()
        survey = Survey(Volume(settings.artifacts_dir, questions), metrics.loaded)
        self._versions = Versions(
            followed, survey, Shelf(settings.loaded_versions), on_change=self._on_change
        )
        self._watcher = VersionWatcher(
            followed,
            survey,
            self._versions,
            poll_interval_s=settings.poll_interval_s,
        )
        self._heartbeat = Heartbeat(settings.control_folder, questions, self._versions)
        self._log = (
            RecommendationLog(settings.recommendation_log) if settings.recommendation_log else None
        )
        answering = Answering(
            chunk_size=settings.chunk_size,
            remembered_bytes=settings.remembered_mb * 1024 * 1024,
            log=self._log,
        )
        self.server.add_metrics(partial(metrics.take, self._versions, answering.replies))
        recommender_pb2_grpc.add_RecommenderServiceServicer_to_server(
            RecommenderServicer(
                self._versions,
                answering,
                Activator(followed, survey, self._versions),
                Fleet(followed, survey, self._heartbeat),
            ),
            self.server.grpc,
        )

    async def start(self) -> None:
        """Begins to look for versions; ready when the first one serves."""
        await self._watcher.start()
        await self._heartbeat.start()

    async def stop(self) -> None:
        """Stops looking for versions, and is no longer one of the fleet."""
        await self._heartbeat.stop()
        await self._watcher.stop()
        if self._log:
            await asyncio.to_thread(self._log.close)

    async def _on_change(self) -> None:
        self._heartbeat.hurry()
        await self.server.set_ready(ready=self._versions.serving_number is not None)
