"""What this replica says of itself, and what the others say of themselves."""

import asyncio
import logging
import re
import secrets
import socket
import threading
from contextlib import suppress
from datetime import UTC, datetime

from movierec.control.files import is_full
from movierec.control.replicas import (
    BEAT_INTERVAL_S,
    Replica,
    forget_dead_replicas,
    live_replicas,
    remove_replica,
    write_replica,
)
from recommender_service.artifact.control import AwayError, ControlFolder, LostError
from recommender_service.artifact.questions import Questions
from recommender_service.artifact.trouble import Trouble
from recommender_service.artifact.versions import Versions

STOP_PATIENCE_S = 1.0
"""Seconds that the end of the process waits for this replica's word to be taken back."""

LONGEST_HOST_NAME = 64

log = logging.getLogger(__name__)


def new_replica_id() -> str:
    """A name for this process, among all that share a control folder."""
    host = re.sub(r"[^A-Za-z0-9._-]+", "-", socket.gethostname()).strip("._-")
    return f"{host[:LONGEST_HOST_NAME] or 'replica'}-{secrets.token_hex(4)}"


class Heartbeat:
    """Says every other second, and whenever it changes, what this replica serves.

    Args:
        folder: Where it is said.
        questions: How that folder is asked.
        versions: What there is to say.
    """

    def __init__(self, folder: ControlFolder, questions: Questions, versions: Versions) -> None:
        self._folder = folder
        self._control_dir = folder.path
        self._questions = questions
        self._versions = versions
        self._id = new_replica_id()
        self._start_time = datetime.now(UTC)
        self._others: list[Replica] = []
        self._writing = Trouble("others see this replica")
        self._reading = Trouble("this replica sees the others")
        self._is_due = asyncio.Event()
        self._beating: asyncio.Task[None] | None = None
        self._lock = threading.Lock()
        self._ended = False

    @property
    def problem(self) -> str:
        """Why others do not see this replica, or it does not see them; empty if all is well."""
        # Where nothing can be read nothing can be written either, mostly.
        return self._writing.sentence or self._reading.sentence

    def replicas(self) -> list[Replica]:
        """Those that are alive, as far as is known, in order of their ids; this one is, now."""
        now = datetime.now(UTC)
        others = [other for other in self._others if other.is_alive(now)]
        return sorted([*others, self._itself()], key=lambda replica: replica.replica_id)

    def hurry(self) -> None:
        """What this replica serves has changed."""
        self._is_due.set()

    async def start(self) -> None:
        """Begins to beat."""
        self._beating = asyncio.create_task(self._beat())

    async def stop(self) -> None:
        """Takes back what this replica has said of itself, unless the folder is silent."""
        if self._beating is None:
            return
        with suppress(OSError):
            await self._questions.ask("farewell", self._remove, patience_s=STOP_PATIENCE_S)
        self._beating.cancel()
        await asyncio.wait([self._beating])

    async def _beat(self) -> None:
        with suppress(OSError):  # it will be said when writing fails, too
            await self._questions.ask(
                "dead replicas", lambda: forget_dead_replicas(self._control_dir)
            )
        while True:
            self._is_due.clear()
            try:
                await self._say()
                await self._listen()
            except Exception:
                log.exception("a heartbeat failed; it is tried again")
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_INTERVAL_S):
                    await self._is_due.wait()

    async def _say(self) -> None:
        replica = self._itself()
        try:
            await self._questions.ask("heartbeat", lambda: self._write(replica))
        except LostError as error:
            self._writing.begins(
                f"{error}, so that the latest version is followed, whatever may be pinned, and "
                f"others do not see this replica"
            )
        except AwayError as error:
            level = logging.WARNING if self._folder.was_there else logging.INFO
            self._writing.begins(f"{error}, so that others do not see this replica", level=level)
        except OSError as error:
            if is_full(error):
                self._writing.begins(
                    f"the control folder {self._control_dir} has no room ({error.strerror}), so "
                    f"that others see this replica as it was: make room on its volume"
                )
                return
            self._writing.begins(
                f"the control folder {self._control_dir} cannot be written to "
                f"({error.strerror or error}), so that others do not see this replica, which "
                f"serves all the same: let the recommender's user write to it, or give all "
                f"services another one with MOVIEREC_CONTROL_DIR"
            )
        else:
            self._writing.ends()

    async def _listen(self) -> None:
        try:
            replicas = await self._questions.ask(
                "replicas", lambda: live_replicas(self._control_dir)
            )
        except OSError as error:
            self._reading.begins(
                f"the control folder {self._control_dir} cannot be read "
                f"({error.strerror or error}), so that this replica does not see the others"
            )
        else:
            self._others = [replica for replica in replicas if replica.replica_id != self._id]
            self._reading.ends()

    def _itself(self) -> Replica:
        return Replica(
            replica_id=self._id,
            start_time=self._start_time,
            beat_time=datetime.now(UTC),
            serving_version=self._versions.serving_number,
            loaded_versions=self._versions.loaded_numbers,
            generation=self._versions.activation.generation,
        )

    def _write(self, replica: Replica) -> None:
        with self._lock:
            if self._ended:
                return
            self._folder.expect(is_new=not replica.generation)
            self._folder.expect_replicas()
            try:
                write_replica(self._control_dir, replica)
            except FileNotFoundError:  # it went away just now
                self._folder.expect_replicas()
                raise

    def _remove(self) -> None:
        with self._lock:
            self._ended = True
            remove_replica(self._control_dir, self._id)
