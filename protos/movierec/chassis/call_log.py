"""One line in the log for each call."""

import logging
from functools import lru_cache, partial
from typing import Self
from urllib.parse import unquote

from movierec.chassis.call import Call
from movierec.chassis.logs import LineHandler, timestamp

NAME = "movierec.calls"


class CallLog:
    """Writes what became of calls: at INFO, and at DEBUG of those that every gRPC server has.

    It costs a call little: a line is made once the call is over, in the thread
    that writes it, and without what a record of `logging` takes.

    Args:
        handler: What writes the lines.
    """

    def __init__(self, handler: LineHandler) -> None:
        self._handler = handler
        self._line = _as_json if handler.is_json else self._as_usual
        self._is_on_for_all = logging.getLogger(NAME).isEnabledFor(logging.DEBUG)

    @classmethod
    def installed(cls) -> Self | None:
        """That of this process, if what it logs is printed, and calls are to be among it."""
        handler = LineHandler.installed()
        is_on = logging.getLogger(NAME).isEnabledFor(logging.INFO)
        return cls(handler) if handler and is_on else None

    def ended(self, call: Call) -> None:
        """Writes a line of a call that has ended."""
        if call.method.is_ours or self._is_on_for_all:
            self._handler.put(partial(self._line, call))

    def _as_usual(self, call: Call) -> str:
        fields = {
            "timestamp": timestamp(call.ended_at),
            "level": "info" if call.method.is_ours else "debug",
            "event": "call",
            "method": call.method.name,
            "code": call.code.name if call.code else "",
            "duration_ms": round(call.duration_s * 1000, 3),
            "messages": call.sent,
            "version": call.version,
            "reason": call.reason or None,
            "request_id": call.request_id,
            "peer": _host(call.peer),
            "trace_id": call.trace_id or None,
        }
        known = {key: value for key, value in fields.items() if value is not None}
        return self._handler.rendered(known)


def _as_json(call: Call) -> str:
    """The line that the usual way makes, in a fifth of the time; no part of it needs escaping."""
    seconds, rest = divmod(call.ended_at, 1)
    level = "info" if call.method.is_ours else "debug"
    version = "" if call.version is None else f', "version": {call.version}'
    reason = f', "reason": "{call.reason}"' if call.reason else ""
    trace_id = f', "trace_id": "{call.trace_id}"' if call.trace_id else ""
    return (
        f'{{"timestamp": "{_second(seconds)}.{int(rest * 1000):03d}Z", "level": "{level}", '
        f'"logger": "{NAME}", "event": "call", "method": "{call.method.name}", '
        f'"code": "{call.code.name if call.code else ""}", '
        f'"duration_ms": {call.duration_s * 1000:.3f}, "messages": {call.sent}{version}{reason}, '
        f'"request_id": "{call.request_id}", "peer": "{_host(call.peer)}"{trace_id}}}\n'
    )


@lru_cache(maxsize=4)
def _second(seconds: float) -> str:
    return timestamp(seconds)[:19]


@lru_cache(maxsize=1024)
def _host(peer: str) -> str:
    """Of a peer as gRPC names it, such as "ipv4:127.0.0.1:50051": its port says nothing."""
    kind, _, address = unquote(peer).partition(":")
    host = address.rpartition(":")[0].strip("[]") if kind in {"ipv4", "ipv6"} else kind
    return "".join(char for char in host if char.isalnum() or char in ".:%-_")
