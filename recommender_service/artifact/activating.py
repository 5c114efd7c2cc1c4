"""Changes what is to serve, on every replica."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from movierec.chassis.errors import InvalidRequestError, Violation
from movierec.chassis.legal import shown
from movierec.control.activation import LABEL, RESERVED_LABELS, Activation
from recommender_service.artifact.followed import FollowedActivation
from recommender_service.artifact.questions import SilentVolumeError
from recommender_service.artifact.survey import Survey
from recommender_service.artifact.versions import Versions
from recommender_service.artifact.volume import VersionGoneError
from recommender_service.errors import (
    BadVersionError,
    ControlNotWritableError,
    LabelNotFoundError,
    VersionNotFoundError,
    VersionRejectedError,
    VolumeSilentError,
)
from recommender_service.query.version import Version

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be different.

    Args:
        version: The version that is to be pinned, or to get the label; without
            one the latest is to serve, or the label is to go.
        label: The label that is to be put on it or to go, if it is about one.

    Raises:
        InvalidRequestError: The label is none.
    """

    version: int | None = None
    label: str | None = None

    def __post_init__(self) -> None:
        if self.label is not None and not LABEL.fullmatch(self.label):
            sentence = (
                f"{shown(self.label)} is not legal; legal are 1 to 64 letters, digits, '.', '_' "
                f"or '-', the first of them a letter"
            )
            raise InvalidRequestError(Violation("label", sentence))
        if self.version is not None and self.label in RESERVED_LABELS:
            sentence = (
                f"{shown(self.label)} is not legal, since commands mean something else by it; "
                f"give another name"
            )
            raise InvalidRequestError(Violation("label", sentence))

    def of(self, activation: Activation) -> Activation:
        """What is to serve after this change.

        Raises:
            LabelNotFoundError: The label that is to go is not there.
        """
        if self.label is None:
            return activation.to_pin(self.version)
        if self.version is None and self.label not in activation.labels:
            raise LabelNotFoundError(self.label, activation.labels)
        return activation.to_label(self.label, self.version)

    def taken_back(self, before: Activation, now: Activation) -> Activation:
        """What is to serve after this change is taken back.

        Args:
            before: What was to serve before this change.
            now: What is to serve now; where somebody has changed the same since, it stays.
        """
        if self.label is None:
            return now.to_pin(before.pinned) if now.pinned == self.version else now
        if now.labels.get(self.label) != self.version:
            return now
        return now.to_label(self.label, before.labels.get(self.label))


@dataclass(frozen=True, slots=True)
class Changed:
    """What has become of a change.

    Args:
        activation: What is to serve from now on.
        serving_number: The version that serves here, if one does.
    """

    activation: Activation
    serving_number: int | None


class Activator:
    """Makes changes one after the other: loads the version, says so, and has it serve.

    Args:
        followed: Where it is said.
        survey: Where versions come from.
        versions: What serves.
        follow: Has others of this replica serve the same; awaited after each change.
    """

    def __init__(
        self,
        followed: FollowedActivation,
        survey: Survey,
        versions: Versions,
        follow: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._followed = followed
        self._survey = survey
        self._versions = versions
        self._follow = follow
        self._one_at_a_time = asyncio.Lock()

    async def activate(self, change: Change) -> Changed:
        """Makes a change; when it returns, this replica serves accordingly.

        Raises:
            VersionNotFoundError: There is no such version, or it went meanwhile.
            LabelNotFoundError: The label that is to go is not there.
            VersionRejectedError: The version must not be served.
            ControlNotWritableError: It cannot be said what is to serve.
            VolumeSilentError: The volume does not answer.
        """
        async with self._one_at_a_time:
            version = await self._version_of(change)
            before: list[Activation] = []

            def of(now: Activation) -> Activation:
                before[:] = [now]
                return change.of(now)

            served = self._versions.serving
            activation = await self._followed.change(of)
            if change.label is None:
                await self._versions.change_to(version)
            elif version:
                await self._versions.put(version)
            else:
                await self._versions.settle()
            if change.version is not None and not await self._is_there(change.version):
                await self._take_back(change, before[0], served)
                raise VersionNotFoundError(change.version, self._survey.there)
            if self._follow:
                await self._follow()
            return Changed(activation, self._versions.serving_number)

    async def _is_there(self, number: int) -> bool:
        # From now on the trainer keeps it, but it may have removed it just before.
        try:
            await self._find(number)
        except VersionGoneError:
            return False
        except OSError as error:
            log.warning("it is not known whether version %d is still there: %s", number, error)
        return True

    async def _find(self, number: int) -> None:
        try:
            await self._survey.find(number)
        except VersionGoneError:
            await self._survey.expect_folder()
            raise

    async def _take_back(self, change: Change, before: Activation, served: Version | None) -> None:
        try:
            now = await self._followed.change(lambda now: change.taken_back(before, now))
        except (ControlNotWritableError, VolumeSilentError) as error:
            raise ControlNotWritableError(
                f"version {change.version} was removed from the volume while it was activated, "
                f"and that cannot be taken back: {error}; activate another version, or the latest"
            ) from None
        if change.label is None and now.pinned == before.pinned:
            await self._versions.change_to(served)
        else:
            await self._versions.settle()

    async def _version_of(self, change: Change) -> Version | None:
        if change.version is None and change.label:
            return None
        try:
            if self._survey.is_silent:
                raise SilentVolumeError("it has not answered for some time")
            if change.version is None:
                return await self._latest()
            return await self._loaded(change.version)
        except MemoryError:
            which = "the latest version" if change.version is None else f"version {change.version}"
            raise VolumeSilentError(
                f"there is not enough memory for {which}; nothing was changed: give the "
                f"recommender more, or try again when it has released other versions"
            ) from None
        except OSError as error:
            raise VolumeSilentError(
                f"the volume does not answer as it should ({error}); nothing was changed: try again"
            ) from None

    async def _loaded(self, number: int) -> Version:
        try:
            if (version := self._versions.get(number)) is not None:
                # It is good; but what is gone would not be there after a restart.
                await self._survey.find(number)
                return version
            await self._survey.read(number)
            return await self._survey.load(number)
        except VersionGoneError:
            await self._survey.expect_folder()
            raise VersionNotFoundError(number, self._survey.there) from None
        except BadVersionError as error:
            raise VersionRejectedError(number, error) from None

    async def _latest(self) -> Version | None:
        await self._survey.look(self._versions.loaded_numbers)
        for number in self._versions.latest():
            if (version := self._versions.get(number)) is not None:
                return version
            try:
                return await self._survey.load(number)
            except (BadVersionError, VersionGoneError):
                continue
        return None
