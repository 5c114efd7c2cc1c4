"""The calls of a worker that only the first one can answer: passed on, with all that is said."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import grpc

from movierec.v1 import recommender_pb2 as pb
from movierec.v1.recommender_pb2_grpc import RecommenderServiceStub
from recommender_service.service.answering import Answering
from recommender_service.service.servicer import AnsweringServicer, Context, LoadedVersions

Response = TypeVar("Response")


class PassingServicer(AnsweringServicer):
    """The calls of `RecommenderService`; those that need the volume are passed on.

    Args:
        versions: Knows what serves, and what else may be asked for.
        answering: Answers queries.
        first: Leads to the first worker.
    """

    def __init__(
        self, versions: LoadedVersions, answering: Answering, first: grpc.aio.Channel
    ) -> None:
        super().__init__(versions, answering)
        self._first: Any = RecommenderServiceStub(first)

    async def ListVersions(
        self, request: pb.ListVersionsRequest, context: Context
    ) -> pb.ListVersionsResponse:
        """Every version on the volume, newest first, and who serves what."""
        return await _passed_on(self._first.ListVersions, request, context)

    async def ActivateVersion(
        self, request: pb.ActivateVersionRequest, context: Context
    ) -> pb.ActivateVersionResponse:
        """Changes what is to serve, on every replica."""
        return await _passed_on(self._first.ActivateVersion, request, context)


async def _passed_on(
    method: Callable[..., Awaitable[Response]], request: object, context: Context
) -> Response:
    """What the first worker answers, within what is left of the time; its errors as they are."""
    metadata = [
        (key, value)
        for key, value in context.invocation_metadata() or ()
        if not key.startswith("grpc-") and key != "user-agent"  # these are each connection's own
    ]
    call: Any = method(request, timeout=context.time_remaining(), metadata=metadata)
    try:
        response: Response = await call
    except grpc.aio.AioRpcError as error:
        trailing = tuple(error.trailing_metadata())
        await context.abort(error.code(), error.details() or "", trailing)
    context.set_trailing_metadata(tuple(await call.trailing_metadata()))
    return response
