"""Threads whose work is shared out among connections."""

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender_service.service.turns import Turns


async def order_of(whose: Sequence[str], *, cancelled: Sequence[int] = ()) -> list[int]:
    """In which order works are done that are asked for while the only thread is busy."""
    turns, done, go_on = Turns(1), list[int](), threading.Event()
    first = asyncio.create_task(turns.do("busy", go_on.wait))
    await asyncio.sleep(0)
    works = []
    for number, one in enumerate(whose):
        works.append(asyncio.create_task(turns.do(one, lambda number=number: done.append(number))))  # type: ignore[misc]
        await asyncio.sleep(0)
    for number in cancelled:
        works[number].cancel()
    go_on.set()
    for work in (first, *works):
        with suppress(asyncio.CancelledError):
            await work
    return done


def test_who_asks_for_much_lets_others_in_after_each_piece() -> None:
    assert asyncio.run(order_of(["much", "much", "much", "little", "some"])) == [0, 3, 4, 1, 2]


def test_work_that_nobody_waits_for_any_more_is_not_done_and_holds_up_nobody() -> None:
    whose = ["much", "much", "little"]
    assert asyncio.run(order_of(whose, cancelled=[0, 2])) == [1]


def test_a_turn_lasts_until_it_is_given_back() -> None:
    async def held() -> list[list[int]]:
        turns, come = Turns(2), list[int]()
        ends = [asyncio.Event() for _ in range(4)]

        async def hold(number: int) -> None:
            async with turns.turn("much"):
                come.append(number)
                await ends[number].wait()

        holding = [asyncio.create_task(hold(number)) for number in range(4)]
        await asyncio.sleep(0)
        seen = [list(come)]
        for number in (1, 0, 3, 2):
            ends[number].set()
            await holding[number]
            seen.append(list(come))
        return seen

    assert asyncio.run(held()) == [[0, 1], [0, 1, 2], *[[0, 1, 2, 3]] * 3]


def test_an_error_is_that_of_who_asked_and_the_thread_is_free_again() -> None:
    async def ask() -> int:
        turns = Turns(1)
        with pytest.raises(ZeroDivisionError):
            await turns.do("one", lambda: 1 // 0)
        return await turns.do("one", lambda: 7)

    assert asyncio.run(ask()) == 7


@given(st.lists(st.sampled_from("abc"), max_size=12), st.sets(st.integers(0, 11)))
def test_all_that_is_waited_for_is_done_each_connection_s_in_its_order(
    whose: list[str], cancelled: set[int]
) -> None:
    gone = [number for number in cancelled if number < len(whose)]
    done = asyncio.run(order_of(whose, cancelled=gone))
    assert sorted(done) == [number for number in range(len(whose)) if number not in gone]
    for one in "abc":
        its = [number for number in done if whose[number] == one]
        assert its == sorted(its)
