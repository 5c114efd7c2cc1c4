"""What calls may ask for at the moment, and what they are told when they cannot have it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from recommender_service.errors import NoVersionError, VersionNotLoadedError


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the versions stand; all that choosing one for a call takes.

    Args:
        serving: The number of the version that serves, if one does.
        loaded: The versions that may be asked for, ascending.
        labels: The version of each label, loaded or not.
        there: The versions on the volume, newest first; none while it is away.
        why_none: Why none serves, as a sentence; empty if nothing was published.
    """

    serving: int | None = None
    loaded: tuple[int, ...] = ()
    labels: Mapping[str, int] = field(default_factory=dict)
    there: tuple[int, ...] = ()
    why_none: str = ""

    def choose(self, asked: int | str | None) -> int:
        """The number of the version that is to answer a call.

        Args:
            asked: A version's number, or a label; None takes what serves.

        Raises:
            NoVersionError: Nothing serves.
            VersionNotLoadedError: Another version serves, and this one is not loaded.
        """
        number = self.serving
        if asked is not None:
            number = self.labels.get(asked) if isinstance(asked, str) else asked
            if number not in self.loaded:
                number = None
            if number is None and self.serving is not None:
                roles = {number: self._roles(number) for number in self.loaded}
                is_there = isinstance(asked, str) or not self.there or asked in self.there
                raise VersionNotLoadedError(asked, roles, is_there=is_there)
        if number is None:
            raise NoVersionError(self.why_none)
        return number

    def _roles(self, number: int) -> list[str]:
        serving = ["serving"] if number == self.serving else []
        return serving + sorted(label for label, of in self.labels.items() if of == number)
