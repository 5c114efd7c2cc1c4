"""The activation that is followed, as it was last read or written here."""

import threading
from collections.abc import Callable
from pathlib import Path

from movierec.control.activation import (
    ACTIVATION,
    Activation,
    ControlError,
    change_activation,
    read_activation,
)
from recommender_service.artifact.questions import Questions, SilentVolumeError
from recommender_service.artifact.trouble import Trouble
from recommender_service.errors import ControlNotWritableError, VolumeSilentError


class FollowedActivation:
    """What is to serve, on every replica.

    What cannot be understood or read changes nothing: what was followed goes
    on. At a start that is the latest version, except while the control folder
    answers with errors or not at all, since it may well say something else.

    Args:
        control_dir: Where it is said.
        questions: How that folder is asked.
    """

    def __init__(self, control_dir: Path, questions: Questions) -> None:
        self._control_dir = control_dir
        self._questions = questions
        self._trouble = Trouble(f"{control_dir / ACTIVATION} is followed again")
        self._now: Activation | None = None

    @property
    def now(self) -> Activation | None:
        """What is to serve; None when that could not be found out yet."""
        return self._now

    @property
    def problem(self) -> str:
        """Why what is said is not followed; empty if it is."""
        return self._trouble.sentence

    async def read(self) -> None:
        """Follows what is said now."""
        before = self._now
        try:
            read = await self._questions.ask("activation", self._read)
        except ControlError as error:
            self._trouble.begins(f"{error}; {self._goes_on()}", error.content)
            read = None
        except (PermissionError, NotADirectoryError) as error:  # it will not go away by itself
            self._trouble.begins(f"{self._unreadable(error)}; {self._goes_on()}")
            read = None
        except OSError as error:
            self._trouble.begins(f"{self._unreadable(error)}; {self._goes_on(may_begin=False)}")
            return
        else:
            self._trouble.ends()
        # What was written here while it was read is newer.
        if self._now is before:
            self._now = read or before or Activation()

    async def change(self, change: Callable[[Activation], Activation]) -> Activation:
        """Says that something else is to serve, and follows that.

        Args:
            change: From what is said now to what is to be; called in a thread.

        Returns:
            What is said from now on.

        Raises:
            ControlNotWritableError: It cannot be said. Nothing has changed.
            VolumeSilentError: The folder does not answer.
        """
        attempt = _Attempt(change)
        try:
            if self._questions.is_silent("activation"):
                raise SilentVolumeError  # noqa: TRY301
            self._now = await self._questions.ask(
                "change", lambda: self._change(attempt, self._now or Activation())
            )
        except SilentVolumeError:
            silent = f"the control folder {self._control_dir} does not answer"
            if attempt.give_up():
                raise VolumeSilentError(f"{silent}; nothing was changed: try again") from None
            raise VolumeSilentError(
                f"{silent} while it is written to, so that the change may come into effect when "
                f"it does: try again, or see in the list of versions what is to serve then"
            ) from None
        except _AwayError as error:
            raise ControlNotWritableError(
                f"{error}; nothing was changed: bring it back, or make it anew, and empty, to "
                f"follow the latest version without any label"
            ) from None
        except ControlError as error:
            raise ControlNotWritableError(
                f"{error}; nothing was changed: mend the file, or remove it to follow the latest "
                f"version without any label"
            ) from None
        except IsADirectoryError as error:
            raise ControlNotWritableError(
                f"{error.filename} is a folder, where a file belongs; nothing was changed: "
                f"remove it"
            ) from None
        except OSError as error:
            raise ControlNotWritableError(
                f"the control folder {self._control_dir} cannot be written to "
                f"({error.strerror or error}); nothing was changed: let the recommender's user "
                f"write to it, or give all services another one with MOVIEREC_CONTROL_DIR"
            ) from None
        finally:
            attempt.give_up()  # whoever asked for it may have gone
        self._trouble.ends()
        return self._now

    def _change(self, attempt: "_Attempt", followed: Activation) -> Activation:
        # A folder that was there and is not is away, with all that was said; it must not
        # be made anew in the place that it will come back to.
        if followed.generation and not self._control_dir.is_dir():
            raise _AwayError(
                f"the control folder {self._control_dir} is not there, where generation "
                f"{followed.generation} was said"
            )
        return change_activation(self._control_dir, attempt)

    def _read(self) -> Activation | None:
        """What is said; None if there is not even a folder that it could be said in."""
        activation = read_activation(self._control_dir)
        if not activation.generation and not self._control_dir.is_dir():
            return None  # the volume may be away, with what was said
        return activation

    def _unreadable(self, error: OSError) -> str:
        return f"{self._control_dir / ACTIVATION} cannot be read ({error.strerror or error})"

    def _goes_on(self, *, may_begin: bool = True) -> str:
        if self._now is None and not may_begin:
            return "nothing is served before it is known what is to be"
        pinned = self._now.pinned if self._now else None
        return f"{f'version {pinned}' if pinned else 'the latest version'} goes on to be followed"


class _AwayError(Exception):
    """The control folder is not there any more."""


class _Attempt:
    """A change that is not made any more once it was given up.

    Args:
        change: The change.
    """

    def __init__(self, change: Callable[[Activation], Activation]) -> None:
        self._change = change
        self._lock = threading.Lock()
        self._given_up = False
        self._begun = False

    def __call__(self, activation: Activation) -> Activation:
        with self._lock:
            if self._given_up:
                raise TimeoutError
            changed = self._change(activation)
            self._begun = True
        return changed

    def give_up(self) -> bool:
        """Keeps it from being made; returns whether it was not yet too late."""
        with self._lock:
            self._given_up = True
            return not self._begun
