"""The words for the state that a run, a version or a service is in.

Each kind has an UNKNOWN: what a server newer than this client says with a word
that did not exist when the client was made.
"""

from enum import StrEnum


class RunState(StrEnum):
    """What has become of a run."""

    UNKNOWN = "UNKNOWN"
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    INTERRUPTED = "INTERRUPTED"
    """The service stopped; it takes the run up again at its next start."""
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class RunPhase(StrEnum):
    """What a running run is doing."""

    UNKNOWN = "UNKNOWN"
    READING = "READING"
    FITTING = "FITTING"
    EVALUATING = "EVALUATING"
    PUBLISHING = "PUBLISHING"


class BadRowKind(StrEnum):
    """Why a row of the data was not used."""

    UNKNOWN = "UNKNOWN"
    MISSING_FIELD = "MISSING_FIELD"
    BAD_ID = "BAD_ID"
    BAD_RATING = "BAD_RATING"
    DUPLICATE = "DUPLICATE"
    UNKNOWN_MOVIE = "UNKNOWN_MOVIE"


class VersionState(StrEnum):
    """What a recommender makes of a version."""

    UNKNOWN = "UNKNOWN"
    LOADING = "LOADING"
    AVAILABLE = "AVAILABLE"
    """Whole on the volume, and not the one that serves."""
    SERVING = "SERVING"
    REJECTED = "REJECTED"


class ServingStatus(StrEnum):
    """The answer to a health check."""

    UNKNOWN = "UNKNOWN"
    SERVING = "SERVING"
    NOT_SERVING = "NOT_SERVING"
    SERVICE_UNKNOWN = "SERVICE_UNKNOWN"
    UNREACHABLE = "UNREACHABLE"
    """This client's own word: there was no answer."""
