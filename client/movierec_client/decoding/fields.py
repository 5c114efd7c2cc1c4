"""What the fields of messages read as."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from movierec_client.states import (
    BadRowKind,
    RunPhase,
    RunState,
    ServingStatus,
    VersionState,
)

T = TypeVar("T")
W = TypeVar("W", RunState, RunPhase, BadRowKind, VersionState, ServingStatus)


def word(kind: type[W], wrapper: Any, prefix: str, number: int) -> W:
    """Returns the member for an enum's number; UNKNOWN for one from a newer server."""
    name = wrapper.Name(number).removeprefix(prefix) if number in wrapper.values() else ""
    return kind.__members__.get(name, kind.UNKNOWN)


def time(message: Any) -> datetime:
    """Returns a timestamp as a datetime in UTC."""
    aware: datetime = message.ToDatetime(tzinfo=UTC)
    return aware


def seconds(message: Any) -> float:
    """Returns a duration in seconds."""
    number: float = message.ToTimedelta().total_seconds()
    return number


def optional(message: Any, field: str, read: Callable[[Any], T] = lambda value: value) -> T | None:
    """Returns a field that need not be there, read; None if it is not."""
    return read(getattr(message, field)) if message.HasField(field) else None
