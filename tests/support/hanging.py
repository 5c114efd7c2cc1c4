"""Volumes that hang: a process whose system calls on them do not return."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.servers import until

CALLS = "openat,open,newfstatat,stat,statx,getdents64,mkdir,mkdirat,rename,renameat,unlink,unlinkat"
FOR_EVER = 1_000_000_000
"""Microseconds; far more than any test takes."""


def needs_strace() -> None:
    """Skips a test where there can be no strace; fails it where it only is not installed."""
    if not sys.platform.startswith("linux"):
        pytest.skip("hangs are made by strace, which there is on Linux only")
    if not shutil.which("strace"):
        pytest.fail("strace is not installed: apt-get install strace")


def all_of(volume: Path) -> list[Path]:
    """What there is on a volume, and what may come to be in its control folder."""
    control = volume / "control"
    names = ("activation.json", ".activation.json.lock", "replicas")
    return sorted({volume, *volume.rglob("*"), control, *(control / name for name in names)})


@contextmanager
def hanging(process: int, paths: Sequence[Path]) -> Iterator[None]:
    """Has all that a process asks of files and folders hang, until the end.

    Args:
        process: Its id.
        paths: As the process calls them; they need not be there.
    """
    known = [call for call in CALLS.split(",") if _is_known(call)]
    with subprocess.Popen(
        [
            *("strace", "-f", "-qq", "-o", "/dev/null", "-p", str(process)),
            *(argument for path in paths for argument in ("-P", str(path))),
            *("-e", f"trace={','.join(known)}"),
            *("-e", f"inject={','.join(known)}:delay_enter={FOR_EVER}"),
        ],
        stderr=subprocess.PIPE,
        text=True,
    ) as strace:
        try:
            until(lambda: _tracer_of(process) or strace.poll(), lambda value: value is not None)
            if strace.poll() is not None:
                assert strace.stderr
                pytest.fail(f"strace cannot watch the recommender: {strace.stderr.read()}")
            yield
        finally:
            strace.kill()


def has_ended(process: int) -> bool:
    """Whether a process has ended, also while somebody still watches its threads."""
    return _status_of(process)["State"].startswith("Z")


def _is_known(call: str) -> bool:
    """Whether there is such a system call on this machine."""
    command = ["strace", "-e", f"trace={call}", "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _tracer_of(process: int) -> int | None:
    return int(_status_of(process)["TracerPid"]) or None


def _status_of(process: int) -> dict[str, str]:
    lines = (Path("/proc") / str(process) / "status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)
