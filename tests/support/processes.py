"""Processes, as the operating system sees them: those that services have started, and others."""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def training_processes(parent: int | None = None) -> list[int]:
    """Process ids of the training processes that a service has started.

    Args:
        parent: The service's process; this one, if not given.
    """
    return _children(parent or os.getpid(), "trainer_service.runs.worker")


def report_processes(parent: int | None = None) -> list[int]:
    """Process ids of the processes that make reports for a trainer.

    Args:
        parent: The service's process; this one, if not given.
    """
    return _children(parent or os.getpid(), "trainer_service.insights.worker")


def worker_processes(parent: int | None = None) -> list[int]:
    """Process ids of the further workers that a recommender has started.

    Args:
        parent: The recommender's process; this one, if not given.
    """
    return _children(parent or os.getpid(), "recommender_service.worker")


def _children(parent: int, module: str) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_text()
            status = dict(
                line.split(":\t", 1) for line in (folder / "status").read_text().splitlines()
            )
        except (OSError, ValueError):
            continue  # it has just ended
        if status["PPid"] == str(parent) and module in command:
            found.append(int(folder.name))
    return found


def is_alive(process: int) -> bool:
    """Whether a process is there and is no zombie."""
    try:
        return "Z" not in (Path("/proc") / str(process) / "stat").read_text().rsplit(")", 1)[1]
    except OSError:
        return False


def resident_mib(process: int) -> float:
    """The memory of a process that is in use, in MiB."""
    return _memory_mib(process, "VmRSS")


def peak_mib(process: int) -> float:
    """The most that it ever had in use."""
    return _memory_mib(process, "VmHWM")


def _memory_mib(process: int, what: str) -> float:
    status = (Path("/proc") / str(process) / "status").read_text()
    return int(status.split(f"{what}:")[1].split()[0]) / 1024


@contextmanager
def killed_after(process: subprocess.Popen[str], wait_s: float) -> Iterator[None]:
    """Kills a process that is read from and waited for, if that is not over in time.

    A read has no deadline: of a process that says nothing and never ends it would wait for ever.
    To be entered before the process is, which waits for its end too.
    """
    too_late = threading.Timer(wait_s, process.kill)
    too_late.start()
    try:
        yield
    finally:
        too_late.cancel()
