"""Who wants to know how a download goes on."""


class Watcher:
    """Is told how a download goes on; this one does nothing with it."""

    def note(self, sentence: str) -> None:
        """Something to be known."""

    def stage(self, what: str, done_bytes: int, total_bytes: int | None) -> None:
        """A stage begins.

        Args:
            what: Which, e.g. "downloading".
            done_bytes: How much of it is there already.
            total_bytes: How much there will be, if that is known.
        """

    def advance(self, done_bytes: int) -> None:
        """So much of the stage is done."""
