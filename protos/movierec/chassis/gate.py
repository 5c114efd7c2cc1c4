"""Where calls come in, and are turned away once the server is about to stop.

A server of gRPC's that stops ends what reaches it meanwhile with CANCELLED, as if the caller
had wished it (https://github.com/grpc/grpc/issues/41785), and a client that is to ask again after
UNAVAILABLE alone does not. So those who ask are told to wait before the server stops.
"""

import asyncio
import time

from movierec.chassis.errors import ServiceError
from movierec.chassis.observing import Context

QUIET_S = 0.05
"""How long no call must have come for it to be taken that all who ask have been told to wait."""

TURNING_AWAY_S = 0.5
"""How long calls are turned away at most, if there are always new ones."""

AWAY_S = 1.0
"""How long who is turned away is told to wait; by then his client has heard of the stop."""

PUSHBACK_KEY = "grpc-retry-pushback-ms"
"""Metadata that tells gRPC's clients when to try again (gRFC A6)."""


class StoppingError(ServiceError):
    """The service is about to stop, and has not looked at the request."""

    reason = "STOPPING"

    def __init__(self) -> None:
        super().__init__(
            "it is about to stop, and has done nothing of what was asked: ask again",
            retry_after_s=AWAY_S,
        )


class Gate:
    """Open until it is shut, and then shut for good."""

    def __init__(self) -> None:
        self._is_shut = False
        self._came_at = 0.0

    async def shut(self) -> None:
        """Turns all away who come from now on; returns when nobody comes any more."""
        self._is_shut = True
        latest = time.monotonic() + TURNING_AWAY_S
        while (left_s := min(self._came_at + QUIET_S, latest) - time.monotonic()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(left_s)

    def enter(self, context: Context) -> None:
        """Lets a call in.

        Raises:
            StoppingError: It has come too late.
        """
        self._came_at = time.monotonic()
        if self._is_shut:
            later = (PUSHBACK_KEY, f"{AWAY_S * 1e3:.0f}")
            context.set_trailing_metadata((*context.trailing_metadata(), later))
            raise StoppingError
