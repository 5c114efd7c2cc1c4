"""What came of loading a version, for whoever counts."""

from dataclasses import dataclass
from enum import StrEnum


class LoadOutcome(StrEnum):
    """What came of it."""

    LOADED = "LOADED"
    REJECTED = "REJECTED"
    FAILED = "FAILED"
    """It cannot be read just now, and is tried again."""


@dataclass(frozen=True, slots=True)
class Load:
    """A version was loaded, or could not be.

    Args:
        outcome: What came of it.
        seconds: What it took, the wait for the volume included.
    """

    outcome: LoadOutcome
    seconds: float


def nobody_counts(load: Load) -> None:
    """Leaves it at that."""
