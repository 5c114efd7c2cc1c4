"""The channels of a client: made when first needed, once, and closed together."""

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from movierec_client.calls import Call
from movierec_client.channels import channel_options
from movierec_client.encoding import invalid
from movierec_client.errors import ClientClosedError
from movierec_client.services import RECOMMENDER, TRAINER, Service, Target

C = TypeVar("C")


class Connections(Generic[C]):
    """The channels of a client, blocking or async.

    There are up to two to a service: one for calls that any server can answer,
    and one for those that need a server that is ready.

    Args:
        connect: Makes a channel for an address, with options.
        trainer: Address of the trainer; None takes the environment's.
        recommender: Address of the recommender; None takes the environment's.
        timeout_s: How long a call may take unless told otherwise.
        wait_for_ready: Whether calls wait for a server that can answer them.
        max_message_bytes: The largest message that is taken.

    Raises:
        InvalidArgumentError: `max_message_bytes` is no size.
    """

    def __init__(
        self,
        connect: Callable[[str, list[tuple[str, Any]]], C],
        *,
        trainer: str | None,
        recommender: str | None,
        timeout_s: float,
        wait_for_ready: bool,
        max_message_bytes: int,
    ) -> None:
        if not 1 <= max_message_bytes < 2**31:
            raise invalid("max_message_bytes", max_message_bytes, "1 to 2,147,483,647 bytes")
        self._connect = connect
        self._addresses = {
            TRAINER: TRAINER.address(trainer),
            RECOMMENDER: RECOMMENDER.address(recommender),
        }
        self._timeout_s = timeout_s
        self._wait_for_ready = wait_for_ready
        self._max_message_bytes = max_message_bytes
        self._channels: dict[tuple[Service, bool], C] = {}
        self._closed = False
        self._lock = threading.Lock()  # Threads may share a client.

    def target(self, service: Service, timeout_s: float | None) -> Target:
        """Returns where a call to a service goes and how long it may take."""
        timeout_s = self._timeout_s if timeout_s is None else timeout_s
        return Target(
            service, self._addresses[service], timeout_s, wait_for_ready=self._wait_for_ready
        )

    def open(self, call: Call, timeout_s: float | None) -> tuple[C, Target]:
        """Returns the channel for a call, and what `target` returns.

        Raises:
            ClientClosedError: It is too late.
        """
        target = self.target(call.service, timeout_s)
        return self.channel(call), target

    def channel(self, call: Call) -> C:
        """Returns the channel for a call.

        Raises:
            ClientClosedError: It is too late.
        """
        key = call.service, call.needs_ready
        with self._lock:
            if self._closed:
                raise ClientClosedError("the client is closed: make a new one")
            if key not in self._channels:
                options = channel_options(
                    call.service,
                    by_health=call.needs_ready,
                    max_message_bytes=self._max_message_bytes,
                )
                self._channels[key] = self._connect(self._addresses[call.service], options)
            return self._channels[key]

    def close(self) -> list[C]:
        """Gives the channels out for the last time, for the client to close."""
        with self._lock:
            self._closed = True
            channels = list(self._channels.values())
            self._channels.clear()
        return channels
