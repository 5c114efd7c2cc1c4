"""What is wrong at the moment: said when it begins, and when it is over."""

import logging

log = logging.getLogger(__name__)


class Trouble:
    """A thing that can go wrong and stay so, without a line in the log each time.

    Args:
        over: The sentence for when it is over.
    """

    def __init__(self, over: str) -> None:
        self._over = over
        self._cause: object = None
        self.sentence = ""
        """What is wrong; empty when nothing is."""

    def begins(self, sentence: str, cause: object = None, *, level: int = logging.WARNING) -> None:
        """Something is wrong; said again only if it is something else.

        Args:
            sentence: What is wrong.
            cause: What tells it from another trouble with the same sentence.
            level: How bad it is.
        """
        if (sentence, cause) != (self.sentence, self._cause):
            log.log(level, "%s", sentence)
        self.sentence, self._cause = sentence, cause

    def ends(self) -> None:
        """Nothing is wrong."""
        if self.sentence:
            log.info("%s", self._over)
        self.sentence, self._cause = "", None
