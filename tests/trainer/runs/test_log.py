"""Logs that are followed while they grow."""

import asyncio
from datetime import UTC, datetime

import pytest

from trainer_service.runs.log import RunLog
from trainer_service.runs.run import RunEvent, RunState

EVENTS = [
    RunEvent(run_id="r", sequence=i, time=datetime(2026, 1, 1, tzinfo=UTC), state=RunState.RUNNING)
    for i in range(1, 6)
]


async def followed(log: RunLog, after: int = 0) -> list[int]:
    return [event.sequence async for event in log.follow(after)]


@pytest.mark.parametrize(("after", "found"), [(0, [1, 2, 3, 4, 5]), (3, [4, 5]), (5, []), (9, [])])
def test_a_closed_log_gives_what_is_left_and_ends(after: int, found: list[int]) -> None:
    assert asyncio.run(followed(RunLog(EVENTS, closed=True), after)) == found


def test_every_follower_gets_every_event_whenever_it_came() -> None:
    async def scenario() -> list[list[int]]:
        log = RunLog(EVENTS[:1], closed=False)
        early = [asyncio.create_task(followed(log)) for _ in range(3)]
        for event in EVENTS[1:]:
            await log.append(event)
        late = asyncio.create_task(followed(log, 2))
        await log.close()
        return await asyncio.gather(*early, late)

    assert asyncio.run(scenario()) == [[1, 2, 3, 4, 5]] * 3 + [[3, 4, 5]]


def test_a_follower_that_leaves_does_not_hold_up_the_others() -> None:
    async def scenario() -> list[int]:
        log = RunLog(EVENTS, closed=False)
        leaving = log.follow(0)
        await anext(leaving)
        await leaving.aclose()
        staying = asyncio.create_task(followed(log))
        await log.close()
        return await staying

    assert asyncio.run(scenario()) == [1, 2, 3, 4, 5]
