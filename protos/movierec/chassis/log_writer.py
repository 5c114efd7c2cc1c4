"""Writes lines in a thread of its own, so that nobody waits for whoever reads them."""

import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

Line: TypeAlias = str | Callable[[], str]
"""A line with its line feed, or what makes it in the writer's thread."""

LINGER_S = 0.05
"""Seconds that lines are gathered for: to wake a thread costs more than a line."""

PATIENCE_S = 1.0
"""Seconds that the end of the process waits for the last lines to be read."""

MOST_LINES = 50_000
"""That wait to be written; when nobody reads them the oldest are lost, and counted."""


class LogWriter:
    """Writes lines in the order in which they are put.

    Args:
        descriptor: What to write to.
        lost: Makes the line that says how many were lost.
    """

    def __init__(self, descriptor: int, lost: Callable[[int], str]) -> None:
        self._descriptor = descriptor
        self._lost = lost
        self._lines: deque[Line] = deque()
        self._lost_count = 0
        self._is_due = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="log", daemon=True)
        self._thread.start()

    def put(self, line: Line) -> None:
        """Has a line be written, soon."""
        if len(self._lines) >= MOST_LINES:
            with suppress(IndexError):  # it was written just now
                self._lines.popleft()
                self._lost_count += 1
        self._lines.append(line)
        if not self._is_due.is_set():
            self._is_due.set()

    def close(self) -> None:
        """Waits until all is written, unless nobody reads it."""
        self._closing.set()
        self._is_due.set()
        self._thread.join(PATIENCE_S)

    def _work(self) -> None:
        while True:
            self._is_due.wait()
            self._closing.wait(LINGER_S)
            self._is_due.clear()
            # Asked for before the lines are taken: who closes has put all of theirs.
            is_last = self._closing.is_set()
            with suppress(OSError):  # nobody is there any more to be told
                self._write()
            if is_last:
                return

    def _write(self) -> None:
        texts = []
        while self._lines:
            line = self._lines.popleft()
            texts.append(line if isinstance(line, str) else line())
        if self._lost_count:
            texts.append(self._lost(self._lost_count))
            self._lost_count = 0
        left = memoryview("".join(texts).encode("utf-8", "backslashreplace"))
        while left:
            left = left[os.write(self._descriptor, left) :]
