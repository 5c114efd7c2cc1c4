"""The control folder, which is made on a new volume, and not where it may come back to."""

import logging
import threading
from pathlib import Path

from movierec.control.folder import is_made, make_control_folder
from movierec.control.replicas import REPLICAS
from recommender_service.artifact.contents import NUMBER

log = logging.getLogger(__name__)


class AwayError(OSError):
    """The control folder, or the volume that it is to lie on, is not there; a sentence."""

    def __str__(self) -> str:
        return str(self.args[0])


class LostError(AwayError):
    """It is away beside versions, so that a version may be pinned, and nobody knows."""


class ControlFolder:
    """Where is said what is to serve, and what does.

    What was there and is not is away, with all that was said; it must not be made anew
    in the place that it will come back to.

    Args:
        path: The folder.
        artifacts_dir: The volume of the versions; where there are any, it is not new.
    """

    def __init__(self, path: Path, artifacts_dir: Path) -> None:
        self.path = path
        self._versions = artifacts_dir / "versions"
        self._lock = threading.Lock()
        self._was_there = False

    @property
    def was_there(self) -> bool:
        """Whether it was ever seen."""
        return self._was_there

    def expect(self, *, is_new: bool) -> None:
        """Looks whether it is there; makes it if it never was.

        Args:
            is_new: Whether nothing that was said in it is known.

        Raises:
            LostError: It is not there, may have been, and was never seen.
            AwayError: It is not there.
            OSError: The volume does not answer as it should.
        """
        with self._lock:
            may_make = is_new and not self._was_there
            if is_made(self.path):
                if may_make:
                    make_control_folder(self.path)
            elif may_make:
                self._make()
            elif self.path.is_dir():
                raise AwayError(f"the control folder {self.path} is empty (is its volume mounted?)")
            else:
                raise AwayError(f"the control folder {self.path} is not there")
            self._was_there = True

    def expect_replicas(self) -> None:
        """Looks whether replicas can say in it what they serve.

        Raises:
            AwayError: They cannot.
        """
        if not (self.path / REPLICAS).is_dir():
            raise AwayError(
                f"{self.path / REPLICAS} is not there: if its volume is, make this folder in it"
            )

    def _make(self) -> None:
        has_versions = self._has_versions()
        if has_versions and self._may_come_back():
            is_what = "empty" if self.path.is_dir() else "not there"
            raise LostError(
                f"the control folder {self.path} is {is_what}, and there are versions (is its "
                f"volume mounted? if it is a new one, make the folder {self.path / REPLICAS})"
            )
        if not self.path.parent.is_dir():
            raise AwayError(f"{self.path.parent} is not there")
        try:
            make_control_folder(self.path)
        except FileNotFoundError:  # it went away just now
            raise AwayError(f"{self.path.parent} is not there") from None
        if has_versions:
            log.warning(
                "the control folder %s was not there, beside versions, and is made: if a version "
                "was pinned, that is lost, and the latest is followed",
                self.path,
            )

    def _may_come_back(self) -> bool:
        # One that lies among the versions is on their volume, unless another is mounted
        # there; and that takes a folder to be mounted on.
        is_among_versions = self.path.absolute().parent == self._versions.absolute().parent
        return not is_among_versions or self.path.is_dir() or self.path.is_symlink()

    def _has_versions(self) -> bool:
        try:
            return any(NUMBER.fullmatch(path.name) for path in self._versions.iterdir())
        except FileNotFoundError:
            return False
