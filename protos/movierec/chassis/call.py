"""A call that is going on: what is counted, logged and traced of it."""

import asyncio
import re
import secrets
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import Any

import grpc

REQUEST_ID_KEY = "x-request-id"
"""The metadata that a call's id is taken from, and sent back in."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
_PROCESS_ID = secrets.token_hex(4)
_numbers = count(1)

Metadata = Iterable[tuple[str, str | bytes]]


class MethodKind(StrEnum):
    """How many messages go to and fro."""

    UNARY = "unary"
    SERVER_STREAM = "server_stream"
    BIDI_STREAM = "bidi_stream"


@dataclass(slots=True, eq=False)
class Method:
    """A method of a server, and its calls so far.

    Args:
        name: As in `movierec.v1.RecommenderService/Recommend`.
        kind: How many messages go to and fro.
        is_ours: Whether it is none of those that every gRPC server has, such as health's.
    """

    name: str
    kind: MethodKind
    is_ours: bool = True
    started: int = 0
    """Calls."""
    ended: int = 0
    """Calls."""
    sent: int = 0
    """Messages."""


@dataclass(slots=True, eq=False)
class Call:
    """A call, from its headers to its status.

    Args:
        method: Of which method.
        metadata: What came with it; it may hold secrets, and is not to be logged.
    """

    method: Method
    metadata: Metadata
    began: float = field(default_factory=time.perf_counter)
    """In seconds, of no clock that is known outside."""
    request_id: str = ""
    peer: str = ""
    sent: int = 0
    """Messages."""
    version: int | None = None
    """Of the model that answers, where one does."""
    code: grpc.StatusCode | None = None
    """What it has ended with; None as long as it has not."""
    reason: str = ""
    """Why it has failed, if we know: UPPER_SNAKE."""
    trace_id: str = ""
    """Of the trace that it belongs to, 32 hexadecimal digits; empty if there is none."""
    note: Callable[..., None] | None = None
    """Says to its trace, if there is one, that something has happened: a name and attributes."""
    ended_at: float = 0.0
    """In seconds since 1970."""
    duration_s: float = 0.0

    def sends(self) -> None:
        """Another message of the answer is there."""
        self.sent += 1
        self.method.sent += 1


CURRENT: ContextVar[Call] = ContextVar("CURRENT")
"""The call that is being worked on."""


def answered_by(version: int) -> None:
    """Says which version of the model the call that is being worked on is answered from."""
    call = CURRENT.get(None)
    if call is not None:
        call.version = version


async def send(context: grpc.aio.ServicerContext[Any, Any], message: bytes) -> None:
    """Sends a message of an answer that is a stream, before its last one; see `ErrorBoundary`.

    Raises:
        CancelledError: The client is gone, or its patience, which grpc says of the call soon.
    """
    call = CURRENT.get(None)
    if call is not None:
        call.sends()
    try:
        await context.write(message)
    except grpc.aio.InternalError:
        raise asyncio.CancelledError from None


def note(name: str, **attributes: str | int) -> None:
    """Says to the trace of the call that is being worked on, if there is one, what has happened."""
    call = CURRENT.get(None)
    if call is not None and call.note is not None:
        call.note(name, **attributes)


def request_id_of(metadata: Metadata) -> str:
    """The id that a call came with, if that is legal, or a new one."""
    for key, value in metadata:
        if key == REQUEST_ID_KEY and isinstance(value, str) and _REQUEST_ID.fullmatch(value):
            return value
    return f"{_PROCESS_ID}-{next(_numbers)}"
