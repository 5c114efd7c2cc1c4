"""What can go wrong in the recommender for reasons that the caller can act on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from movierec.chassis.errors import InvalidRequestError, Resource, ServiceError, Violation
from movierec.chassis.legal import shown

MOST_NAMED = 20
"""Seeds that are named one by one, and for which titles are suggested."""


class AmbiguousTitleError(InvalidRequestError):
    """Several movies have that title.

    Args:
        field: Of the request.
        text: The title, as given.
        choices: Movies that have it.
        more: How many others have it too.
    """

    reason: ClassVar[str] = "AMBIGUOUS_TITLE"

    def __init__(self, field: str, text: str, choices: Sequence[str], more: int = 0) -> None:
        # So that the sentence fits into a status, however long the titles are.
        named = " or ".join(
            choice if len(choice) <= 100 else f"{choice[:99]}…" for choice in choices
        )
        others = f" or one of {more:,} more" if more else ""
        sentence = f"{shown(text)} could be {named}{others}: give the year too, or the id"
        super().__init__(Violation(field, sentence))


@dataclass(frozen=True, slots=True)
class UnknownMovie:
    """Something that a query names and is no movie of the version.

    Args:
        position: Among the query's seeds or exclusions, counted from 0.
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

    def __init__(self, unknown: Sequence[UnknownMovie], version: int) -> None:
        named = ", ".join(str(seed) for seed in unknown[:MOST_NAMED])
        more = f" and {len(unknown) - MOST_NAMED} more" if len(unknown) > MOST_NAMED else ""
        super().__init__(
            f"no movie of version {version}: {named}{more}; search for titles, or skip "
            f"unknown seeds",
            resources=[
                Resource("movierec.v1.Movie", seed.text[:200], f"seeds[{seed.position}]")
                for seed in unknown[:MOST_NAMED]
            ],
            metadata={
                "unknown_seed_count": str(len(unknown)),
                # All of them, however many: a status holds a few thousand bytes.
                "unknown_seeds": _ranges([seed.position for seed in unknown]),
                "model_version": str(version),
            },
        )


def _ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers in few letters, e.g. "0-2,5"."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][-1] + 1:
            ranges[-1][1:] = [number]
        else:
            ranges.append([number])
    return ",".join("-".join(map(str, it)) for it in ranges)


class NoVersionError(ServiceError):
    """Nothing serves.

    Args:
        why: A sentence, if there is more to say than that nothing was published.
    """

    reason: ClassVar[str] = "NO_VERSION"

    def __init__(self, why: str = "") -> None:
        usual = "train one, or wait until the one that is being trained is published"
        super().__init__(f"no version is loaded yet: {why or usual}", retry_after_s=1.0)


class VersionNotLoadedError(ServiceError):
    """A request asks for a version that is not in memory.

    Args:
        asked: Its number, or the label that was given.
        loaded: The versions that are, with their labels and "serving".
        is_there: Whether it may be on the volume, so that it can be loaded.
    """

    reason: ClassVar[str] = "VERSION_NOT_LOADED"

    def __init__(
        self, asked: int | str, loaded: Mapping[int, Sequence[str]], *, is_there: bool = True
    ) -> None:
        what = f"label {shown(asked)}" if isinstance(asked, str) else f"version {asked}"
        there = ", ".join(
            f"{number} ({', '.join(roles)})" if roles else str(number)
            for number, roles in loaded.items()
        )
        where = "loaded here" if is_there else "on the volume"
        super().__init__(
            f"{what} is not {where}; loaded are {there}: ask for one of these, or have a "
            f"version loaded by putting a label on it with ActivateVersion",
            resources=[Resource("movierec.v1.Version", str(asked)[:200])],
        )


class VersionNotFoundError(ServiceError):
    """A version is not on the volume.

    Args:
        number: Its number.
        there: Those that are, newest first.
    """

    reason: ClassVar[str] = "VERSION_NOT_FOUND"

    def __init__(self, number: int, there: Sequence[int]) -> None:
        super().__init__(
            f"version {number} is not on the volume; there {listed(there)}",
            resources=[Resource("movierec.v1.Version", str(number))],
        )


class LabelNotFoundError(ServiceError):
    """A label is to go that is not there.

    Args:
        label: The label.
        there: The labels that are.
    """

    reason: ClassVar[str] = "LABEL_NOT_FOUND"

    def __init__(self, label: str, there: Iterable[str]) -> None:
        super().__init__(
            f"there is no label {shown(label)} to take away; there {listed(sorted(there))}",
            resources=[Resource("movierec.v1.Label", label)],
        )


class VersionRejectedError(ServiceError):
    """A version that is to serve is a bad one.

    Args:
        number: Its number.
        error: What is wrong with it.
    """

    reason: ClassVar[str] = "VERSION_REJECTED"

    def __init__(self, number: int, error: "BadVersionError") -> None:
        super().__init__(
            f"version {number} must not be served: {error.reason}: {error.message}; nothing was "
            f"changed: name another version, or mend this one and try again",
            metadata={"version": str(number), "version_reason": error.reason},
        )


class ControlNotWritableError(ServiceError):
    """It cannot be said what is to serve; the message is a sentence of its own."""

    reason: ClassVar[str] = "CONTROL_NOT_WRITABLE"


class VolumeSilentError(ServiceError):
    """The volume does not answer, or not as it should.

    Args:
        message: What was asked of it, and what is changed.
    """

    reason: ClassVar[str] = "VOLUME_SILENT"

    def __init__(self, message: str) -> None:
        super().__init__(message, retry_after_s=5.0)


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


def listed(there: Sequence[object]) -> str:
    """What there is, the first of it by name, as the rest of a sentence."""
    if not there:
        return "is none"
    more = f" and {len(there) - MOST_NAMED} more" if len(there) > MOST_NAMED else ""
    named = ", ".join(map(str, there[:MOST_NAMED]))
    return f"{'are' if len(there) > 1 else 'is'} {named}{more}"
