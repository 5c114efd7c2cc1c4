"""Peak memory of a process and all that descend from it.

From Linux' own record of each process, its high-water mark, so that no spike is
missed but in a process' last moments. The marks are added up: processes that
peak at different times count as if they had peaked together.
"""

import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

PROC = Path("/proc")
INTERVAL_S = 0.05


class MemoryWatch:
    """Watches a process and all that descend from it, while entered.

    Args:
        pid: The process.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peaks: dict[int, int] = {}  # by process id
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @property
    def peak_bytes(self) -> int:
        """The sum of the processes' highest marks so far."""
        return sum(self._peaks.values())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self._peaks |= _peaks(self._pid)
            if self._done.wait(INTERVAL_S):
                return


def run_watched(*arguments: str) -> tuple[float, int]:
    """Runs Python with these arguments.

    Returns:
        How many seconds it took, and its peak memory in bytes.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    command = [sys.executable, *arguments]
    start = time.perf_counter()
    with (
        subprocess.Popen(command, stdout=subprocess.DEVNULL) as process,
        MemoryWatch(process.pid) as watch,
    ):
        status = process.wait()
        elapsed = time.perf_counter() - start
    if status:
        raise subprocess.CalledProcessError(status, command)
    return elapsed, watch.peak_bytes


def _peaks(root: int) -> dict[int, int]:
    """The high-water mark in bytes of a process and of all that descend from it, by id."""
    marks: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    for path in PROC.glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in path.read_text("utf-8").splitlines())
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        pid = int(fields["Pid"])
        children.setdefault(int(fields["PPid"]), []).append(pid)
        if "VmHWM" in fields:  # else it is ending
            marks[pid] = int(fields["VmHWM"].removesuffix("kB")) * 1024
    family = [root]
    for pid in family:  # grows meanwhile
        family += children.get(pid, [])
    return {pid: marks[pid] for pid in family if pid in marks}
