"""Where a version stands with this recommender, as others are told."""

from dataclasses import dataclass
from enum import StrEnum


class VersionState(StrEnum):
    """Where a version stands with this recommender."""

    LOADING = "LOADING"
    AVAILABLE = "AVAILABLE"
    SERVING = "SERVING"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True)
class VersionStatus:
    """What is known of a version.

    Args:
        number: Its number.
        state: Where it stands.
        manifest: The bytes of its manifest, if that could be read.
        reason: Why it is rejected, UPPER_SNAKE.
        message: The same as a sentence; of one that is LOADING, why that takes its time.
        labels: Its labels, in alphabetical order.
        is_pinned: Whether it is said to serve.
        is_loaded: Whether requests may ask for it.
    """

    number: int
    state: VersionState
    manifest: bytes = b""
    reason: str = ""
    message: str = ""
    labels: tuple[str, ...] = ()
    is_pinned: bool = False
    is_loaded: bool = False
