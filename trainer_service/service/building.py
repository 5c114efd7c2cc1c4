"""Puts the trainer together from its settings."""

import asyncio
import logging
from datetime import timedelta
from functools import partial

from movierec.chassis.server import ServiceServer
from movierec.v1 import trainer_pb2, trainer_pb2_grpc
from trainer_service.artifact.retention import collect, is_unfinished
from trainer_service.runs.datasets import DatasetFolder
from trainer_service.runs.reporting import Reporter
from trainer_service.runs.store import RunStore
from trainer_service.runs.supervisor import RunSupervisor
from trainer_service.service.error_table import ERROR_TABLE
from trainer_service.service.metrics import trainer_metrics
from trainer_service.service.servicer import TrainerServicer
from trainer_service.settings import TrainerSettings

log = logging.getLogger(__name__)

SERVICE_NAME = trainer_pb2.DESCRIPTOR.services_by_name["TrainerService"].full_name


class Trainer:
    """The trainer service: a server, and the supervisor behind it.

    Nothing runs before `start`.

    Args:
        settings: What it was told.

    Raises:
        OSError: The address cannot be listened on.
    """

    def __init__(self, settings: TrainerSettings) -> None:
        store = RunStore(settings.runs_folder, tensorboard=settings.tensorboard)
        datasets = DatasetFolder(settings.data_dir)
        self._artifacts_dir = settings.artifacts_dir
        self._collect = partial(
            collect,
            settings.artifacts_dir,
            settings.control_folder,
            keep_versions=settings.keep_versions,
            keep_for=timedelta(seconds=settings.keep_for_s),
        )
        self._reporter = Reporter(
            store=store,
            datasets=datasets,
            artifacts_dir=settings.artifacts_dir,
            by_itself=settings.reports,
        )
        self._supervisor = RunSupervisor(
            store=store,
            datasets=datasets,
            artifacts_dir=settings.artifacts_dir,
            control_dir=settings.control_folder,
            max_bad_row_share=settings.max_bad_row_share,
            keep_weights_for=timedelta(seconds=settings.keep_weights_s),
            after_publication=self._after_publication,
        )
        self.server = ServiceServer(
            settings, name="trainer", services=[SERVICE_NAME], errors=ERROR_TABLE
        )
        self.server.add_metrics(partial(trainer_metrics, self._supervisor))
        trainer_pb2_grpc.add_TrainerServiceServicer_to_server(
            TrainerServicer(self._supervisor, self._reporter), self.server.grpc
        )

    async def start(self) -> None:
        """Takes up what was interrupted, removals too; ready from then on."""
        await self._supervisor.start()
        await asyncio.to_thread(self._finish_removal)
        self._reporter.start()
        await self.server.set_ready(ready=True)

    async def stop(self) -> None:
        """Interrupts the run that is going on, and the report."""
        await self._reporter.stop()
        await self._supervisor.stop()

    def _finish_removal(self) -> None:
        """Removes what a kill has left half removed, or puts back what is in use."""
        try:
            if is_unfinished(self._artifacts_dir):
                self._collect()
        except Exception:  # whatever lies on the volume, the trainer starts
            log.exception("old versions could not be removed; it is tried again after a run")

    def _after_publication(self) -> None:
        """Removes what is not needed any more, and has a report made, for which nobody waits."""
        self._reporter.wake()
        self._collect()
