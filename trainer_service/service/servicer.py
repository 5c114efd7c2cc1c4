"""`TrainerService`: decodes, calls the supervisor, encodes."""

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import grpc

from movierec.chassis.errors import InvalidRequestError, Violation
from movierec.chassis.legal import shown
from movierec.chassis.paging import page_of
from movierec.v1 import trainer_pb2, trainer_pb2_grpc, training_pb2
from trainer_service.errors import RunFailedError, error_told
from trainer_service.runs.reporting import Reporter
from trainer_service.runs.run import RunEvent, RunState
from trainer_service.runs.supervisor import RunSupervisor
from trainer_service.service import messages

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{0,64}")

Context = grpc.aio.ServicerContext[Any, Any]


class TrainerServicer(trainer_pb2_grpc.TrainerServiceServicer):
    """The calls of `TrainerService`; their contract is in `trainer.proto`.

    Args:
        supervisor: Who conducts the runs.
        reporter: Who makes the reports.
    """

    def __init__(self, supervisor: RunSupervisor, reporter: Reporter) -> None:
        self._supervisor = supervisor
        self._reporter = reporter

    async def Train(
        self, request: trainer_pb2.TrainRequest, context: Context
    ) -> AsyncIterator[trainer_pb2.TrainResponse]:
        """Starts or joins a run, and follows it; or only validates."""
        settings = messages.settings_of(request.settings)
        request_id = _legal_request_id(request.request_id)
        if request.validate_only:
            report = await self._supervisor.validate(request.dataset, settings)
            yield trainer_pb2.TrainResponse(event=messages.validated(report))
            return
        run = await self._supervisor.train(
            request.dataset, settings, request_id, force=request.force
        )
        async with aclosing(self._followed(run.run_id)) as events:
            async for event in events:
                yield trainer_pb2.TrainResponse(event=event)

    async def FollowRun(
        self, request: trainer_pb2.FollowRunRequest, context: Context
    ) -> AsyncIterator[trainer_pb2.FollowRunResponse]:
        """Follows a run."""
        if request.after_sequence < 0:
            sentence = f"{request.after_sequence} is not legal; legal is 0 or more"
            raise InvalidRequestError(Violation("after_sequence", sentence))
        following = self._supervisor.follow(request.run_id, request.after_sequence)
        async with aclosing(following) as events:
            async for event in events:
                yield trainer_pb2.FollowRunResponse(event=messages.run_event(event))

    async def PublishRun(
        self, request: trainer_pb2.PublishRunRequest, context: Context
    ) -> AsyncIterator[trainer_pb2.PublishRunResponse]:
        """Publishes what a run has trained, and follows it."""
        sequence = await self._supervisor.publish(request.run_id, force=request.force)
        async with aclosing(self._followed(request.run_id, sequence)) as events:
            async for event in events:
                yield trainer_pb2.PublishRunResponse(event=event)

    async def _followed(
        self, run_id: str, after_sequence: int = 0
    ) -> AsyncGenerator[trainer_pb2.RunEvent]:
        """The events of a run; at its end raises what was wrong with the request, if it was that.

        Raises:
            DataError: The data cannot be trained on.
            NotPublishableError: There is nothing to publish.
        """
        last: RunEvent | None = None
        async with aclosing(self._supervisor.follow(run_id, after_sequence)) as events:
            async for last in events:
                yield messages.run_event(last)
        if last and last.state is RunState.FAILED and last.error:
            error = error_told(last.error.reason, last.error.message)
            if not isinstance(error, RunFailedError):
                raise error

    async def GetRun(
        self, request: trainer_pb2.GetRunRequest, context: Context
    ) -> trainer_pb2.GetRunResponse:
        """A run as it stands."""
        return trainer_pb2.GetRunResponse(run=messages.run(self._supervisor.run(request.run_id)))

    async def ListRuns(
        self, request: trainer_pb2.ListRunsRequest, context: Context
    ) -> trainer_pb2.ListRunsResponse:
        """The runs, newest first."""
        runs, next_page_token = page_of(
            self._supervisor.runs(),
            lambda run: run.run_id,
            size=request.page_size,
            token=request.page_token,
            default_size=50,
            largest_size=1_000,
        )
        return trainer_pb2.ListRunsResponse(
            runs=[messages.run(run) for run in runs], next_page_token=next_page_token
        )

    async def CancelRun(
        self, request: trainer_pb2.CancelRunRequest, context: Context
    ) -> trainer_pb2.CancelRunResponse:
        """Cancels a run, and waits until it has ended."""
        run = await self._supervisor.cancel(request.run_id)
        return trainer_pb2.CancelRunResponse(run=messages.run(run))

    async def GetInsights(
        self, request: trainer_pb2.GetInsightsRequest, context: Context
    ) -> AsyncIterator[trainer_pb2.GetInsightsResponse]:
        """Streams a report, which is made if need be."""
        if request.WhichOneof("subject") is None:
            sentence = "name a data set, or give a version's number"
            raise InvalidRequestError(Violation("subject", sentence))
        if request.HasField("version"):
            files = await self._reporter.on_version(_legal_version(request.version))
        else:
            asked = {"min_ratings": request.min_ratings} if request.HasField("min_ratings") else {}
            settings = messages.settings_of(training_pb2.TrainingSettings(**asked), "")
            files = await self._reporter.on_dataset(request.dataset, settings.min_ratings)
        for file in files:
            for message in messages.report_file(file):
                yield message


def _legal_version(number: int) -> int:
    if number < 1:
        raise InvalidRequestError(
            Violation("version", f"{number} is not legal; legal is 1 or more")
        )
    return number


def _legal_request_id(request_id: str) -> str:
    if not REQUEST_ID.fullmatch(request_id):
        sentence = (
            f'{shown(request_id)} is not legal; legal are 1 to 64 letters, digits, ".", "_" or "-"'
        )
        raise InvalidRequestError(Violation("request_id", sentence))
    return request_id
