"""The channels of a client: made when first needed, once, and closed together."""

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from movierec_client.errors import ClientClosedError
from movierec_client.services import RECOMMENDER, TRAINER, Service, Target
from movierec_client.version import version

C = TypeVar("C")

_MAX_MESSAGE_BYTES = 16 * 1024 * 1024
# Servers of gRPC hang up on who pings more often than every 5 minutes.
_KEEPALIVE_MS = 6 * 60 * 1000


class Connections(Generic[C]):
    """The channels of a client, blocking or async.

    Args:
        connect: Makes a channel for an address, with options.
        trainer: Address of the trainer; None takes the environment's.
        recommender: Address of the recommender; None takes the environment's.
        timeout_s: How long a call may take unless told otherwise.
    """

    def __init__(
        self,
        connect: Callable[[str, list[tuple[str, Any]]], C],
        *,
        trainer: str | None,
        recommender: str | None,
        timeout_s: float,
    ) -> None:
        self._connect = connect
        self._addresses = {
            TRAINER: TRAINER.address(trainer),
            RECOMMENDER: RECOMMENDER.address(recommender),
        }
        self._timeout_s = timeout_s
        self._channels: dict[Service, C] = {}
        self._closed = False
        self._lock = threading.Lock()  # Threads may share a client.

    def target(self, service: Service, timeout_s: float | None) -> Target:
        """Returns where a call to a service goes and how long it may take."""
        timeout_s = self._timeout_s if timeout_s is None else timeout_s
        return Target(service, self._addresses[service], timeout_s)

    def open(self, service: Service, timeout_s: float | None) -> tuple[C, Target]:
        """Returns the channel to a service, and what `target` returns.

        Raises:
            ClientClosedError: It is too late.
        """
        target = self.target(service, timeout_s)
        with self._lock:
            if self._closed:
                raise ClientClosedError("the client is closed: make a new one")
            if service not in self._channels:
                self._channels[service] = self._connect(target.address, _options())
            return self._channels[service], target

    def close(self) -> list[C]:
        """Gives the channels out for the last time, for the client to close."""
        with self._lock:
            self._closed = True
            channels = list(self._channels.values())
            self._channels.clear()
        return channels


def _options() -> list[tuple[str, Any]]:
    return [
        ("grpc.primary_user_agent", f"movierec/{version()}"),
        ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
        ("grpc.keepalive_time_ms", _KEEPALIVE_MS),
        # A run may be silent for longer than two pings while it is evaluated.
        ("grpc.http2.max_pings_without_data", 0),
    ]
