"""What can go wrong, so that nobody has to catch `grpc.RpcError`.

    MovierecError
    ├── ClientClosedError           the client was used after it was closed
    ├── RunFailedError              a run that was followed did not succeed
    ├── NotServingError             a version that was waited for will not serve
    ├── DownloadError               a data set could not be downloaded
    └── CallError                   a call failed
        ├── InvalidArgumentError    the request is at fault: see `violations`
        ├── NotFoundError           see `resources`, and `unknown_seeds`
        ├── FailedPreconditionError the data or the service cannot do it as it is
        ├── AbortedError            something else was in the way
        │   └── RunInProgressError  another run is going on: see `run_id`
        ├── DataLossError           a version is damaged: see `version_reason`
        ├── ResourceExhaustedError  too much at once: see `retry_after_s`
        ├── UnavailableError        unreachable, or not ready yet: try again
        ├── DeadlineExceededError   no answer within `timeout_s`
        ├── CallCancelledError      the call was ended from one of its ends
        └── ServerError             everything else is the server's fault

The error of gRPC that caused one of these is its `__cause__`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from movierec_client.states import RunState

_RANGES = re.compile(r"\b([0-9]{1,4})(?:-([0-9]{1,4}))?\b")


@dataclass(frozen=True, slots=True)
class Resource:
    """Something that was asked for and is not there."""

    kind: str
    name: str
    description: str = ""


class MovierecError(Exception):
    """The root of all errors of this package.

    Args:
        message: A sentence for people.
        code: The gRPC status, e.g. "NOT_FOUND"; empty if no call was at fault.
        reason: What programs tell errors apart by, e.g. "RUN_NOT_FOUND"; empty
            if the server did not say.
        metadata: More facts, e.g. the id of the other run.
        violations: The fields of the request at fault, each with what is wrong.
        resources: What was not found.
        retry_after_s: After how many seconds asking again makes sense.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        violations: Mapping[str, str] | None = None,
        resources: Sequence[Resource] = (),
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.reason = reason
        self.metadata = dict(metadata or {})
        self.violations = dict(violations or {})
        self.resources = tuple(resources)
        self.retry_after_s = retry_after_s


class ClientClosedError(MovierecError):
    """The client was used after it was closed."""


class RunFailedError(MovierecError):
    """A run that was followed to its end did not succeed.

    Args:
        message: A sentence for people.
        reason: The run's own, e.g. "WORKER_KILLED"; empty unless it FAILED.
        run_id: The run.
        state: How it ended, e.g. FAILED.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: str = "",
        run_id: str = "",
        state: RunState = RunState.UNKNOWN,
    ) -> None:
        super().__init__(message, reason=reason)
        self.run_id = run_id
        self.state = state


class NotServingError(MovierecError):
    """A version that was waited for is not going to serve as things stand.

    Args:
        message: A sentence for people.
        reason: "PINNED" when another version is; else why it was REJECTED,
            e.g. "GATE" or "CHECKSUM".
        version: The version.
    """

    def __init__(self, message: str, *, reason: str = "", version: int = 0) -> None:
        super().__init__(message, reason=reason)
        self.version = version


class DownloadError(MovierecError):
    """A data set could not be downloaded, or what arrived is not what it should be."""


class CallError(MovierecError):
    """A call failed."""


class InvalidArgumentError(CallError):
    """The request is at fault; `violations` says which of its fields."""


class NotFoundError(CallError):
    """What was asked for is not there; `resources` names it, or the first of very many."""

    @property
    def unknown_seeds(self) -> tuple[int, ...]:
        """The positions, from 0, of all seeds of a query that are no movies."""
        ranges = _RANGES.findall(self.metadata.get("unknown_seeds", ""))
        return tuple(i for one, last in ranges for i in range(int(one), int(last or one) + 1))


class FailedPreconditionError(CallError):
    """The data or the service cannot do it as it is now."""


class AbortedError(CallError):
    """Something else was in the way."""


class RunInProgressError(AbortedError):
    """Another run is going on, and only one can at a time."""

    @property
    def run_id(self) -> str:
        """The run that is going on."""
        return self.metadata.get("run_id", "")


class DataLossError(CallError):
    """What is stored is damaged, and is not used."""

    @property
    def version_reason(self) -> str:
        """Why a version is REJECTED, e.g. "CHECKSUM"; empty if it was no version."""
        return self.metadata.get("version_reason", "")


class ResourceExhaustedError(CallError):
    """Too much at once, or too big a message."""


class UnavailableError(CallError):
    """The server cannot be reached or is not ready yet; asking again may help."""


class DeadlineExceededError(CallError):
    """There was no full answer within the time allowed."""


class CallCancelledError(CallError):
    """The call was ended from one of its ends before it was answered."""


class ServerError(CallError):
    """The server is at fault, or is no server of ours."""
