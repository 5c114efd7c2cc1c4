"""`RecommenderService`: decodes, calls the domain, encodes."""

from collections.abc import AsyncIterator
from itertools import islice
from typing import Any

import grpc

from movierec.chassis.errors import InvalidRequestError, Violation
from movierec.chassis.paging import page_of
from movierec.v1 import recommender_pb2 as pb
from movierec.v1 import recommender_pb2_grpc
from recommender_service.artifact.activating import Activator
from recommender_service.artifact.fleet import Fleet
from recommender_service.artifact.versions import Versions
from recommender_service.query.recommending import recommend
from recommender_service.service import messages

CHUNK_SIZE = 100
"""Recommendations in a message: a message costs about as much as a hundred of them."""

Context = grpc.aio.ServicerContext[Any, Any]


class RecommenderServicer(recommender_pb2_grpc.RecommenderServiceServicer):
    """The calls of `RecommenderService`; their contract is in `recommender.proto`.

    Args:
        versions: Knows what serves, and what else may be asked for.
        activator: Changes what is to serve.
        fleet: Knows who serves what.
    """

    def __init__(self, versions: Versions, activator: Activator, fleet: Fleet) -> None:
        self._versions = versions
        self._activator = activator
        self._fleet = fleet

    async def Recommend(
        self, request: pb.RecommendRequest, context: Context
    ) -> AsyncIterator[pb.RecommendResponse]:
        """Streams the most similar movies, in chunks."""
        query = messages.query_of(request)
        answer = recommend(self._versions.take(messages.asked_version(request.version)), query)
        response = pb.RecommendResponse(header=messages.header(answer))
        while chunk := list(islice(answer.recommendations, CHUNK_SIZE)):
            response.recommendations.extend(map(messages.recommendation, chunk))
            yield response
            response = pb.RecommendResponse()
        if response.HasField("header"):
            yield response

    async def SearchMovies(
        self, request: pb.SearchMoviesRequest, context: Context
    ) -> pb.SearchMoviesResponse:
        """Movies whose titles match a text."""
        if not request.query.strip():
            raise InvalidRequestError(Violation("query", "is empty: give a title, or part of one"))
        version = self._versions.take(messages.asked_version(request.version))
        movies, next_page_token = page_of(
            version.catalogue.search(request.query),
            lambda movie: str(movie.movie_id),
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
        return messages.model(self._versions.take(messages.asked_version(request.version)))

    async def ListVersions(
        self, request: pb.ListVersionsRequest, context: Context
    ) -> pb.ListVersionsResponse:
        """Every version on the volume, newest first, and who serves what."""
        statuses, next_page_token = page_of(
            self._versions.statuses(),
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
