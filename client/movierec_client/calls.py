"""The shape of a call, as a value that either client can make.

A call names its method, holds its request, and knows how to read the answer;
what remains for the clients is to wait, blocking or not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import grpc
from google.protobuf.message import Message

from movierec_client.services import Service, Target
from movierec_client.tracing import trace_metadata

Q = TypeVar("Q", bound=Message)
A = TypeVar("A", bound=Message)
T = TypeVar("T")


class Call(Protocol):
    """What all calls have."""

    @property
    def service(self) -> Service:
        """Which service it goes to."""

    @property
    def needs_ready(self) -> bool:
        """Whether only a server that is ready can answer."""


class Rest(Protocol[T]):
    """What has arrived of a stream, and thereby what of it is still to come."""

    patience_s: float
    """For how long after a break it is tried to take the stream up, without a word of it."""

    def news(self, item: T) -> T | None:
        """Takes an item in; returns what of it is new, if anything."""

    def call(self) -> "Streaming[Any, Any, T] | None":
        """Returns the call that brings the rest; None if that cannot be told."""


@dataclass(frozen=True, slots=True)
class Unary(Generic[Q, A, T]):
    """A call with one answer.

    Args:
        service: Which service it goes to.
        method: Finds the method on a channel, blocking or async.
        request: The request.
        decode: Reads the answer.
        needs_ready: Whether only a server that is ready can answer.
        never_waits: Whether it is of no use to wait for the server.
    """

    service: Service
    method: "Callable[[grpc.Channel], grpc.UnaryUnaryMultiCallable[Q, A]]"
    request: Q
    decode: Callable[[A], T]
    needs_ready: bool = False
    never_waits: bool = False

    def start(self, channel: Any, target: Target) -> Any:
        """Makes the call; on a blocking channel it returns the answer and the call."""
        method: Any = self.method(channel)
        start = getattr(method, "with_call", method)  # an async call is both by itself
        waits = target.wait_for_ready and not self.never_waits
        return start(
            self.request,
            timeout=target.timeout_s,
            metadata=trace_metadata(),
            wait_for_ready=waits,
        )


@dataclass(frozen=True, slots=True)
class Streaming(Generic[Q, A, T]):
    """A call with a stream of answers.

    Args:
        service: Which service it goes to.
        method: Finds the method on a channel, blocking or async.
        request: The request.
        decode: Reads one answer.
        check_end: Gets the last answer, if there was any, when the stream has
            ended well, and raises if that was not a good end.
        needs_ready: Whether only a server that is ready can answer.
        rest: Begins to keep what is needed to take the stream up when it breaks.
    """

    service: Service
    method: "Callable[[grpc.Channel], grpc.UnaryStreamMultiCallable[Q, A]]"
    request: Q
    decode: Callable[[A], T]
    check_end: Callable[[T | None], None] | None = None
    needs_ready: bool = False
    rest: Callable[[], Rest[T]] | None = None

    def start(self, channel: Any, target: Target) -> Any:
        """Makes the call; returns the iterator of its messages, blocking or async."""
        return self.method(channel)(
            self.request,
            timeout=target.timeout_s,
            metadata=trace_metadata(),
            wait_for_ready=target.wait_for_ready,
        )


@dataclass(frozen=True, slots=True)
class Exchange(Generic[Q, A]):
    """A call with a stream of requests and a stream of answers.

    Args:
        service: Which service it goes to.
        method: Finds the method on a channel, blocking or async.
        needs_ready: Whether only a server that is ready can answer.
    """

    service: Service
    method: "Callable[[grpc.Channel], grpc.StreamStreamMultiCallable[Q, A]]"
    needs_ready: bool = False

    def start(self, channel: Any, requests: Any, target: Target) -> Any:
        """Makes the call; takes and returns an iterator of messages, blocking or async."""
        return self.method(channel)(
            requests,
            timeout=target.timeout_s,
            metadata=trace_metadata(),
            wait_for_ready=target.wait_for_ready,
        )


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list; the last one has no token for the next."""

    items: list[T]
    next_page_token: str
