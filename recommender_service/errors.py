"""What can go wrong in the recommender for reasons that the caller can act on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from movierec.chassis.errors import InvalidRequestError, Resource, ServiceError, Violation
from movierec.chassis.legal import shown

MOST_NAMED = 20
"""Seeds that are named one by one, and for which titles are suggested."""


class AmbiguousTitleError(InvalidRequestError):
    """Several movies have that title."""

    reason: ClassVar[str] = "AMBIGUOUS_TITLE"

    def __init__(self, field: str, text: str, choices: Sequence[str]) -> None:
        sentence = f"{shown(text)} could be {' or '.join(choices)}: give the year too, or the id"
        super().__init__(Violation(field, sentence))


@dataclass(frozen=True, slots=True)
class UnknownSeed:
    """A seed that is no movie of the version.

    Args:
        position: Among the request's seeds, counted from 0.
        text: The id or title, as given.
        nearest_titles: What may have been meant.
    """

    position: int
    text: str
    nearest_titles: tuple[str, ...]

    def __str__(self) -> str:
        hint = f" (did you mean {' or '.join(self.nearest_titles)}?)" if self.nearest_titles else ""
        return f"{shown(self.text)}{hint}"


class UnknownSeedsError(ServiceError):
    """Seeds are no movies of the version."""

    reason: ClassVar[str] = "UNKNOWN_SEEDS"

    def __init__(self, unknown: Sequence[UnknownSeed], version: int) -> None:
        named = ", ".join(str(seed) for seed in unknown[:MOST_NAMED])
        more = f" and {len(unknown) - MOST_NAMED} more" if len(unknown) > MOST_NAMED else ""
        super().__init__(
            f"no movie of version {version}: {named}{more}; search for titles, or skip "
            f"unknown seeds",
            resources=[
                Resource("movierec.v1.Movie", seed.text[:200], f"seeds[{seed.position}]")
                for seed in unknown[:MOST_NAMED]
            ],
            metadata={"unknown_seed_count": str(len(unknown)), "model_version": str(version)},
        )


class NoVersionError(ServiceError):
    """Nothing is loaded yet."""

    reason: ClassVar[str] = "NO_VERSION"

    def __init__(self) -> None:
        super().__init__(
            "no version is loaded yet: train one, or wait until the one that is being "
            "trained is published",
            retry_after_s=1.0,
        )


class BadVersionError(Exception):
    """A version on the volume that must not be served.

    Args:
        reason: CHECKSUM, FORMAT, VALUES, MISSING or UNREADABLE.
        message: A sentence for people.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
