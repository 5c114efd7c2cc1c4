"""A volume that does not answer holds nobody up beyond their patience."""

import asyncio
import gc
import threading
import time
from collections.abc import Iterator

import pytest

from recommender_service.artifact.questions import Questions, SilentVolumeError
from support.servers import DEADLINE_S

SHORT_S = 0.02


@pytest.fixture
def answers() -> Iterator[threading.Event]:
    """Set when the volume is to answer."""
    event = threading.Event()
    yield event
    event.set()
    join_threads()


def join_threads() -> None:
    """Waits until all questions are answered."""
    for thread in threading.enumerate():
        if thread.name.startswith("volume: "):
            thread.join(DEADLINE_S)


def hang_until(event: threading.Event) -> str:
    assert event.wait(DEADLINE_S)
    return "late"


def test_what_a_question_returns_or_raises_is_the_answer() -> None:
    def fail() -> None:
        raise FileNotFoundError("no such film")

    async def scenario() -> None:
        questions = Questions()
        assert await questions.ask("a", threading.get_ident) != threading.get_ident()
        with pytest.raises(FileNotFoundError, match="no such film"):
            await questions.ask("a", fail)
        assert await questions.ask("a", lambda: 1) == 1

    asyncio.run(scenario())


def test_silence_ends_the_question_that_is_asked_and_no_other(answers: threading.Event) -> None:
    async def scenario() -> None:
        questions = Questions()
        with pytest.raises(SilentVolumeError, match=r"no answer within 0\.02 s"):
            await questions.ask("a", lambda: hang_until(answers), patience_s=SHORT_S)
        assert questions.is_silent("a")
        assert not questions.is_silent("b")
        assert await questions.ask("b", lambda: 1) == 1

    asyncio.run(scenario())


def test_a_silent_topic_is_not_asked_about_again_at_once_and_is_when_it_has_answered(
    answers: threading.Event,
) -> None:
    patience_s = 0.3
    asked: list[float] = []

    def ask() -> str:
        asked.append(time.monotonic())
        return hang_until(answers)

    async def scenario() -> None:
        questions = Questions()
        for _ in range(2):
            with pytest.raises(SilentVolumeError):
                await questions.ask("a", ask, patience_s=patience_s)
        assert asked[-1] == asked[0] or asked[-1] - asked[0] >= 2 * patience_s
        answers.set()
        join_threads()
        await asyncio.sleep(0)  # the loop hears of the answer
        assert not questions.is_silent("a")
        assert await questions.ask("a", lambda: "now") == "now"

    asyncio.run(scenario())


def test_a_topic_that_stays_silent_is_asked_about_anew_in_the_end(
    answers: threading.Event,
) -> None:
    async def scenario() -> str:
        questions = Questions()
        while True:
            try:
                return await questions.ask(
                    "a",
                    lambda: "at last" if threading.active_count() > most else hang_until(answers),
                    patience_s=SHORT_S,
                )
            except SilentVolumeError:
                await asyncio.sleep(0)

    most = threading.active_count() + 2
    assert asyncio.run(scenario()) == "at last"


def test_one_question_at_a_time_is_asked_about_a_topic() -> None:
    under_way = threading.Lock()

    def ask() -> None:
        assert under_way.acquire(blocking=False)
        under_way.release()

    async def scenario() -> None:
        questions = Questions()
        await asyncio.gather(*(questions.ask("a", ask) for _ in range(20)))

    asyncio.run(scenario())


def test_an_answer_that_nobody_waits_for_any_more_is_dropped(
    answers: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        questions = Questions()

        def fail() -> None:
            hang_until(answers)
            raise OSError("too late")

        asking = asyncio.create_task(questions.ask("a", fail))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
        answers.set()
        assert await questions.ask("a", lambda: 1) == 1

    asyncio.run(scenario())
    gc.collect()
    assert not caplog.records


def test_the_end_of_the_loop_does_not_wait_for_an_answer(answers: threading.Event) -> None:
    async def scenario() -> None:
        with pytest.raises(SilentVolumeError):
            await Questions().ask("a", lambda: hang_until(answers), patience_s=SHORT_S)

    asyncio.run(scenario())
    assert not answers.is_set()
