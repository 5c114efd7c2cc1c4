"""The control folder, which is made on a new volume, and at no other time."""

import threading
from pathlib import Path

from movierec.control.folder import is_made, make_control_folder
from movierec.control.replicas import REPLICAS
from recommender_service.artifact.contents import NUMBER


class AwayError(OSError):
    """The control folder, or the volume that it is to lie on, is not there; a sentence."""

    def __str__(self) -> str:
        return str(self.args[0])


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
        if not self.path.parent.is_dir():
            raise AwayError(f"{self.path.parent} is not there")
        if self.path.is_dir() and self._has_versions():
            raise AwayError(
                f"the control folder {self.path} is empty, and there are versions (is its volume "
                f"mounted? if it is a new one, make the folder {self.path / REPLICAS})"
            )
        try:
            make_control_folder(self.path)
        except FileNotFoundError:  # it went away just now
            raise AwayError(f"{self.path.parent} is not there") from None

    def _has_versions(self) -> bool:
        try:
            return any(NUMBER.fullmatch(path.name) for path in self._versions.iterdir())
        except FileNotFoundError:
            return False
