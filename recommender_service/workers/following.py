"""The versions of a worker that follows the first one."""

from collections.abc import Sequence

from recommender_service.artifact.standing import Standing
from recommender_service.query.version import Version


class FollowedVersions:
    """The versions in memory that is shared, and which of them is to answer."""

    def __init__(self) -> None:
        self._standing = Standing()
        self._versions: dict[int, Version] = {}
        self._serving: Version | None = None

    @property
    def serving(self) -> Version | None:
        """The version that serves, if one does."""
        return self._serving

    def take(self, asked: int | str | None) -> Version:
        """The version that is to answer a call, which takes it once and keeps it.

        Args:
            asked: A version's number, or a label; None takes what serves.

        Raises:
            NoVersionError: Nothing serves.
            VersionNotLoadedError: Another version serves, and this one is not loaded.
        """
        if asked is None and self._serving is not None:
            return self._serving
        return self._versions[self._standing.choose(asked)]

    def bring(self, version: Version) -> None:
        """Holds a version ready, for the standing in which it is loaded."""
        self._versions[version.number] = version

    def follow(self, standing: Standing, coming: Sequence[int]) -> None:
        """Answers accordingly from now on, and releases what is not needed.

        Args:
            standing: Of versions that were all brought.
            coming: Versions to be kept besides.
        """
        kept = {*standing.loaded, *coming}
        self._versions = {
            number: version for number, version in self._versions.items() if number in kept
        }
        self._standing = standing
        self._serving = None if standing.serving is None else self._versions[standing.serving]
