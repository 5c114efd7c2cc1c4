"""Growing pauses before what failed is tried again."""

LONGEST_PAUSE = 64
"""Looks at the volume; half a minute with the default interval."""


class Pauses:
    """How long versions that could not be read are left alone, counted in looks.

    After the first failure a version is tried again at the next look, and then
    after 2, 4, 8 ... looks.
    """

    def __init__(self) -> None:
        self._look = 0
        self._failures: dict[int, int] = {}
        self._due: dict[int, int] = {}

    def next_look(self) -> None:
        """The volume is looked at again."""
        self._look += 1

    def failed(self, number: int) -> None:
        """A version could not be read."""
        failures = self._failures.get(number, 0)
        self._failures[number] = failures + 1
        self._due[number] = self._look + min(2**failures, LONGEST_PAUSE)

    def forget(self, number: int) -> None:
        """A version could be read, or is gone."""
        self._failures.pop(number, None)
        self._due.pop(number, None)

    def is_due(self, number: int) -> bool:
        """Whether a version may be tried now."""
        return self._due.get(number, 0) <= self._look
