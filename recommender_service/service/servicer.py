"""`RecommenderService`: decodes, calls the domain, encodes."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, Protocol

import grpc

from movierec.chassis.boundary import status_of
from movierec.chassis.call import answered_by, note, send
from movierec.chassis.errors import InvalidRequestError, Violation
from movierec.chassis.paging import page_of
from movierec.chassis.undecoded import Undecoded
from movierec.v1 import recommender_pb2 as pb
from movierec.v1 import recommender_pb2_grpc
from recommender_service.artifact.activating import Activator
from recommender_service.artifact.fleet import Fleet
from recommender_service.artifact.versions import Versions
from recommender_service.query.version import Version
from recommender_service.service import messages
from recommender_service.service.answering import LONG_BYTES, Answering
from recommender_service.service.error_table import ERROR_TABLE

Context = grpc.aio.ServicerContext[Any, Any]


class LoadedVersions(Protocol):
    """Knows which version is to answer a call."""

    def take(self, asked: int | str | None) -> Version:
        """The version that is to answer a call, which takes it once and keeps it.

        Args:
            asked: A version's number, or a label; None takes what serves.

        Raises:
            ServiceError: There is none.
        """


class AnsweringServicer(recommender_pb2_grpc.RecommenderServiceServicer):
    """The calls of `RecommenderService` that are answered from memory.

    Args:
        versions: Knows what serves, and what else may be asked for.
        answering: Answers queries.
    """

    def __init__(self, versions: LoadedVersions, answering: Answering) -> None:
        self._versions = versions
        self._answering = answering

    async def Recommend(  # type: ignore[override]  # see `ErrorBoundary`
        self, request: Undecoded[pb.RecommendRequest], context: Context
    ) -> bytes:
        """Streams the most similar movies, in chunks, encoded already."""
        found = self._found(request.size_bytes(), request.decode, self._version_for, context)
        if isinstance(found, tuple):
            *earlier, last = found
            for message in earlier:
                await send(context, message)
            return last
        async with aclosing(found) as encoded:
            last = await anext(encoded)
            async for message in encoded:
                await send(context, last)
                last = message
        return last

    async def BatchRecommend(  # type: ignore[override]  # the boundary leaves decoding to us
        self,
        request_iterator: AsyncIterator[Undecoded[pb.BatchRecommendRequest]],
        context: Context,
    ) -> AsyncIterator[pb.BatchRecommendResponse]:
        """Answers many queries in their order, one at a time."""
        usual = self._versions.take(None)
        answered_by(usual.number)
        position = 0
        async for request in request_iterator:
            async with aclosing(self._batch_answer(request, usual, position, context)) as responses:
                async for response in responses:
                    response.position = position
                    yield response
            position += 1

    async def _batch_answer(
        self,
        request: Undecoded[pb.BatchRecommendRequest],
        usual: Version,
        position: int,
        context: Context,
    ) -> AsyncGenerator[pb.BatchRecommendResponse]:
        """The answer to one query of many, or its error; the last response says so."""

        def version_for(query: pb.RecommendRequest) -> Version:
            asked = messages.asked_version(query.version)
            version = usual if asked is None else self._versions.take(asked)
            note("query", position=position, version=version.number)
            return version

        before: bytes | None = None
        try:
            found = self._found(
                request.size_bytes(), lambda: request.decode().query, version_for, context
            )
            async with aclosing(_each(found)) as encoded:
                async for message in encoded:
                    if before is not None:
                        yield _batch_response(before)
                    before = message
        except Exception as error:  # noqa: BLE001  # it is answered as the boundary would
            response = pb.BatchRecommendResponse(last=True)
            response.error.Pack(status_of(error, ERROR_TABLE))
            yield response
        else:
            assert before is not None  # noqa: S101  # there is at least one message
            yield _batch_response(before, last=True)

    def _found(
        self,
        size_bytes: int,
        decode: Callable[[], pb.RecommendRequest],
        version_for: Callable[[pb.RecommendRequest], Version],
        context: Context,
    ) -> tuple[bytes, ...] | AsyncGenerator[bytes]:
        """The encoded messages of an answer: remembered, or to be worked out."""
        if size_bytes > LONG_BYTES:
            return self._answering.long_messages(decode, version_for, context.peer)
        request = decode()
        version = version_for(request)
        remembered = self._answering.remembered(request, version)
        return remembered or self._answering.messages(request, version, context.peer)

    async def SearchMovies(
        self, request: pb.SearchMoviesRequest, context: Context
    ) -> pb.SearchMoviesResponse:
        """Movies whose titles match a text."""
        if not request.query.strip():
            raise InvalidRequestError(Violation("query", "is empty: give a title, or part of one"))
        version = self._take(request.version)
        found = version.catalogue.search(request.query)
        movies, next_page_token = page_of(
            found,
            lambda movie: str(movie.movie_id),
            place_of=found.place_of,
            size=request.page_size,
            token=request.page_token,
            default_size=10,
            largest_size=100,
        )
        return pb.SearchMoviesResponse(
            movies=map(messages.movie, movies), next_page_token=next_page_token
        )

    async def GetModel(self, request: pb.GetModelRequest, context: Context) -> pb.GetModelResponse:
        """The version that serves, or the one that is asked for."""
        return messages.model(self._take(request.version))

    def _version_for(self, request: pb.RecommendRequest) -> Version:
        return self._take(request.version)

    def _take(self, selector: pb.VersionSelector) -> Version:
        """The version that is to answer a call, which is observed to be."""
        version = self._versions.take(messages.asked_version(selector))
        answered_by(version.number)
        return version


class RecommenderServicer(AnsweringServicer):
    """All calls of `RecommenderService`; their contract is in `recommender.proto`.

    Args:
        versions: Knows what serves, and what else may be asked for.
        answering: Answers queries.
        activator: Changes what is to serve.
        fleet: Knows who serves what.
    """

    def __init__(
        self, versions: Versions, answering: Answering, activator: Activator, fleet: Fleet
    ) -> None:
        super().__init__(versions, answering)
        self._here = versions
        self._activator = activator
        self._fleet = fleet

    async def ListVersions(
        self, request: pb.ListVersionsRequest, context: Context
    ) -> pb.ListVersionsResponse:
        """Every version on the volume, newest first, and who serves what."""
        statuses, next_page_token = page_of(
            self._here.statuses(),
            lambda status: str(status.number),
            size=request.page_size,
            token=request.page_token,
            default_size=50,
            largest_size=1_000,
        )
        return messages.version_list(statuses, next_page_token, self._fleet.report())

    async def ActivateVersion(
        self, request: pb.ActivateVersionRequest, context: Context
    ) -> pb.ActivateVersionResponse:
        """Changes what is to serve, on every replica."""
        return messages.changed(await self._activator.activate(messages.change_of(request)))


async def _each(found: tuple[bytes, ...] | AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    if isinstance(found, tuple):
        for message in found:
            yield message
        return
    async with aclosing(found) as encoded:
        async for message in encoded:
            yield message


def _batch_response(answer: bytes, *, last: bool = False) -> pb.BatchRecommendResponse:
    return pb.BatchRecommendResponse(answer=pb.RecommendResponse.FromString(answer), last=last)
