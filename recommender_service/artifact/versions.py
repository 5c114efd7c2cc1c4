"""Which version serves, and which others may be asked for."""

import logging
from collections.abc import Awaitable, Callable

from movierec.control.activation import Activation
from recommender_service.artifact.followed import FollowedActivation
from recommender_service.artifact.shelf import Shelf
from recommender_service.artifact.standing import Standing
from recommender_service.artifact.states import VersionState, VersionStatus
from recommender_service.artifact.survey import Finding, Survey
from recommender_service.query.version import Version

GATE = "GATE"
"""The reason of a version that only the quality gate rejected."""

log = logging.getLogger(__name__)


class Versions:
    """Brings together what is to serve, what there is, and what is in memory.

    Args:
        followed: What is to serve.
        survey: What there is.
        shelf: What is in memory.
        on_change: Awaited whenever another version serves, others are loaded or on
            the volume, or something else is to serve.
    """

    def __init__(
        self,
        followed: FollowedActivation,
        survey: Survey,
        shelf: Shelf,
        on_change: Callable[[], Awaitable[None]],
    ) -> None:
        self._followed = followed
        self._survey = survey
        self._shelf = shelf
        self._on_change = on_change
        self._told: object = None

    @property
    def activation(self) -> Activation:
        """What is to serve, as far as is known."""
        return self._followed.now or Activation()

    @property
    def serving(self) -> Version | None:
        """The version that serves, if one does."""
        return self._shelf.serving

    @property
    def serving_number(self) -> int | None:
        """The number of the version that serves, if one does."""
        return self._shelf.serving.number if self._shelf.serving else None

    @property
    def loaded_numbers(self) -> list[int]:
        """The versions that may be asked for, ascending."""
        return self._shelf.numbers

    def standing(self) -> Standing:
        """Where the versions stand now."""
        return Standing(
            serving=self.serving_number,
            loaded=tuple(self._shelf.numbers),
            labels=self.activation.labels,
            there=tuple(self._survey.there),
            why_none="" if self._shelf.serving else self._why_none_serves(),
        )

    def take(self, asked: int | str | None) -> Version:
        """The version that is to answer a call, which takes it once and keeps it.

        Args:
            asked: A version's number, or a label; None takes what serves.

        Raises:
            NoVersionError: Nothing serves.
            VersionNotLoadedError: Another version serves, and this one is not loaded.
        """
        if asked is None and self._shelf.serving is not None:
            return self._shelf.serving
        version = self._shelf.get(self.standing().choose(asked))
        assert version is not None  # noqa: S101  # those that it chooses from are there
        return version

    def get(self, number: int) -> Version | None:
        """A version, if it is loaded."""
        return self._shelf.get(number)

    def wanted(self) -> list[int]:
        """Which version is to serve: the first of these that can."""
        if self._followed.now is None:
            return []
        if self._followed.now.pinned is not None:
            return [self._followed.now.pinned]
        return self.latest()

    def latest(self) -> list[int]:
        """Which version is the latest: the first of these that can serve."""
        latest = self._survey.latest()
        serving = self.serving_number
        if serving is None or serving in latest or not self._survey.may_be_latest(serving):
            return latest
        # The volume may have lost it; that is no reason to go back to an older one.
        return sorted([*latest, serving], reverse=True)

    def to_load(self) -> int | None:
        """The version that is to be loaded next, if one is."""
        for number in self.wanted():
            if self._shelf.get(number):
                break
            if self._survey.is_to_load(number):
                return number
        labelled = sorted(set(self.activation.labels.values()), reverse=True)
        missing = (number for number in labelled if not self._shelf.get(number))
        return next(filter(self._survey.is_to_load, missing), None)

    async def put(self, version: Version) -> None:
        """Keeps a version that was loaded, and has it serve if it is to."""
        self._shelf.put(version)
        await self.settle()

    async def settle(self) -> None:
        """Has the wanted one of the loaded versions serve, and releases what is not needed."""
        chosen = None
        for number in self.wanted():
            chosen = self._shelf.get(number)
            if chosen or self._survey.is_to_load(number):
                break
        await self.change_to(chosen)

    async def change_to(self, version: Version | None) -> None:
        """Has a version serve, or leaves what serves; releases what is not needed."""
        if version and version is not self._shelf.serving:
            self._shelf.serve(version)
            log.info("version %d serves, with %d movies", version.number, len(version.catalogue))
        self._shelf.trim(self.activation.labels.values())
        now = (self.standing(), self._followed.now)
        if now != self._told:
            self._told = now
            await self._on_change()

    def statuses(self) -> list[VersionStatus]:
        """Every version that is on the volume or loaded, newest first."""
        numbers = sorted({*self._survey.numbers, *self._shelf.numbers}, reverse=True)
        return [self._status(number) for number in numbers]

    def _status(self, number: int) -> VersionStatus:
        finding = self._survey.of(number) or Finding()
        version = self._shelf.get(number)
        reason, message = finding.reason, finding.message
        if not reason and finding.held_back:
            reason, message = GATE, finding.held_back
        if number == self.serving_number:
            state, reason, message = VersionState.SERVING, "", ""
        elif self._survey.is_loading(number):
            state, reason, message = VersionState.LOADING, "", ""
        elif unread := self._survey.unread(number):
            state, message = VersionState.LOADING, unread
        else:
            state = VersionState.REJECTED if reason else VersionState.AVAILABLE
            message = message or self._survey.unloaded(number)
        manifest = finding.manifest.content if finding.manifest else b""
        return VersionStatus(
            number=number,
            state=state,
            manifest=version.manifest if version else manifest,
            reason=reason,
            message=message,
            labels=tuple(self.activation.labels_of(number)),
            is_pinned=number == self.activation.pinned,
            is_loaded=version is not None,
        )

    def why_pinned_waits(self) -> str:
        """Why the pinned version does not serve, as a sentence; empty if it does or soon will."""
        pinned = self.activation.pinned
        is_coming = pinned is not None and (
            self._survey.is_loading(pinned) or self._survey.is_to_load(pinned)
        )
        if pinned == self.serving_number or is_coming or self._survey.look_time is None:
            return ""
        return self._why_none_serves()

    def _why_none_serves(self) -> str:
        if self._followed.now is None:
            return self._followed.problem
        pinned = self._followed.now.pinned
        if pinned is None:
            return ""
        finding = self._survey.of(pinned)
        if finding and finding.reason:
            cause = f"is REJECTED: {finding.reason}: {finding.message}"
        elif unloaded := self._survey.unloaded(pinned):
            cause = f"does not serve: {unloaded}"
        elif finding or self._survey.unread(pinned):
            cause = "is not loaded yet, or cannot be read just now"
        else:
            there = ", ".join(map(str, self._survey.there[:10])) or "none"
            cause = f"is not on the volume, where there is {there}"
        return (
            f"version {pinned} is pinned and {cause}; mend it and activate it again, or activate "
            f"another version, or the latest"
        )
