"""What two workers tell each other arrives whole, in order, and with its descriptors."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import uvloop

from recommender_service.workers.line import Line
from support.servers import DEADLINE_S


def run(work: Callable[[Line, Line], Awaitable[None]]) -> None:
    """Has both ends do something, in one loop of the kind that the service has."""

    async def both() -> None:
        here, socket = Line.pair()
        there = Line(socket)
        try:
            async with asyncio.timeout(DEADLINE_S):
                await work(here, there)
        finally:
            here.close()
            there.close()

    uvloop.run(both())


@pytest.fixture
def files(tmp_path: Path) -> Iterator[list[int]]:
    """Descriptors of files that hold their numbers."""
    paths = [tmp_path / str(number) for number in range(3)]
    for path in paths:
        path.write_text(path.name)
    descriptors = [os.open(path, os.O_RDONLY) for path in paths]
    yield descriptors
    for descriptor in descriptors:
        os.close(descriptor)


def test_messages_arrive_in_order_and_each_with_its_descriptors(files: list[int]) -> None:
    async def work(here: Line, there: Line) -> None:
        for number in range(3):
            await here.send({"number": number}, files[: number + 1])
        for number in range(3):
            message, descriptors = await there.receive()
            assert message == {"number": number}
            contents = [os.pread(descriptor, 9, 0).decode() for descriptor in descriptors]
            assert contents == [str(i) for i in range(number + 1)]
            for descriptor in descriptors:
                assert not os.get_inheritable(descriptor)
                os.close(descriptor)

    run(work)


def test_a_message_may_be_larger_than_the_socket_holds(files: list[int]) -> None:
    text = "é" * 3_000_000

    async def work(here: Line, there: Line) -> None:
        async def send() -> None:
            await here.send(text, files[:1])
            await here.send(["next"])

        sending = asyncio.create_task(send())
        message, descriptors = await there.receive()
        assert message == text
        assert len(descriptors) == 1
        os.close(descriptors[0])
        assert await there.receive() == (["next"], [])
        await sending

    run(work)


def test_both_ends_may_speak_at_the_same_time() -> None:
    async def work(here: Line, there: Line) -> None:
        found = await asyncio.gather(
            here.receive(), there.receive(), here.send("to there"), there.send("to here")
        )
        assert found[:2] == [("to here", []), ("to there", [])]

    run(work)


def test_the_end_of_the_other_side_is_noticed_while_waiting_and_in_the_midst() -> None:
    async def work(here: Line, there: Line) -> None:
        waiting = asyncio.create_task(there.receive())
        await asyncio.sleep(0)
        here.close()
        with pytest.raises(EOFError):
            await waiting
        with pytest.raises(OSError, match="Broken pipe"):
            await there.send("nobody hears it")

    run(work)
