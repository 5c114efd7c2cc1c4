"""What a streaming call answers with, for `for` and for `async for`.

Leaving a loop early cancels the call as soon as nothing refers to the stream;
who keeps the stream closes it, or uses it as a context manager.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any, Generic, TypeVar

from movierec_client.calls import Streaming
from movierec_client.closing import AsyncClosing, Closing
from movierec_client.services import Target
from movierec_client.statuses import translated

T = TypeVar("T")


class _Reading(Generic[T]):
    """What both kinds of stream know about the call that they read.

    Args:
        call: What gRPC returned when the call was made.
        operation: The call that was made.
        target: Where it went.
    """

    def __init__(self, call: Any, operation: Streaming[Any, Any, T], target: Target) -> None:
        self._call = call
        self._operation = operation
        self._target = target
        self._last: T | None = None
        self._ended = False

    def __del__(self) -> None:
        # Not left to gRPC: an async call refers to itself, and would go on
        # until Python looks for such circles.
        self._cancel()

    def _cancel(self) -> None:
        self._ended = True
        self._call.cancel()

    def _read(self, message: Any) -> T:
        self._ended = False
        self._last = self._operation.decode(message)
        return self._last

    def _check_end(self) -> None:
        if self._operation.check_end:
            self._operation.check_end(self._last)


class Stream(_Reading[T], Iterator[T], Closing):
    """Items that arrive while one waits for them."""

    def __next__(self) -> T:
        if self._ended:
            raise StopIteration
        self._ended = True  # Until a message arrives.
        with translated(self._target):
            message = next(self._call, None)
        if message is None:
            self._check_end()
            raise StopIteration
        return self._read(message)

    def close(self) -> None:
        """Ends the stream, and cancels the call unless it is over."""
        self._cancel()


class AsyncStream(_Reading[T], AsyncIterator[T], AsyncClosing):
    """Items that arrive while one awaits them."""

    def __init__(self, call: Any, operation: Streaming[Any, Any, T], target: Target) -> None:
        super().__init__(call, operation, target)
        self._messages = aiter(call)

    async def __anext__(self) -> T:
        if self._ended:
            raise StopAsyncIteration
        self._ended = True  # Until a message arrives.
        with translated(self._target):
            message = await anext(self._messages, None)
        if message is None:
            self._check_end()
            raise StopAsyncIteration
        return self._read(message)

    async def close(self) -> None:
        """Ends the stream, and cancels the call unless it is over."""
        self._cancel()
