"""The async client: `Client`, awaited."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from contextlib import aclosing
from typing import Unpack

import grpc.aio

from movierec_client import operations
from movierec_client.batches import Asked, AsyncOutcomes
from movierec_client.calling import AsyncCalling
from movierec_client.channels import DEFAULT_MAX_MESSAGE_BYTES
from movierec_client.connections import Connections
from movierec_client.encoding import VersionTarget, encode_query
from movierec_client.insights import Collecting, Insights
from movierec_client.operations import TrainOptions
from movierec_client.outcomes import health_of
from movierec_client.queries import Query, QueryOptions, VersionLike, query_for
from movierec_client.recommendations import AsyncRecommendations
from movierec_client.replays import Replay, read_logged
from movierec_client.results import Activation, Fleet, Model, Movie, ServiceHealth, Version
from movierec_client.runs import Run, RunEvent
from movierec_client.seeds import MovieLike
from movierec_client.services import RECOMMENDER, ServiceName
from movierec_client.streams import AsyncStream
from movierec_client.waiting import POLL_INTERVAL_S, Waiting


class AsyncClient(AsyncCalling):
    """The same methods as `Client`'s, with the same arguments, errors and answers.

    What loops there with `for` loops here with `async for`, what returns there
    is awaited here, and so is `header` of the recommendations. To be used in
    one event loop.

    Args:
        trainer: Address of the trainer, "host:port", or as gRPC names it, e.g.
            "dns:///host:port"; default: the environment's MOVIEREC_TRAINER, else
            "localhost:50051".
        recommender: Address of the recommender; of all that a name stands for,
            those take turns that serve. Default: the environment's
            MOVIEREC_RECOMMENDER, else "localhost:50052".
        timeout_s: How long a call may take, unless it is told otherwise.
        run_timeout_s: The same for `train`, `publish` and `follow`.
        wait_for_ready: Calls wait, within their time, for a server that can be
            reached and serves, instead of failing; `health` does not.
        max_message_bytes: The largest message that is taken from a server.

    Raises:
        InvalidArgumentError: `max_message_bytes` is no size.
    """

    def __init__(
        self,
        *,
        trainer: str | None = None,
        recommender: str | None = None,
        timeout_s: float = 10.0,
        run_timeout_s: float = 24 * 60 * 60.0,
        wait_for_ready: bool = False,
        max_message_bytes: int = DEFAULT_MAX_MESSAGE_BYTES,
    ) -> None:
        super().__init__(
            Connections(
                grpc.aio.insecure_channel,
                trainer=trainer,
                recommender=recommender,
                timeout_s=timeout_s,
                wait_for_ready=wait_for_ready,
                max_message_bytes=max_message_bytes,
            )
        )
        self._timeout_s = timeout_s
        self._run_timeout_s = run_timeout_s

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
        operation = operations.train(dataset, **options)
        return self._stream(operation, self._run_timeout_s if timeout_s is None else timeout_s)

    def follow(
        self, run_id: str, *, after_sequence: int = 0, timeout_s: float | None = None
    ) -> AsyncStream[RunEvent]:
        """As `Client.follow`."""
        operation = operations.follow_run(run_id, after_sequence)
        return self._stream(operation, self._run_timeout_s if timeout_s is None else timeout_s)

    async def run(self, run_id: str, *, timeout_s: float | None = None) -> Run:
        """As `Client.run`."""
        return await self._unary(operations.get_run(run_id), timeout_s)

    def runs(self, *, timeout_s: float | None = None) -> AsyncIterator[Run]:
        """As `Client.runs`."""
        return self._pages(operations.list_runs, timeout_s)

    async def cancel(self, run_id: str, *, timeout_s: float | None = None) -> Run:
        """As `Client.cancel`."""
        return await self._unary(operations.cancel_run(run_id), timeout_s)

    def publish(
        self, run_id: str, *, force: bool = False, timeout_s: float | None = None
    ) -> AsyncStream[RunEvent]:
        """As `Client.publish`."""
        operation = operations.publish_run(run_id, force=force)
        return self._stream(operation, self._run_timeout_s if timeout_s is None else timeout_s)

    async def insights(
        self, subject: str | int, *, min_ratings: int | None = None, timeout_s: float = 600.0
    ) -> Insights:
        """As `Client.insights`."""
        collecting = Collecting()
        operation = operations.get_insights(subject, min_ratings)
        async with self._stream(operation, timeout_s) as parts:
            async for part in parts:
                collecting.take(part)
        return collecting.report()

    def recommend(
        self,
        movies: Query | Iterable[MovieLike],
        *,
        timeout_s: float | None = None,
        **options: Unpack[QueryOptions],
    ) -> AsyncRecommendations:
        """As `Client.recommend`."""
        request = encode_query(query_for(movies, **options))
        return AsyncRecommendations(self._stream(operations.recommend(request), timeout_s))

    def recommend_many(
        self,
        queries: AsyncIterable[Asked] | Iterable[Asked],
        *,
        window: int = 64,
        timeout_s: float | None = None,
    ) -> AsyncOutcomes:
        """As `Client.recommend_many`; the queries may also be an async iterable."""
        return self._exchange(operations.recommend_many(), queries, window, timeout_s)

    async def replay(self, line: str, *, timeout_s: float | None = None) -> Replay:
        """As `Client.replay`."""
        logged, request = read_logged(line)
        return Replay(logged, await self._answer(operations.recommend(request), timeout_s))

    async def search(
        self,
        text: str,
        limit: int = 10,
        *,
        version: VersionLike | None = None,
        timeout_s: float | None = None,
    ) -> list[Movie]:
        """As `Client.search`."""
        found: list[Movie] = []
        pages = self._pages(operations.search_movies(text, limit, version), timeout_s)
        async with aclosing(pages) as movies:
            async for movie in movies:
                found.append(movie)
                if len(found) == limit:
                    break
        return found

    async def model(
        self, *, version: VersionLike | None = None, timeout_s: float | None = None
    ) -> Model:
        """As `Client.model`."""
        return await self._unary(operations.get_model(version), timeout_s)

    def versions(self, *, timeout_s: float | None = None) -> AsyncIterator[Version]:
        """As `Client.versions`."""
        return self._pages(operations.list_versions, timeout_s)

    async def fleet(self, *, timeout_s: float | None = None) -> Fleet:
        """As `Client.fleet`."""
        return await self._unary(operations.get_fleet(), timeout_s)

    async def activate(
        self,
        version: VersionTarget | None = None,
        *,
        label: str | None = None,
        timeout_s: float | None = None,
    ) -> Activation:
        """As `Client.activate`."""
        return await self._unary(operations.activate(version, label), timeout_s)

    async def remove_label(self, label: str, *, timeout_s: float | None = None) -> Activation:
        """As `Client.remove_label`."""
        return await self.activate(label=label, timeout_s=timeout_s)

    async def wait_until_serving(self, version: int, *, timeout_s: float = 60.0) -> Fleet:
        """As `Client.wait_until_serving`."""
        waiting = Waiting(version, self._connections.target(RECOMMENDER, timeout_s))
        while True:
            look = await self._try(operations.look(), waiting.look_timeout_s(self._timeout_s))
            if fleet := waiting.judge(look):
                return fleet
            await asyncio.sleep(POLL_INTERVAL_S)

    async def health(
        self, *services: ServiceName, live: bool = False, timeout_s: float | None = None
    ) -> list[ServiceHealth]:
        """As `Client.health`."""
        answers = []
        for check in operations.health_checks(services, live=live):
            answer = await self._try(check, timeout_s)
            answers.append(health_of(self._connections.target(check.service, timeout_s), answer))
        return answers
