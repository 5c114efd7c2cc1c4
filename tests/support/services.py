"""The services as processes, started as a deployment starts them."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.servers import DEADLINE_S

_RIGHTS = "-dac_override,-dac_read_search"
AS_ANYBODY = (
    ("setpriv", f"--bounding-set={_RIGHTS}", f"--inh-caps={_RIGHTS}") if os.geteuid() == 0 else ()
)
"""What to start a service by so that files' permissions hold for it, also for the superuser."""


@dataclass(frozen=True)
class Running:
    """A service in a process of its own.

    Args:
        process: The process.
        address: Where it listens.
        module: What it was started as.
    """

    process: subprocess.Popen[str]
    address: str
    module: str

    @property
    def service(self) -> str:
        """The full name of its gRPC service."""
        return f"movierec.v1.{self.module.split('_')[0].capitalize()}Service"

    def stop(self, number: int) -> int:
        """Sends a signal, and returns the exit status."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_S)


@contextmanager
def started(module: str, folder: Path, *flags: str, by: Sequence[str] = ()) -> Iterator[Running]:
    """Runs a service on a free port, in a folder, with its defaults; kills it at the end.

    Args:
        module: What to start, with `python -m`.
        folder: Where; `data` and `artifacts` lie there.
        *flags: More settings.
        by: The command that starts it, if another does.
    """
    with subprocess.Popen(
        [*by, sys.executable, "-m", module, "--listen", "127.0.0.1:0", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
    ) as process:
        try:
            assert process.stdout
            line = process.stdout.readline()
            listening = re.fullmatch(r"\w+ listening on (127\.0\.0\.1:\d+)\n", line)
            assert listening, f"it said {line!r} instead of where it listens"
            yield Running(process, listening[1], module)
        finally:
            process.kill()


def refused_start(module: str, folder: Path, *flags: str) -> str:
    """Starts a service that does not serve; returns what it says on standard error.

    Args:
        module: What to start, with `python -m`.
        folder: Where.
        *flags: All settings.
    """
    ended = subprocess.run(
        [sys.executable, "-m", module, *flags],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=DEADLINE_S,
        check=False,
    )
    assert ended.returncode == 1
    return ended.stderr
