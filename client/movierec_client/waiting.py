"""Waiting until every recommender serves a version: what to make of each look.

The clients look and pause, blocking or not; all else is here.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from movierec_client.errors import (
    CallError,
    DeadlineExceededError,
    NotServingError,
    UnavailableError,
)
from movierec_client.results import Fleet, Replica, Version
from movierec_client.services import Target
from movierec_client.states import VersionState

POLL_INTERVAL_S = 0.5
"""Seconds between two looks."""

LEAST_LOOK_S = 0.1
"""What a look may take at least, however little time is left."""

MOST_NAMED = 5
"""Replicas that a sentence names one by one."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a recommender says at one time."""

    fleet: Fleet
    versions: Sequence[Version]
    """The newest, newest first."""


class Waiting:
    """Waits for all recommenders that are alive to serve a version, or a later one.

    A version that is pinned is waited for as such: a later one does not do then.

    Args:
        version: The version.
        target: Who is asked, and for how long at most; counted from now.
    """

    def __init__(self, version: int, target: Target) -> None:
        self._version = version
        self._target = target
        self._deadline = time.monotonic() + target.timeout_s

    def look_timeout_s(self, at_most: float) -> float:
        """How long the next look may take, given how long any may."""
        return min(max(self._left_s(), LEAST_LOOK_S), at_most)

    def judge(self, answer: Look | CallError) -> Fleet | None:
        """Takes a look, or the error that came of it.

        Returns:
            The recommenders, when all of them serve the version; None to look
            again after `POLL_INTERVAL_S`.

        Raises:
            NotServingError: The version was REJECTED, or another one is pinned.
            DeadlineExceededError: There is no time for another look.
            UnavailableError: The same, and the recommender did not answer.
            CallError: It answered with an error that waiting does not mend.
        """
        if isinstance(answer, Look):
            if not self._behind(answer.fleet) and answer.fleet.replicas:
                return answer.fleet
            self._check_hope(answer)
        elif not isinstance(answer, UnavailableError | DeadlineExceededError):
            raise answer
        if self._left_s() < POLL_INTERVAL_S:
            raise answer if isinstance(answer, UnavailableError) else self._too_late(answer)
        return None

    def _left_s(self) -> float:
        return self._deadline - time.monotonic()

    def _behind(self, fleet: Fleet) -> list[Replica]:
        """Those that do not serve it yet."""
        if fleet.activation.pinned == self._version:
            return [one for one in fleet.replicas if one.serving_version != self._version]
        return [one for one in fleet.replicas if (one.serving_version or 0) < self._version]

    def _check_hope(self, look: Look) -> None:
        """Raises if waiting longer is of no use."""
        pinned = look.fleet.activation.pinned
        if pinned not in {None, self._version}:
            raise NotServingError(
                f"version {self._version} does not serve: version {pinned} is pinned; "
                f"`movierec activate latest` goes back to the latest",
                reason="PINNED",
                version=self._version,
            )
        for version in look.versions:
            if version.version == self._version and version.state is VersionState.REJECTED:
                if version.reason == "GATE" and pinned:
                    return  # the gate does not hold back what is pinned
                raise NotServingError(
                    f"version {self._version} does not serve: it is REJECTED, "
                    f"{version.reason}: {version.message}",
                    reason=version.reason,
                    version=self._version,
                )

    def _too_late(self, answer: Look | CallError) -> DeadlineExceededError:
        within = f"within {self._target.timeout_s:g} s"
        if isinstance(answer, Look):
            sentence = f"version {self._version} did not serve everywhere {within}: "
            sentence += self._where(answer.fleet)
        else:
            sentence = (
                f"the {self._target.service.name} at {self._target.address} did not say {within} "
                f"whether version {self._version} serves"
            )
        return DeadlineExceededError(sentence, code="DEADLINE_EXCEEDED")

    def _where(self, fleet: Fleet) -> str:
        behind, count = self._behind(fleet), len(fleet.replicas)
        named = "; ".join(
            f"{one.replica_id} serves {one.serving_version or 'nothing'}"
            for one in behind[:MOST_NAMED]
        )
        more = f" and {len(behind) - MOST_NAMED} more" if len(behind) > MOST_NAMED else ""
        return (
            f"{count - len(behind)} of {count} replicas serve it; {named or 'none is alive'}{more}"
        )
