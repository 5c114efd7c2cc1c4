"""A process that the trainer would start for one job, as the service does it, and its memory."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from pydantic import BaseModel

from bench.memory import MemoryWatch


@contextmanager
def working(module: str, job: BaseModel) -> Iterator[tuple[IO[bytes], MemoryWatch]]:
    """Starts a process on a job; what it tells, line by line, and what watches its memory.

    It is waited for at the end.

    Args:
        module: Of the process.
        job: That it is to do.
    """
    command = [sys.executable, "-m", module]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process,
        MemoryWatch(process.pid) as watch,
    ):
        assert process.stdin and process.stdout  # noqa: S101, PT018  # asked for above
        process.stdin.write(f"{job.model_dump_json()}\n".encode())
        process.stdin.flush()  # and stays open: when it ends, so does the process
        yield process.stdout, watch
