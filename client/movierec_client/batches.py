"""The answers to many queries, in their order, for `for` and for `async for`.

A query is taken from the caller when the caller asks for an answer, in the
caller's own thread or task, so that what yields the queries need not be safe
for others. Leaving a loop early cancels the call, as it does that of a stream.
When the server is lost, the queries without a whole answer are asked again: they
are kept until then, which are no more than the window has room for.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
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
from movierec_client.services import LEAST_TIMEOUT_S, Target
from movierec_client.statuses import error_in, translated

Outcome = Answer | CallError
"""What becomes of a query: its answer, or the error that a call with it alone raises."""

Asked = QueryLike | CallError
"""A query; or an error in its place, which is then its outcome."""


Start = Callable[[Target], tuple[Any, Any]]
"""Makes the call; returns from where gRPC takes what is to be sent, up to None, and the call."""


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
        start: Makes the call.
        target: Where it goes.
        window: How many queries may have been taken and not come out.
    """

    def __init__(self, start: Start, target: Target, window: int) -> None:
        self._start = start
        self._target = target
        self._window = window
        self._deadline = time.monotonic() + target.timeout_s
        # What was sent and has no whole answer, in order.
        self._unanswered: deque[recommender_pb2.BatchRecommendRequest] = deque()
        self._serving = 0  # The version that answers queries which ask for none.
        self._version = 0  # What those are told to ask for, once there was a break.
        self._first = 0  # query of this call
        self._progress = self._cancelled = False
        self._requests, self._call = start(target)
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
        self._ended = self._cancelled = True
        if hasattr(self, "_call"):  # Not if it could not be made.
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
        if self._version and not query.HasField("version"):
            query.version.number = self._version
        request = recommender_pb2.BatchRecommendRequest(query=query)
        self._unanswered.append(request)
        self._requests.put(request)

    def _stop_taking(self, failure: Exception | None = None) -> None:
        """Takes no more: there are no more, or what yields them has failed."""
        self._all_taken, self._failure = True, failure
        self._requests.put(None)

    def _read(self, message: Any) -> Outcome | None:
        """Takes a message in; returns the outcome if that is whole now."""
        if message is None:
            raise self._at_fault(f"ended its answers before query {self._answered}")
        position = self._first + message.position
        if position != self._answered:
            raise self._at_fault(f"answered query {position} instead of {self._answered}")
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
        self._progress = True
        asked = self._unanswered.popleft().query
        if isinstance(outcome, Answer) and not asked.HasField("version"):
            self._serving = outcome.header.model_version
        return outcome

    def _take_up(self, error: grpc.RpcError) -> bool:
        """Asks on another call what has no whole answer; returns whether it does.

        Queries that ask for no version are asked of the one that has answered so far.

        Raises:
            ClientClosedError: It is too late.
        """
        lost = error.code() is grpc.StatusCode.UNAVAILABLE
        if not lost or self._cancelled or not (self._progress or self._parts):
            return False
        if self._parts and not self._unanswered[0].query.HasField("version"):
            self._serving = self._parts[0].header.model_version
        self._requests.put(None)  # A thread or task of gRPC's may wait for it.
        self._first, self._parts, self._progress = self._answered, [], False
        self._version = self._serving
        left_s = max(self._deadline - time.monotonic(), LEAST_TIMEOUT_S)
        self._requests, self._call = self._start(replace(self._target, timeout_s=left_s))
        for request in self._unanswered:
            if self._version and not request.query.HasField("version"):
                request.query.version.number = self._version
            self._requests.put(request)
        if self._all_taken:
            self._requests.put(None)
        return True

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
        start: Makes the call.
        queries: What is asked.
        target: Where the call goes.
        window: How many queries may have been taken and not come out.
    """

    def __init__(
        self,
        start: Start,
        queries: Iterable[Asked],
        target: Target,
        window: int,
    ) -> None:
        super().__init__(start, target, window)
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
            while True:
                try:
                    return next(self._call, None)
                except grpc.RpcError as error:
                    if not self._take_up(error):
                        raise


class AsyncOutcomes(_Batch, AsyncIterator[Outcome], AsyncClosing):
    """What becomes of each query, in their order, while one awaits it; as `Outcomes`."""

    def __init__(
        self,
        start: Start,
        queries: AsyncIterable[Asked] | Iterable[Asked],
        target: Target,
        window: int,
    ) -> None:
        super().__init__(start, target, window)
        self._queries = aiter(queries) if isinstance(queries, AsyncIterable) else iter(queries)
        self._messages = aiter(self._call)
        self._ending = Ending(self._call)

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
            while True:
                try:
                    return await anext(self._messages, None)
                except grpc.aio.AioRpcError as raised:
                    error = await self._ending.instead_of(raised)
                    if error.code() is grpc.StatusCode.OK:
                        return None
                    if not self._take_up(error):
                        raise error from None
                    self._messages = aiter(self._call)
                    self._ending = Ending(self._call)


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
