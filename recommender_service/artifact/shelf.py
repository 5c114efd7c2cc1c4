"""The versions in memory."""

from collections.abc import Collection

from recommender_service.query.version import Version


class Shelf:
    """The versions in memory: the one that serves, and others that may be asked for.

    A call takes a version once and keeps it to its end; what is taken from the
    shelf is released when its last call ends.

    Args:
        capacity: How many are kept, unless more have to be.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._versions: dict[int, Version] = {}
        self._served: list[int] = []  # the last one to serve is the last
        self._serving: Version | None = None

    @property
    def serving(self) -> Version | None:
        """The version that serves, if one does."""
        return self._serving

    @property
    def numbers(self) -> list[int]:
        """The versions that are loaded, ascending."""
        return sorted(self._versions)

    def get(self, number: int) -> Version | None:
        """A version, if it is loaded."""
        return self._versions.get(number)

    def put(self, version: Version) -> None:
        """Keeps a version, in the place of the same one from before."""
        self._versions[version.number] = version

    def serve(self, version: Version) -> None:
        """Has a version serve from now on, and keeps it."""
        self.put(version)
        self._serving = version
        self._served = [number for number in self._served if number != version.number]
        self._served.append(version.number)

    def trim(self, labelled: Collection[int]) -> None:
        """Releases those that served longest ago, until no more are kept than may be.

        Args:
            labelled: Kept in any case, like the one that serves.
        """
        oldest_first = [
            *(number for number in self.numbers if number not in self._served),
            *self._served[:-1],
        ]
        for number in oldest_first:
            if len(self._versions) > self._capacity and number not in labelled:
                self._versions.pop(number, None)
        self._served = [number for number in self._served if number in self._versions]
