"""Publications under `strace`, which ends or refuses them at a chosen system call."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.servers import DEADLINE_S

CALLS = ("openat", "write", "fsync", "mkdir", "rename", "unlinkat", "rmdir")
"""All that changes a volume while a version is published, and reading besides: files and
folders are opened by the first, whatever for."""


@dataclass(frozen=True)
class Publisher:
    """The process that publishes; see `support.publisher`.

    Args:
        process: With a line for each publication.
    """

    process: subprocess.Popen[str]

    def publish(
        self,
        artifacts_dir: Path,
        run_id: str,
        *,
        keep: int | None = None,
        strace: Sequence[str] = (),
    ) -> int:
        """Publishes a version; returns the exit status, or a negative signal.

        Args:
            artifacts_dir: The volume's folder.
            run_id: The run that publishes.
            keep: How many versions to keep, if old ones are to be removed.
            strace: Options to trace it with, if it is to be traced.
        """
        order = {"artifacts_dir": str(artifacts_dir), "run_id": run_id, "keep": keep}
        assert self.process.stdin
        self.process.stdin.write(f"{json.dumps(order)}\n")
        self.process.stdin.flush()
        publishing = int(self._answer())
        with traced(publishing, strace) if strace else nullcontext():
            os.kill(publishing, signal.SIGCONT)
            return int(self._answer())

    def _answer(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline()


def kill_at(call: str, turn: int) -> list[str]:
    """Options that end a process when it begins a system call for the so-manieth time."""
    return ["-o", os.devnull, "-e", f"inject={call}:signal=KILL:when={turn}"]


def refuse(call: str, turn: int, error: str) -> list[str]:
    """Options that refuse a system call, the so-manieth of its name, with an error."""
    return ["-o", os.devnull, "-e", f"inject={call}:error={error}:when={turn}"]


def record(log: Path) -> list[str]:
    """Options that write down all that changes a volume, with the paths of what it is done to."""
    return ["-y", "-o", str(log), "-e", f"trace={','.join(CALLS)}"]


@contextmanager
def traced(process: int, options: Sequence[str]) -> Iterator[None]:
    """Traces a process that stands still; it ends before the tracing does."""
    with subprocess.Popen(
        ["strace", "-p", str(process), *options], stderr=subprocess.PIPE, text=True
    ) as strace:
        assert strace.stderr
        said = strace.stderr.readline()
        assert "attached" in said, f"strace cannot trace: {said}"
        yield
        strace.wait(DEADLINE_S)


@pytest.fixture(scope="module")
def publisher() -> Iterator[Publisher]:
    """A publisher for the tests of a module."""
    if not sys.platform.startswith("linux"):
        pytest.skip("strace traces Linux' system calls")
    if not shutil.which("strace"):
        pytest.fail("strace is not installed, which this test kills with: apt-get install strace")
    with subprocess.Popen(
        [sys.executable, "-m", "support.publisher"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        yield Publisher(process)
        assert process.stdin
        process.stdin.close()
