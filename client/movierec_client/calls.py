"""The shape of a call, as a value that either client can make.

A call names its method, holds its request, and knows how to read the answer;
what remains for the clients is to wait, blocking or not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import grpc
from google.protobuf.message import Message

from movierec_client.services import Service

Q = TypeVar("Q", bound=Message)
A = TypeVar("A", bound=Message)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unary(Generic[Q, A, T]):
    """A call with one answer.

    Args:
        service: Which service it goes to.
        method: Finds the method on a channel, blocking or async.
        request: The request.
        decode: Reads the answer.
    """

    service: Service
    method: "Callable[[grpc.Channel], grpc.UnaryUnaryMultiCallable[Q, A]]"
    request: Q
    decode: Callable[[A], T]

    def start(self, channel: Any, timeout_s: float) -> Any:
        """Makes the call; returns the answer, or on an async channel its awaitable."""
        return self.method(channel)(self.request, timeout=timeout_s)


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
    """

    service: Service
    method: "Callable[[grpc.Channel], grpc.UnaryStreamMultiCallable[Q, A]]"
    request: Q
    decode: Callable[[A], T]
    check_end: Callable[[T | None], None] | None = None

    def start(self, channel: Any, timeout_s: float) -> Any:
        """Makes the call; returns the iterator of its messages, blocking or async."""
        return self.method(channel)(self.request, timeout=timeout_s)


@dataclass(frozen=True, slots=True)
class Exchange(Generic[Q, A]):
    """A call with a stream of requests and a stream of answers.

    Args:
        service: Which service it goes to.
        method: Finds the method on a channel, blocking or async.
    """

    service: Service
    method: "Callable[[grpc.Channel], grpc.StreamStreamMultiCallable[Q, A]]"

    def start(self, channel: Any, requests: Any, timeout_s: float) -> Any:
        """Makes the call; takes and returns an iterator of messages, blocking or async."""
        return self.method(channel)(requests, timeout=timeout_s)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list; the last one has no token for the next."""

    items: list[T]
    next_page_token: str
