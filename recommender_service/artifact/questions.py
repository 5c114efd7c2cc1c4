"""Questions to a volume that may never answer.

A thread that waits for a volume cannot be interrupted. So each question has a
thread of its own, for which nobody waits beyond their patience: no call, and not
the end of the process either, since it is a daemon.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

PATIENCE_S = 5.0
"""Seconds after which a volume that has not answered is taken to be silent."""

Answer = TypeVar("Answer")


class SilentVolumeError(TimeoutError):
    """A volume has not answered in time; its answer, if there will be one, is not heard."""


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    since: float
    patience_s: float
    answer: asyncio.Future[Any]


class Questions:
    """Asks in threads, about each topic one question at a time.

    A topic that got no answer is asked about anew after pauses that double, so
    that a volume that is silent for a day has a dozen threads waiting for it.
    """

    def __init__(self) -> None:
        self._unanswered: dict[str, list[_Asked]] = {}

    async def ask(
        self, topic: str, question: Callable[[], Answer], *, patience_s: float = PATIENCE_S
    ) -> Answer:
        """What a function returns or raises, which is called in a thread.

        Args:
            topic: What it is about; while a question about the same is under way,
                this one waits for it.
            question: Asks the volume.
            patience_s: How long the answer is waited for.

        Raises:
            SilentVolumeError: It has taken longer than that.
        """
        loop = asyncio.get_running_loop()
        while earlier := self._unanswered.get(topic):
            last = earlier[-1]
            if loop.time() - last.since >= last.patience_s * 2 ** len(earlier):
                break
            await _wait(last)
        asked = self._begin(topic, question, patience_s)
        await _wait(asked)
        answer: Answer = asked.answer.result()
        return answer

    def is_silent(self, topic: str) -> bool:
        """Whether the last question about a topic has got no answer in time."""
        earlier = self._unanswered.get(topic)
        return bool(earlier and _left_s(earlier[-1]) <= 0)

    def _begin(self, topic: str, question: Callable[[], Answer], patience_s: float) -> _Asked:
        loop = asyncio.get_running_loop()
        asked = _Asked(loop.time(), patience_s, loop.create_future())
        self._unanswered.setdefault(topic, []).append(asked)

        def tell(say: Callable[[], None]) -> None:
            self._unanswered[topic].remove(asked)
            say()
            asked.answer.exception()  # nobody may be there any more to hear it

        def work() -> None:
            try:
                say = partial(asked.answer.set_result, question())
            except BaseException as error:  # noqa: BLE001  # it is raised where it was asked
                say = partial(asked.answer.set_exception, error)
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(tell, say)

        threading.Thread(target=work, name=f"volume: {topic}", daemon=True).start()
        return asked


async def _wait(asked: _Asked) -> None:
    # Unlike wait_for, this leaves the answer alone when the caller is cancelled.
    await asyncio.wait([asked.answer], timeout=max(_left_s(asked), 0))
    if not asked.answer.done():
        raise SilentVolumeError(f"no answer within {asked.patience_s:g} s")


def _left_s(asked: _Asked) -> float:
    return asked.since + asked.patience_s - asyncio.get_running_loop().time()
