"""Puts the recommender together from its settings."""

import asyncio
import os
import secrets
import sys
from functools import partial
from typing import Any

from movierec.chassis.port import taken_to_share
from movierec.chassis.server import ServiceServer
from movierec.v1 import recommender_pb2, recommender_pb2_grpc
from recommender_service.artifact.activating import Activator
from recommender_service.artifact.control import ControlFolder
from recommender_service.artifact.fleet import Fleet
from recommender_service.artifact.followed import FollowedActivation
from recommender_service.artifact.heartbeat import Heartbeat
from recommender_service.artifact.questions import Questions
from recommender_service.artifact.shelf import Shelf
from recommender_service.artifact.standing import Standing
from recommender_service.artifact.survey import Survey
from recommender_service.artifact.versions import Versions
from recommender_service.artifact.volume import Volume
from recommender_service.artifact.watching import VersionWatcher
from recommender_service.query.version import Version
from recommender_service.service.answering import Answering
from recommender_service.service.error_table import ERROR_TABLE
from recommender_service.service.metrics import RecommenderMetrics
from recommender_service.service.readiness import Readiness
from recommender_service.service.recommendation_log import RecommendationLog
from recommender_service.service.servicer import RecommenderServicer
from recommender_service.service.worker_metrics import registry_of_all
from recommender_service.settings import RecommenderSettings
from recommender_service.workers.leading import Workers

SERVICE_NAME = recommender_pb2.DESCRIPTOR.services_by_name["RecommenderService"].full_name


class Recommender:
    """The recommender service: a server, the watcher behind it, its heartbeat, other workers.

    Nothing runs before `start`.

    Args:
        settings: What it was told.

    Raises:
        OSError: The address cannot be listened on, the log cannot be written, or there
            can be no other workers.
    """

    def __init__(self, settings: RecommenderSettings) -> None:
        self.server, self._workers = self._listening(settings)
        questions = Questions()
        control = ControlFolder(settings.control_folder, settings.artifacts_dir)
        followed = FollowedActivation(control, questions)
        metrics = RecommenderMetrics()
        survey = Survey(
            Volume(settings.artifacts_dir, questions),
            metrics.loaded,
            share=self._workers.share if self._workers else None,
        )
        self._versions = Versions(
            followed, survey, Shelf(settings.loaded_versions), on_change=self._on_change
        )
        self._watcher = VersionWatcher(
            followed,
            survey,
            self._versions,
            poll_interval_s=settings.poll_interval_s,
            after_look=self._tell_health,
        )
        self._readiness = Readiness(settings.max_age_s)
        self._heartbeat = Heartbeat(control, questions, self._versions)
        self._log = log_of(settings)
        self._announcing: set[asyncio.Task[None]] = set()
        answering = answering_of(settings, self._log)
        self.server.add_metrics(partial(metrics.take, self._versions, answering.replies))
        recommender_pb2_grpc.add_RecommenderServiceServicer_to_server(
            RecommenderServicer(
                self._versions,
                answering,
                Activator(
                    followed,
                    survey,
                    self._versions,
                    follow=self._workers.follow if self._workers else None,
                ),
                Fleet(followed, survey, self._versions, self._heartbeat),
            ),
            self.server.grpc,
        )

    async def start(self) -> None:
        """Begins to look for versions; ready when the first one serves.

        The other workers answer by then, so that the connections of those who wait for
        that are shared out among all.
        """
        if self._workers:
            await self._workers.start()
        await self._watcher.start()
        await self._heartbeat.start()

    async def stop(self) -> None:
        """Stops looking for versions and the other workers, and is no longer one of the fleet."""
        await asyncio.gather(
            self._workers.stop() if self._workers else _nothing(), self._stop_watching()
        )
        if self._log:
            await asyncio.to_thread(self._log.close)

    async def _stop_watching(self) -> None:
        await self._heartbeat.stop()
        await self._watcher.stop()

    async def _on_change(self) -> None:
        if self._workers is None:
            await self._announce()
            return
        # Looking for versions goes on, however long a worker takes.
        announcing = asyncio.create_task(self._announce())
        self._announcing.add(announcing)
        announcing.add_done_callback(self._announcing.discard)

    async def _announce(self) -> None:
        """Says how the versions stand: to the other workers, and only then to everybody."""
        if self._workers:
            await self._workers.follow()
        self._heartbeat.hurry()
        await self._tell_health()

    async def _tell_health(self) -> None:
        await self.server.set_ready(ready=self._readiness.of(self._versions.serving))

    @staticmethod
    def _server(settings: RecommenderSettings, **more: Any) -> ServiceServer:
        return ServiceServer(
            settings,
            name="recommender",
            services=[SERVICE_NAME],
            errors=ERROR_TABLE,
            connection_age_s=settings.connection_age_s,
            **more,
        )

    def _listening(self, settings: RecommenderSettings) -> tuple[ServiceServer, Workers | None]:
        """The server, and the other workers that share its port, if there are to be any."""
        if settings.workers == 1:
            return self._server(settings), None
        if sys.platform != "linux":
            raise OSError(
                f"{settings.workers} workers need Linux, where processes can share a port and "
                f"what they were handed of memory: start it with 1"
            )
        # A name that nobody else has, in no folder, so that nothing is left behind.
        first = f"unix-abstract:movierec-{os.getpid()}-{secrets.token_hex(8)}"
        with taken_to_share(settings.listen) as address:
            settings = settings.model_copy(update={"listen": address})
            # Each says what it counts to the first one, and that to whoever scrapes.
            metrics_listen = settings.metrics_listen and "127.0.0.1:0"
            theirs = settings.model_copy(update={"metrics_listen": metrics_listen})
            begin = {"settings": theirs.model_dump(mode="json"), "first": first}
            workers = Workers(range(2, settings.workers + 1), begin, self._standing)
            scraped = partial(registry_of_all, others=workers.metrics_urls)
            server = self._server(settings, shares_port=True, scraped=scraped)
        server.grpc.add_insecure_port(first)
        return server, workers

    def _standing(self) -> tuple[Standing, list[Version]]:
        standing = self._versions.standing()
        loaded = (self._versions.get(number) for number in standing.loaded)
        return standing, [version for version in loaded if version]


def log_of(settings: RecommenderSettings) -> RecommendationLog | None:
    """The log of recommendations, if there is to be one.

    Raises:
        OSError: It cannot be written.
    """
    return RecommendationLog(settings.recommendation_log) if settings.recommendation_log else None


def answering_of(settings: RecommenderSettings, log: RecommendationLog | None) -> Answering:
    """What answers queries."""
    return Answering(
        chunk_size=settings.chunk_size,
        remembered_bytes=settings.remembered_mb * 1024 * 1024,
        log=log,
    )


async def _nothing() -> None:
    """There is nothing to do."""
