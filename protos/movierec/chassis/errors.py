"""Errors whose sentence is meant for the caller; free of any transport.

A service derives its own from `ServiceError`, one class a kind, and maps each
class to a status in one table (see `movierec.chassis.boundary`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Violation:
    """A field of the request that is not legal, and what would be."""

    field: str
    description: str

    def __str__(self) -> str:
        return f"{self.field}: {self.description}"


@dataclass(frozen=True, slots=True)
class Resource:
    """Something that was asked for and is not there."""

    kind: str
    name: str
    description: str = ""


class ServiceError(Exception):
    """An error that the caller can act on.

    Args:
        message: A sentence that names the bad value, the legal ones and what
            to do.
        violations: The fields at fault, if the request is.
        resources: What was not found, if something was not.
        metadata: More facts for programs, e.g. the id of the other run.
        retry_after_s: After how many seconds asking again makes sense.
    """

    reason: ClassVar[str] = "UNSPECIFIED"
    """UPPER_SNAKE; what programs tell errors apart by."""

    def __init__(
        self,
        message: str,
        *,
        violations: Sequence[Violation] = (),
        resources: Sequence[Resource] = (),
        metadata: Mapping[str, str] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.violations = tuple(violations)
        self.resources = tuple(resources)
        self.metadata = dict(metadata or {})
        self.retry_after_s = retry_after_s


class RequestTooLargeError(ServiceError):
    """The request has more bytes than are decoded.

    Args:
        size_bytes: That it has.
        most_bytes: That are decoded.
    """

    reason: ClassVar[str] = "REQUEST_TOO_LARGE"

    def __init__(self, size_bytes: int, most_bytes: int) -> None:
        super().__init__(
            f"the request has {size_bytes:,} bytes, of which at most {most_bytes:,} are read: ask "
            f"for less at a time, or name movies by their ids"
        )


class InvalidRequestError(ServiceError):
    """The request itself is not legal.

    Args:
        *violations: The fields at fault; the message is made of them.
    """

    reason: ClassVar[str] = "INVALID_REQUEST"

    def __init__(self, *violations: Violation) -> None:
        super().__init__("; ".join(map(str, violations)), violations=violations)
