"""What a streaming call answers with, for `for` and for `async for`.

Leaving a loop early cancels the call as soon as nothing refers to the stream;
who keeps the stream closes it, or uses it as a context manager. A stream that
breaks since its server is gone is taken up where it was, within its time.
"""

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Generic, TypeVar

import grpc

from movierec_client.calls import Streaming
from movierec_client.closing import AsyncClosing, Closing
from movierec_client.compatibility import compare_versions, version_in
from movierec_client.services import LEAST_TIMEOUT_S, Target
from movierec_client.statuses import translated

T = TypeVar("T")
Start = Callable[[Streaming[Any, Any, T], Target], Any]
"""Makes a call, and returns what gRPC does."""

PAUSE_S = 0.5
"""Seconds between two tries to take a stream up."""


class _Reading(Generic[T]):
    """What both kinds of stream know about the call that they read.

    Args:
        start: Makes the call.
        operation: The call.
        target: Where it goes.
    """

    def __init__(self, start: Start[T], operation: Streaming[Any, Any, T], target: Target) -> None:
        self._start = start
        self._operation = operation
        self._target = target
        self._deadline = time.monotonic() + target.timeout_s
        self._rest = operation.rest() if operation.rest else None
        self._last: T | None = None
        self._broken_since: float | None = None
        self._ended = self._cancelled = False
        self._has_begun = False
        self._call = start(operation, target)

    def __del__(self) -> None:
        # Not left to gRPC: an async call refers to itself, and would go on
        # until Python looks for such circles.
        self._cancel()

    def _cancel(self) -> None:
        self._ended = self._cancelled = True
        if call := getattr(self, "_call", None):  # None if it could not be made.
            call.cancel()

    def _read(self, message: Any) -> T | None:
        """Takes a message in; returns what of it is new."""
        item: T | None = self._operation.decode(message)
        if self._rest and item is not None:
            item = self._rest.news(item)
        if item is not None:
            self._ended, self._last, self._broken_since = False, item, None
        return item

    def _compare(self, metadata: Any) -> None:
        """Compares versions, if the server tells its own there."""
        compare_versions(self._target, version_in(metadata))

    def _check_end(self) -> None:
        if self._operation.check_end:
            self._operation.check_end(self._last)

    def _pause_s(self, error: grpc.RpcError) -> float | None:
        """Returns how long to wait before the stream is taken up; None if it is not."""
        if not self._rest or error.code() is not grpc.StatusCode.UNAVAILABLE or self._cancelled:
            return None
        if self._last is None and not _was_cut(error):
            return None  # gRPC has tried it again by itself
        now = time.monotonic()
        if self._broken_since is None:
            self._broken_since = now
            return 0.0
        return PAUSE_S if now - self._broken_since < self._rest.patience_s else None

    def _take_up(self) -> bool:
        """Makes the call for the rest; returns whether there is one.

        Raises:
            ClientClosedError: It is too late.
        """
        operation = self._rest.call() if self._rest and not self._cancelled else None
        if operation:
            left_s = max(self._deadline - time.monotonic(), LEAST_TIMEOUT_S)
            self._call = self._start(operation, dataclasses.replace(self._target, timeout_s=left_s))
            self._operation = dataclasses.replace(operation, check_end=self._operation.check_end)
        return operation is not None


def _was_cut(error: grpc.RpcError) -> bool:
    """Whether a connection ended in the middle of an answer.

    gRPC makes a call again until a server has begun to answer, be it with a part of the
    first message; which of the two it was, only its words say.
    """
    words = str(error.details())
    return any(some in words for some in ("Stream removed", "Socket closed", "Connection reset"))


class Stream(_Reading[T], Iterator[T], Closing):
    """Items that arrive while one waits for them."""

    def __next__(self) -> T:
        if self._ended:
            raise StopIteration
        self._ended = True  # Until a message arrives.
        while True:
            message = self._next_message()
            if message is None:
                self._check_end()
                raise StopIteration
            if (item := self._read(message)) is not None:
                return item

    def close(self) -> None:
        """Ends the stream, and cancels the call unless it is over."""
        self._cancel()

    def _next_message(self) -> Any:
        with translated(self._target):
            while True:
                try:
                    message = next(self._call, None)
                except grpc.RpcError as error:
                    pause_s = self._pause_s(error)
                    if pause_s is None:
                        raise
                    time.sleep(pause_s)
                    if not self._take_up():
                        raise
                    continue
                if message is None:
                    self._compare(self._call.trailing_metadata())
                elif not self._has_begun:
                    self._has_begun = True
                    self._compare(self._call.initial_metadata())
                return message


class AsyncStream(_Reading[T], AsyncIterator[T], AsyncClosing):
    """Items that arrive while one awaits them."""

    def __init__(self, start: Start[T], operation: Streaming[Any, Any, T], target: Target) -> None:
        super().__init__(start, operation, target)
        self._messages = aiter(self._call)

    async def __anext__(self) -> T:
        if self._ended:
            raise StopAsyncIteration
        self._ended = True  # Until a message arrives.
        while True:
            message = await self._next_message()
            if message is None:
                self._check_end()
                raise StopAsyncIteration
            if (item := self._read(message)) is not None:
                return item

    async def close(self) -> None:
        """Ends the stream, and cancels the call unless it is over."""
        self._cancel()

    async def _next_message(self) -> Any:
        with translated(self._target):
            while True:
                try:
                    message = await anext(self._messages, None)
                except grpc.RpcError as error:
                    pause_s = self._pause_s(error)
                    if pause_s is None:
                        raise
                    await asyncio.sleep(pause_s)
                    if not self._take_up():
                        raise
                    self._messages = aiter(self._call)
                    continue
                if message is None:
                    self._compare(await self._call.trailing_metadata())
                elif not self._has_begun:
                    self._has_begun = True
                    self._compare(await self._call.initial_metadata())
                return message
