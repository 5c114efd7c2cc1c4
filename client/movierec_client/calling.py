"""How the clients make calls, blocking or not: what both do alike, once for each."""

from abc import ABC
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Iterator
from queue import SimpleQueue
from typing import Any, TypeVar
from weakref import WeakSet

import grpc
import grpc.aio

from movierec_client.batches import (
    Asked,
    AsyncOutcomes,
    AsyncRequests,
    Outcome,
    Outcomes,
    check_batch,
)
from movierec_client.calls import Exchange, Page, Streaming, Unary
from movierec_client.closing import AsyncClosing, Closing
from movierec_client.compatibility import compare_versions, version_in
from movierec_client.connections import Connections
from movierec_client.errors import CallError
from movierec_client.recommendations import AsyncRecommendations, Recommendations
from movierec_client.results import Answer, Chunk
from movierec_client.services import LONGEST_TIMEOUT_S, Target
from movierec_client.statuses import translated
from movierec_client.streams import AsyncStream, Stream

T = TypeVar("T")


class Calling(Closing, ABC):
    """Makes calls, and waits for them.

    Args:
        connections: The channels.
    """

    def __init__(self, connections: Connections[grpc.Channel]) -> None:
        self._connections = connections

    def _unary(self, operation: Unary[Any, Any, T], timeout_s: float | None) -> T:
        channel, target = self._connections.open(operation, timeout_s)
        with translated(target):
            answer, call = operation.start(channel, target)
        told = version_in(call.initial_metadata(), call.trailing_metadata())
        compare_versions(target, told)
        return operation.decode(answer)

    def _try(self, operation: Unary[Any, Any, T], timeout_s: float | None) -> T | CallError:
        """Returns what the call answers with, or its error."""
        try:
            return self._unary(operation, timeout_s)
        except CallError as error:
            return error

    def _stream(self, operation: Streaming[Any, Any, T], timeout_s: float | None) -> Stream[T]:
        target = self._connections.target(operation.service, timeout_s)
        return Stream(self._start, operation, target)

    def _start(self, operation: Streaming[Any, Any, Any], target: Target) -> Any:
        return operation.start(self._connections.channel(operation), target)

    def _answer(self, operation: Streaming[Any, Any, Chunk], timeout_s: float | None) -> Outcome:
        """Returns the whole answer, or the call's error."""
        try:
            with Recommendations(self._stream(operation, timeout_s)) as found:
                return Answer(found.header, tuple(found))
        except CallError as error:
            return error

    def _exchange(
        self,
        operation: Exchange[Any, Any],
        queries: Iterable[Asked],
        window: int,
        timeout_s: float | None,
    ) -> Outcomes:
        check_batch(queries, window)
        timeout_s = LONGEST_TIMEOUT_S if timeout_s is None else timeout_s

        def start(target: Target) -> tuple[SimpleQueue[Any], Any]:
            requests: SimpleQueue[Any] = SimpleQueue()
            channel = self._connections.channel(operation)
            return requests, operation.start(channel, iter(requests.get, None), target)

        target = self._connections.target(operation.service, timeout_s)
        return Outcomes(start, queries, target, window)

    def _pages(
        self, page: Callable[[str], Unary[Any, Any, Page[T]]], timeout_s: float | None
    ) -> Iterator[T]:
        token = ""
        while True:
            answer = self._unary(page(token), timeout_s)
            yield from answer.items
            token = answer.next_page_token
            if not token:
                return


class AsyncCalling(AsyncClosing, ABC):
    """Makes calls, and awaits them.

    Args:
        connections: The channels.
    """

    def __init__(self, connections: Connections[grpc.aio.Channel]) -> None:
        self._connections = connections
        # Older versions of grpc.aio close a channel without a word to its streams.
        self._streams: WeakSet[Any] = WeakSet()

    async def _unary(self, operation: Unary[Any, Any, T], timeout_s: float | None) -> T:
        channel, target = self._connections.open(operation, timeout_s)
        with translated(target):
            call = operation.start(channel, target)
            answer = await call
            told = version_in(await call.initial_metadata(), await call.trailing_metadata())
        compare_versions(target, told)
        return operation.decode(answer)

    async def _try(self, operation: Unary[Any, Any, T], timeout_s: float | None) -> T | CallError:
        """Returns what the call answers with, or its error."""
        try:
            return await self._unary(operation, timeout_s)
        except CallError as error:
            return error

    def _stream(self, operation: Streaming[Any, Any, T], timeout_s: float | None) -> AsyncStream[T]:
        target = self._connections.target(operation.service, timeout_s)
        return AsyncStream(self._start, operation, target)

    def _start(self, operation: Streaming[Any, Any, Any], target: Target) -> Any:
        call = operation.start(self._connections.channel(operation), target)
        self._streams.add(call)
        return call

    async def _answer(
        self, operation: Streaming[Any, Any, Chunk], timeout_s: float | None
    ) -> Outcome:
        """Returns the whole answer, or the call's error."""
        try:
            async with AsyncRecommendations(self._stream(operation, timeout_s)) as found:
                return Answer(await found.header, tuple([movie async for movie in found]))
        except CallError as error:
            return error

    def _exchange(
        self,
        operation: Exchange[Any, Any],
        queries: AsyncIterable[Asked] | Iterable[Asked],
        window: int,
        timeout_s: float | None,
    ) -> AsyncOutcomes:
        check_batch(queries, window)
        timeout_s = LONGEST_TIMEOUT_S if timeout_s is None else timeout_s

        def start(target: Target) -> tuple[AsyncRequests, Any]:
            requests = AsyncRequests()
            call = operation.start(self._connections.channel(operation), requests, target)
            self._streams.add(call)
            return requests, call

        target = self._connections.target(operation.service, timeout_s)
        return AsyncOutcomes(start, queries, target, window)

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
