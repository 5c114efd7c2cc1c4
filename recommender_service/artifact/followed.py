"""The activation that is followed, as it was last read or written here."""

import threading
from collections.abc import Callable
from dataclasses import replace

from movierec.control.activation import (
    ACTIVATION,
    MOST_GENERATION,
    Activation,
    ControlError,
    change_activation,
    read_activation,
)
from movierec.control.files import is_full
from movierec.control.replicas import REPLICAS, live_replicas
from recommender_service.artifact.control import AwayError, ControlFolder
from recommender_service.artifact.questions import Questions, SilentVolumeError
from recommender_service.artifact.trouble import Trouble
from recommender_service.errors import ControlNotWritableError, VolumeSilentError


class FollowedActivation:
    """What is to serve, on every replica.

    What cannot be understood or read changes nothing: what was followed goes on.
    So it does when an older generation is said, or nothing any more: that is what
    the empty place of a volume says, or another volume in its place. At a start
    nothing is to serve before it is known what, since a version may be pinned. A
    change has a higher generation than any that a live replica follows, so that all
    follow it.

    Args:
        folder: Where it is said.
        questions: How that folder is asked.
    """

    def __init__(self, folder: ControlFolder, questions: Questions) -> None:
        self._folder = folder
        self._control_dir = folder.path
        self._questions = questions
        self._trouble = Trouble(f"{folder.path / ACTIVATION} is followed again")
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
        before, read = self._now, None
        try:
            said = await self._questions.ask(
                "activation", lambda: read_activation(self._control_dir)
            )
        except ControlError as error:
            goes_on = self._goes_on("mend the file, or remove it to follow the latest version")
            self._trouble.begins(f"{error}; {goes_on}", error.content)
            return
        except NotADirectoryError as error:  # so that nothing can have been said in it
            self._trouble.begins(f"{self._unreadable(error)}; {self._goes_on('', Activation())}")
        except PermissionError as error:
            goes_on = self._goes_on("let the recommender's user read it")
            self._trouble.begins(f"{self._unreadable(error)}; {goes_on}")
            return
        except OSError as error:
            self._trouble.begins(f"{self._unreadable(error)}; {self._goes_on()}")
            return
        else:
            # What was written here while it was read is newer.
            is_newest = self._now is before
            if is_newest and before is not None and said.generation < before.generation:
                self._trouble.begins(self._older(said, before), said)
                return
            self._trouble.ends()
            read = said
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
        except AwayError as error:
            if not self._now or not self._now.generation:
                raise VolumeSilentError(
                    f"the volume does not answer as it should ({error}); nothing was changed: "
                    f"try again"
                ) from None
            raise ControlNotWritableError(
                f"{error}, and generation {self._now.generation} was said there; nothing was "
                f"changed: bring it back or, if it is lost, make the folder "
                f"{self._control_dir / REPLICAS} and try again"
            ) from None
        except ControlError as error:
            raise ControlNotWritableError(
                f"{error}; nothing was changed: mend the file, or remove it, and try again"
            ) from None
        except IsADirectoryError as error:
            raise ControlNotWritableError(
                f"{error.filename} is a folder, where a file belongs; nothing was changed: "
                f"remove it"
            ) from None
        except OSError as error:
            what_to_do = (
                "make room on its volume"
                if is_full(error)
                else "let the recommender's user write to it, or give all services another one "
                "with MOVIEREC_CONTROL_DIR"
            )
            raise ControlNotWritableError(
                f"the control folder {self._control_dir} cannot be written to "
                f"({error.strerror or error}); nothing was changed: {what_to_do}"
            ) from None
        finally:
            attempt.give_up()  # whoever asked for it may have gone
        self._trouble.ends()
        return self._now

    def _change(self, attempt: "_Attempt", followed: Activation) -> Activation:
        def change(said: Activation) -> Activation:
            # What was said last goes on where it was lost, and so do its labels.
            last = said if said.generation >= followed.generation else followed
            # Others may have been told more than is known here, and follow nothing older.
            known = [replica.generation for replica in live_replicas(self._control_dir)]
            legal = [generation for generation in known if generation < MOST_GENERATION]
            return attempt(replace(last, generation=max([last.generation, *legal])))

        self._folder.expect(is_new=not followed.generation)
        try:
            return change_activation(self._control_dir, change)
        except FileNotFoundError:  # it went away just now
            raise AwayError(f"the control folder {self._control_dir} is not there") from None

    def _older(self, read: Activation, followed: Activation) -> str:
        path, generation = self._control_dir / ACTIVATION, followed.generation
        said = f"says generation {read.generation}" if read.generation else "is not there"
        return (
            f"{path} {said}, where generation {generation} was said; {self._goes_on()}: bring it "
            f"back, or say anew what is to serve, with `movierec activate`"
        )

    def _unreadable(self, error: OSError) -> str:
        return f"{self._control_dir / ACTIVATION} cannot be read ({error.strerror or error})"

    def _goes_on(self, what_to_do: str = "", at_a_start: Activation | None = None) -> str:
        followed = self._now or at_a_start
        if followed is None:
            waits = "nothing is served before it is known what is to be"
            return f"{waits}: {what_to_do}" if what_to_do else waits
        pinned = followed.pinned
        return f"{f'version {pinned}' if pinned else 'the latest version'} goes on to be followed"


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
