"""Requests that are still bytes."""

from collections.abc import Callable
from typing import Generic, TypeVar

from google.protobuf.message import DecodeError

from movierec.chassis.errors import InvalidRequestError, RequestTooLargeError, Violation

LARGEST_REQUEST_BYTES = 1024 * 1024
"""Ten times what the largest sensible request has. Decoded, it takes up to 25 times as much, if it
is of empty messages. (What has more than 4 MiB grpc refuses by itself.)"""

Request = TypeVar("Request")


class Undecoded(Generic[Request]):
    """A request as it came, to be decoded once there is room for what it takes then.

    Args:
        payload: Its bytes.
        deserialize: Makes a message of them, or raises `DecodeError`.
    """

    __slots__ = ("_deserialize", "_payload")

    def __init__(self, payload: bytes, deserialize: Callable[[bytes], Request]) -> None:
        self._payload = payload
        self._deserialize = deserialize

    def size_bytes(self) -> int:
        """How large it is, as it came.

        Raises:
            RequestTooLargeError: Larger than any that is decoded.
        """
        size = len(self._payload)
        if size > LARGEST_REQUEST_BYTES:
            raise RequestTooLargeError(size, LARGEST_REQUEST_BYTES)
        return size

    def decode(self) -> Request:
        """The message.

        Raises:
            RequestTooLargeError: As above.
            InvalidRequestError: The bytes are none.
        """
        self.size_bytes()
        try:
            return self._deserialize(self._payload)
        except DecodeError:
            sentence = (
                "its bytes are no message of this method: generate the client from this "
                "server's .proto files"
            )
            raise InvalidRequestError(Violation("request", sentence)) from None
