"""Threads whose work is shared out fairly: whoever asks for much waits for himself."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

Result = TypeVar("Result")


class Turns:
    """Does work in threads; of those who wait, each connection has its turn after the others.

    It belongs to one event loop.

    Args:
        threads: How many work at a time.
    """

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="query")
        self._free = threads
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    async def do(self, whose: str, work: Callable[[], Result]) -> Result:
        """Does work in a thread when its turn has come, and returns what that gives.

        Args:
            whose: The connection that it is done for.
            work: That.
        """
        async with self.turn(whose):
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    @asynccontextmanager
    async def turn(self, whose: str) -> AsyncIterator[None]:
        """Waits until a turn has come, which goes on until the context ends.

        Args:
            whose: The connection that it is for.
        """
        await self._come(whose)
        try:
            yield
        finally:
            self._pass_on()

    async def _come(self, whose: str) -> None:
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(whose, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on()  # it had come in the same moment
            raise

    def _pass_on(self) -> None:
        while self._waiting:
            whose, turns = self._waiting.popitem(last=False)
            turn = turns.popleft()
            if turns:
                self._waiting[whose] = turns  # behind all others
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
