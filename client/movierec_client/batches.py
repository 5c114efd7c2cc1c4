"""The answers to many queries, in their order, for `for` and for `async for`.

A query is taken from the caller when the caller asks for an answer, in the
caller's own thread or task, so that what yields the queries need not be safe
for others. Leaving a loop early cancels the call, as it does that of a stream.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

import grpc
import grpc.aio

from movierec.v1 import recommender_pb2
from movierec_client import decoding
from movierec_client.closing import AsyncClosing, Closing
from movierec_client.encoding import encode_query, invalid
from movierec_client.endings import Ending
from movierec_client.errors import CallError, InvalidArgumentError, ServerError
from movierec_client.queries import QueryLike, query_of, several
from movierec_client.results import Answer, Chunk
from movierec_client.services import Target
from movierec_client.statuses import error_in, translated

Outcome = Answer | CallError
"""What becomes of a query: its answer, or the error that a call with it alone raises."""

Asked = QueryLike | CallError
"""A query; or an error in its place, which is then its outcome."""


def check_batch(queries: object, window: int) -> None:
    """Makes sure that there can be a batch.

    Raises:
        InvalidArgumentError: `window` is less than 1.
        TypeError: `queries` are none.
    """
    if not isinstance(queries, AsyncIterable):
        several("queries", queries)
    if window < 1:
        raise invalid("window", window, "at least 1")


class _Batch:
    """What both kinds know of their call.

    Args:
        call: What gRPC returned when the call was made.
        requests: From where gRPC takes what is to be sent, up to None.
        target: Where the call went.
        window: How many queries may have been taken and not come out.
    """

    def __init__(
        self, call: Any, requests: "SimpleQueue[Any] | AsyncRequests", target: Target, window: int
    ) -> None:
        self._call = call
        self._requests = requests
        self._target = target
        self._window = window
        # What is still to come out, in order: an error of ours, or None for
        # what the server answers.
        self._due: deque[CallError | None] = deque()
        self._all_taken = False
        self._failure: Exception | None = None
        self._answered = 0
        self._parts: list[Chunk] = []  # of the answer that is arriving
        self._ended = False

    def __del__(self) -> None:
        # As in a stream: not left to gRPC, whose async calls refer to themselves.
        self._cancel()

    def _cancel(self) -> None:
        self._ended = True
        self._call.cancel()
        self._requests.put(None)  # A thread or task of gRPC's may wait for it.

    def _has_room(self) -> bool:
        return not self._all_taken and len(self._due) < self._window

    def _take(self, asked: Asked) -> None:
        """Takes a query in, and sends it unless it cannot be sent."""
        if isinstance(asked, CallError):
            self._due.append(asked)
            return
        try:
            query = encode_query(query_of(asked))
        except InvalidArgumentError as error:
            self._due.append(error)
            return
        self._due.append(None)
        self._requests.put(recommender_pb2.BatchRecommendRequest(query=query))

    def _stop_taking(self, failure: Exception | None = None) -> None:
        """Takes no more: there are no more, or what yields them has failed."""
        self._all_taken, self._failure = True, failure
        self._requests.put(None)

    def _read(self, message: Any) -> Outcome | None:
        """Takes a message in; returns the outcome if that is whole now."""
        if message is None:
            raise self._at_fault(f"ended its answers before query {self._answered}")
        if message.position != self._answered:
            raise self._at_fault(f"answered query {message.position} instead of {self._answered}")
        if message.HasField("error"):
            outcome: Outcome = error_in(message.error, self._target)
        else:
            self._parts.append(decoding.chunk(message.answer))
            if not message.last:
                return None
            movies = (movie for part in self._parts for movie in part.recommendations)
            outcome = Answer(self._parts[0].header, tuple(movies))
        self._parts = []
        self._answered += 1
        return outcome

    def _check_failure(self) -> None:
        if self._failure:
            raise self._failure

    def _check_end(self, message: Any) -> None:
        if message is not None:
            raise self._at_fault("answered more queries than there were")

    def _at_fault(self, what: str) -> ServerError:
        name, address = self._target.service.name, self._target.address
        return ServerError(f"the {name} at {address} {what}", code="INTERNAL")


class Outcomes(_Batch, Iterator[Outcome], Closing):
    """What becomes of each query, in their order, while one waits.

    Args:
        call: What gRPC returned when the call was made.
        requests: From where gRPC takes what is to be sent, up to None.
        queries: What is asked.
        target: Where the call went.
        window: How many queries may have been taken and not come out.
    """

    def __init__(
        self,
        call: Any,
        requests: "SimpleQueue[Any]",
        queries: Iterable[Asked],
        target: Target,
        window: int,
    ) -> None:
        super().__init__(call, requests, target, window)
        self._queries = iter(queries)

    def __next__(self) -> Outcome:
        if self._ended:
            raise StopIteration
        try:
            self._take_some()
            if self._due:
                return self._due.popleft() or self._receive()
            self._check_failure()
            self._check_end(self._next_message())
        except BaseException:
            self._cancel()
            raise
        self._ended = True
        raise StopIteration

    def close(self) -> None:
        """Ends the answers, and cancels the call unless it is over."""
        self._cancel()

    def _take_some(self) -> None:
        while self._has_room():
            try:
                self._take(next(self._queries))
            except StopIteration:
                self._stop_taking()
            except Exception as error:  # noqa: BLE001 - the caller's; raised when its turn comes
                self._stop_taking(error)

    def _receive(self) -> Outcome:
        while not (outcome := self._read(self._next_message())):
            pass
        return outcome

    def _next_message(self) -> Any:
        with translated(self._target):
            return next(self._call, None)


class AsyncOutcomes(_Batch, AsyncIterator[Outcome], AsyncClosing):
    """What becomes of each query, in their order, while one awaits it; as `Outcomes`."""

    def __init__(
        self,
        call: Any,
        requests: "AsyncRequests",
        queries: AsyncIterable[Asked] | Iterable[Asked],
        target: Target,
        window: int,
    ) -> None:
        super().__init__(call, requests, target, window)
        self._queries = aiter(queries) if isinstance(queries, AsyncIterable) else iter(queries)
        self._messages = aiter(call)
        self._ending = Ending(call)

    async def __anext__(self) -> Outcome:
        if self._ended:
            raise StopAsyncIteration
        try:
            await self._take_some()
            if self._due:
                return self._due.popleft() or await self._receive()
            self._check_failure()
            self._check_end(await self._next_message())
        except BaseException:
            self._cancel()
            raise
        self._ended = True
        raise StopAsyncIteration

    async def close(self) -> None:
        """Ends the answers, and cancels the call unless it is over."""
        self._cancel()

    async def _take_some(self) -> None:
        while self._has_room():
            try:
                self._take(await self._next_query())
            except StopAsyncIteration:
                self._stop_taking()
            except Exception as error:  # noqa: BLE001 - the caller's; raised when its turn comes
                self._stop_taking(error)

    async def _next_query(self) -> Asked:
        if isinstance(self._queries, AsyncIterator):
            return await anext(self._queries)
        try:
            return next(self._queries)
        except StopIteration:
            raise StopAsyncIteration from None

    async def _receive(self) -> Outcome:
        while not (outcome := self._read(await self._next_message())):
            pass
        return outcome

    async def _next_message(self) -> Any:
        with translated(self._target):
            try:
                return await anext(self._messages, None)
            except grpc.aio.AioRpcError as raised:
                error = await self._ending.instead_of(raised)
                if error.code() is grpc.StatusCode.OK:
                    return None
                raise error from None


class AsyncRequests(AsyncIterator[Any]):
    """From where gRPC takes what is to be sent, up to None, and waits for it."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Any] = asyncio.Queue()

    def put(self, request: Any) -> None:
        """Adds a request, or None for the end."""
        with suppress(RuntimeError):  # The loop is closed, and so nobody waits.
            self._queue.put_nowait(request)

    async def __anext__(self) -> Any:
        request = await self._queue.get()
        if request is None:
            raise StopAsyncIteration
        return request
