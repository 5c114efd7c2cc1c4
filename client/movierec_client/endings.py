"""What an async call that sends requests has ended with."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import grpc
import grpc.aio

T = TypeVar("T")

_PATIENCE_S = 1.0  # Both are there at almost the same time.
_NOT_WRITTEN = "Internal error from Core"


class Ending:
    """What a call has ended with, whatever became of its requests.

    When a request cannot be written since the call is over, grpc.aio puts an
    internal error in the place of what the call has ended with, and that may be
    before or after it knows it. So this notes all that is put there.

    Args:
        call: The call, just begun.
    """

    def __init__(self, call: Any) -> None:
        self._error: grpc.aio.AioRpcError | None = None
        self._known = asyncio.Event()
        call.add_done_callback(self._note)

    async def instead_of(self, error: grpc.aio.AioRpcError) -> grpc.aio.AioRpcError:
        """Returns what the call has ended with, given what it raised."""
        if _is_not_written(error):
            # In vain if a server says the same of itself.
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_S):
                    await self._known.wait()
        return self._error or error

    def _note(self, call: Any) -> None:
        error = grpc.aio.AioRpcError(
            _at_once(call.code()),
            _at_once(call.initial_metadata()),
            _at_once(call.trailing_metadata()),
            _at_once(call.details()),
            _at_once(call.debug_error_string()),
        )
        if not _is_not_written(error):
            self._error = error
            self._known.set()


def _is_not_written(error: grpc.aio.AioRpcError) -> bool:
    return error.code() is grpc.StatusCode.INTERNAL and error.details() == _NOT_WRITTEN


def _at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """Returns what a coroutine returns that has nothing to wait for."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    finally:
        coroutine.close()
    raise AssertionError("it waits")
