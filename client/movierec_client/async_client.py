"""The async client: `Client`, awaited."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import aclosing
from typing import Any, TypeVar, Unpack
from weakref import WeakSet

import grpc.aio

from movierec_client import operations
from movierec_client.calls import Page, Streaming, Unary
from movierec_client.closing import AsyncClosing
from movierec_client.connections import Connections
from movierec_client.encoding import UnknownSeeds
from movierec_client.errors import CallError
from movierec_client.operations import TrainOptions
from movierec_client.recommendations import AsyncRecommendations
from movierec_client.results import Model, Movie, Run, RunEvent, ServiceHealth, Version
from movierec_client.seeds import MovieLike
from movierec_client.services import ServiceName
from movierec_client.states import ServingStatus
from movierec_client.statuses import translated
from movierec_client.streams import AsyncStream

T = TypeVar("T")


class AsyncClient(AsyncClosing):
    """The same methods as `Client`'s, with the same arguments, errors and answers.

    What loops there with `for` loops here with `async for`, what returns there
    is awaited here, and so is `header` of the recommendations. To be used in
    one event loop.

    Args:
        trainer: Address of the trainer, "host:port"; default: the environment's
            MOVIEREC_TRAINER, else "localhost:50051".
        recommender: Address of the recommender; default: the environment's
            MOVIEREC_RECOMMENDER, else "localhost:50052".
        timeout_s: How long a call may take, unless it is told otherwise.
        run_timeout_s: The same for `train` and `follow`.
    """

    def __init__(
        self,
        *,
        trainer: str | None = None,
        recommender: str | None = None,
        timeout_s: float = 10.0,
        run_timeout_s: float = 24 * 60 * 60.0,
    ) -> None:
        self._connections = Connections(
            grpc.aio.insecure_channel,
            trainer=trainer,
            recommender=recommender,
            timeout_s=timeout_s,
        )
        self._run_timeout_s = run_timeout_s
        # Older versions of grpc.aio close a channel without a word to its streams.
        self._streams: WeakSet[Any] = WeakSet()

    async def close(self) -> None:
        """As `Client.close`."""
        for call in list(self._streams):
            call.cancel()
        for channel in self._connections.close():
            await channel.close()

    def train(
        self, dataset: str, *, timeout_s: float | None = None, **options: Unpack[TrainOptions]
    ) -> AsyncStream[RunEvent]:
        """As `Client.train`."""
        return self._stream(operations.train(dataset, **options), timeout_s, self._run_timeout_s)

    def follow(
        self, run_id: str, *, after_sequence: int = 0, timeout_s: float | None = None
    ) -> AsyncStream[RunEvent]:
        """As `Client.follow`."""
        operation = operations.follow_run(run_id, after_sequence)
        return self._stream(operation, timeout_s, self._run_timeout_s)

    async def run(self, run_id: str, *, timeout_s: float | None = None) -> Run:
        """As `Client.run`."""
        return await self._unary(operations.get_run(run_id), timeout_s)

    def runs(self, *, timeout_s: float | None = None) -> AsyncIterator[Run]:
        """As `Client.runs`."""
        return self._pages(operations.list_runs, timeout_s)

    async def cancel(self, run_id: str, *, timeout_s: float | None = None) -> Run:
        """As `Client.cancel`."""
        return await self._unary(operations.cancel_run(run_id), timeout_s)

    def recommend(
        self,
        movies: Iterable[MovieLike],
        *,
        k: int = 10,
        dislike: Iterable[MovieLike] = (),
        unknown: UnknownSeeds = "fail",
        timeout_s: float | None = None,
    ) -> AsyncRecommendations:
        """As `Client.recommend`."""
        operation = operations.recommend(movies, k, dislike, unknown)
        return AsyncRecommendations(self._stream(operation, timeout_s))

    async def search(
        self, text: str, limit: int = 10, *, timeout_s: float | None = None
    ) -> list[Movie]:
        """As `Client.search`."""
        found: list[Movie] = []
        pages = self._pages(operations.search_movies(text, limit), timeout_s)
        async with aclosing(pages) as movies:
            async for movie in movies:
                found.append(movie)
                if len(found) == limit:
                    break
        return found

    async def model(self, *, timeout_s: float | None = None) -> Model:
        """As `Client.model`."""
        return await self._unary(operations.get_model(), timeout_s)

    def versions(self, *, timeout_s: float | None = None) -> AsyncIterator[Version]:
        """As `Client.versions`."""
        return self._pages(operations.list_versions, timeout_s)

    async def health(
        self, *services: ServiceName, live: bool = False, timeout_s: float | None = None
    ) -> list[ServiceHealth]:
        """As `Client.health`."""
        checks = operations.health_checks(services, live=live)
        return [await self._health(check, timeout_s) for check in checks]

    async def _unary(self, operation: Unary[Any, Any, T], timeout_s: float | None) -> T:
        channel, target = self._connections.open(operation.service, timeout_s)
        with translated(target):
            answer = await operation.start(channel, target.timeout_s)
        return operation.decode(answer)

    def _stream(
        self,
        operation: Streaming[Any, Any, T],
        timeout_s: float | None,
        default_timeout_s: float | None = None,
    ) -> AsyncStream[T]:
        timeout_s = default_timeout_s if timeout_s is None else timeout_s
        channel, target = self._connections.open(operation.service, timeout_s)
        call = operation.start(channel, target.timeout_s)
        self._streams.add(call)
        return AsyncStream(call, operation, target)

    async def _pages(
        self, page: Callable[[str], Unary[Any, Any, Page[T]]], timeout_s: float | None
    ) -> AsyncGenerator[T, None]:
        token = ""
        while True:
            answer = await self._unary(page(token), timeout_s)
            for item in answer.items:
                yield item
            token = answer.next_page_token
            if not token:
                return

    async def _health(
        self, operation: Unary[Any, Any, ServingStatus], timeout_s: float | None
    ) -> ServiceHealth:
        target = self._connections.target(operation.service, timeout_s)
        try:
            status = await self._unary(operation, timeout_s)
        except CallError as error:
            return operations.health_of(target, error)
        return operations.health_of(target, status)
