"""The two clients, and the command, driven alike by the tests of the client."""

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, Protocol

from movierec_client import AsyncClient, Client, MovierecError

Movierec = Callable[..., Any]
"""Runs a command of `movierec`, given as texts, and `stdin`; returns its exit code and output."""


class Driver(Protocol):
    """Runs one scenario with the blocking or the async client.

    A scenario is a function of a client. What it returns is awaited or looped
    over as the client needs it.
    """

    client: Any

    def close_client(self) -> None:
        """Closes the client, which is still there to be used."""

    def value(self, scenario: Callable[[Any], Any]) -> Any:
        """Returns what a call returns."""

    def items(self, scenario: Callable[[Any], Any]) -> list[Any]:
        """Returns all that a call streams."""

    def items_and_error(
        self, scenario: Callable[[Any], Any]
    ) -> tuple[list[Any], MovierecError | None]:
        """Returns all that a call streams, and the error that ends it."""

    def header(self, scenario: Callable[[Any], Any]) -> Any:
        """Returns the header of recommendations."""

    def leave_after_one(self, scenario: Callable[[Any], Any]) -> Any:
        """Returns the first item of a stream, having left the loop there."""

    def close_while_waiting(self, scenario: Callable[[Any], Any]) -> MovierecError:
        """Closes the client after the first item; returns what the second raises."""


class BlockingDriver:
    def __init__(self, **arguments: Any) -> None:
        self.client = Client(**arguments)

    def close_client(self) -> None:
        self.client.close()

    def close(self) -> None:
        self.close_client()

    def value(self, scenario: Callable[[Any], Any]) -> Any:
        return scenario(self.client)

    def items(self, scenario: Callable[[Any], Any]) -> list[Any]:
        return list(scenario(self.client))

    def items_and_error(
        self, scenario: Callable[[Any], Any]
    ) -> tuple[list[Any], MovierecError | None]:
        items = []
        try:
            for item in scenario(self.client):
                items.append(item)  # noqa: PERF402 - those before the error count
        except MovierecError as error:
            return items, error
        return items, None

    def header(self, scenario: Callable[[Any], Any]) -> Any:
        return scenario(self.client).header

    def leave_after_one(self, scenario: Callable[[Any], Any]) -> Any:
        for item in scenario(self.client):
            return item
        raise AssertionError("the stream was empty")

    def close_while_waiting(self, scenario: Callable[[Any], Any]) -> MovierecError:
        stream = scenario(self.client)
        next(stream)
        self.client.close()
        try:
            next(stream)
        except MovierecError as error:
            return error
        raise AssertionError("the stream went on")


class AsyncDriver:
    def __init__(self, **arguments: Any) -> None:
        self._runner = asyncio.Runner()
        self.client = AsyncClient(**arguments)

    def close_client(self) -> None:
        self._runner.run(self.client.close())

    def close(self) -> None:
        self.close_client()
        self._runner.close()

    def value(self, scenario: Callable[[Any], Any]) -> Any:
        async def wait() -> Any:
            return await scenario(self.client)

        return self._runner.run(wait(), context=copy_context())

    def items(self, scenario: Callable[[Any], Any]) -> list[Any]:
        async def loop() -> list[Any]:
            return [item async for item in scenario(self.client)]

        return self._runner.run(loop(), context=copy_context())

    def items_and_error(
        self, scenario: Callable[[Any], Any]
    ) -> tuple[list[Any], MovierecError | None]:
        async def loop() -> tuple[list[Any], MovierecError | None]:
            items = []
            try:
                async for item in scenario(self.client):
                    items.append(item)  # noqa: PERF401 - those before the error count
            except MovierecError as error:
                return items, error
            return items, None

        return self._runner.run(loop(), context=copy_context())

    def header(self, scenario: Callable[[Any], Any]) -> Any:
        async def wait() -> Any:
            return await scenario(self.client).header

        return self._runner.run(wait(), context=copy_context())

    def leave_after_one(self, scenario: Callable[[Any], Any]) -> Any:
        async def loop() -> Any:
            async for item in scenario(self.client):
                return item
            raise AssertionError("the stream was empty")

        return self._runner.run(loop(), context=copy_context())

    def close_while_waiting(self, scenario: Callable[[Any], Any]) -> MovierecError:
        async def wait() -> MovierecError:
            stream = scenario(self.client)
            await anext(stream)
            second = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0)
            await self.client.close()
            try:
                await second
            except MovierecError as error:
                return error
            raise AssertionError("the stream went on")

        return self._runner.run(wait(), context=copy_context())
