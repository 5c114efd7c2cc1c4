"""A run's log in memory: grows at one end, and is followed by any number."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from trainer_service.runs.run import RunEvent


class RunLog:
    """The events of a run, which followers read at their own pace.

    Args:
        events: What has happened so far, numbered from 1.
        closed: Whether nothing more will.
    """

    def __init__(self, events: Sequence[RunEvent], *, closed: bool) -> None:
        self._events = list(events)
        self._closed = closed
        self._changed = asyncio.Condition()

    def __len__(self) -> int:
        return len(self._events)

    async def append(self, event: RunEvent) -> None:
        """Adds an event, and wakes the followers."""
        async with self._changed:
            self._events.append(event)
            self._changed.notify_all()

    async def close(self) -> None:
        """Lets the followers go, once they have read the rest."""
        async with self._changed:
            self._closed = True
            self._changed.notify_all()

    async def follow(self, after_sequence: int) -> AsyncGenerator[RunEvent]:
        """The events after one, as they happen, until the log is closed.

        Args:
            after_sequence: At least 0.
        """
        position = after_sequence
        while True:
            async with self._changed:
                await self._changed.wait_for(
                    lambda: position < len(self._events) or self._closed  # noqa: B023
                )
                fresh = self._events[position:]
            if not fresh:
                return
            for event in fresh:
                yield event
            position += len(fresh)
