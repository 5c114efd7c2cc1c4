"""How a process begins that the service starts for one job, and that ends with it."""

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO


def begin(*, oom_score_adj: int) -> tuple[BinaryIO, str]:
    """Takes the job that comes in on standard input, a line of JSON.

    Standard input stays open: when it ends, the service is gone, or nobody waits any more, and
    the process ends at once. When memory runs out, the kernel is to take this process, not the
    service.

    Args:
        oom_score_adj: How soon, from 0 to 1,000; of several the highest goes first.

    Returns:
        Where to tell how the job goes on, unbuffered; and the job. What a library prints goes
        to standard error.
    """
    told = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with suppress(OSError):  # not Linux, or not allowed
        Path("/proc/self/oom_score_adj").write_text(str(oom_score_adj), encoding="ascii")
    job = sys.stdin.readline()
    threading.Thread(target=_end_with_the_service, daemon=True).start()
    return told, job


def _end_with_the_service() -> None:
    sys.stdin.read()
    os._exit(1)
