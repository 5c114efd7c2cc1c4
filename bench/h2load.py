"""Runs `h2load`, the load generator in C of nghttp2, against a gRPC server."""

import re
import resource
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

CLIENTS = 8
STREAMS = 8
"""Of each client, at a time."""

WARM_UP_S = 1


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a load.

    Args:
        replies_per_s: All that were asked for and came.
        p50_s: What half of the calls did not take longer than.
        p99_s: What 99 of 100 calls did not take longer than.
        failed_count: Calls that came to nothing.
        took_s: From the start of h2load to its end.
        processor_s: Of processor time that h2load took meanwhile.
    """

    replies_per_s: float
    p50_s: float
    p99_s: float
    failed_count: int
    took_s: float
    processor_s: float


def load(
    address: str, path: str, message: bytes, *, seconds: int, rate: float | None = None
) -> Load:
    """Sends the same request for a while.

    Args:
        address: HOST:PORT.
        path: Of the method.
        message: The request, encoded.
        seconds: How long it is measured, after a warm-up.
        rate: Calls a second, of all clients; None is as many as there can be.

    Raises:
        RuntimeError: There is no `h2load`, or it did not say what came of it.
    """
    if not shutil.which("h2load"):
        raise RuntimeError("h2load is not there: install Debian's package nghttp2-client")
    with TemporaryDirectory() as temporary:
        body, log = Path(temporary) / "body", Path(temporary) / "log"
        # A frame of gRPC: not compressed, the length, the message.
        body.write_bytes(b"\0" + len(message).to_bytes(4, "big") + message)
        began, before = time.perf_counter(), _processor_s()
        said = subprocess.run(
            [
                *("h2load", "--clients", str(CLIENTS), "--max-concurrent-streams", str(STREAMS)),
                *("--duration", str(seconds), "--warm-up-time", str(WARM_UP_S)),
                *("--data", str(body), "--log-file", str(log)),
                *("--header", "content-type: application/grpc", "--header", "te: trailers"),
                *(("--rps", f"{rate / CLIENTS:.3f}") if rate else ()),
                f"http://{address}{path}",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        ).stdout
        took_s, processor_s = time.perf_counter() - began, _processor_s() - before
        # Start, status and how long it took, in microseconds; of those that the end cut off, 0.
        calls = [line.split() for line in log.read_text(encoding="ascii").splitlines()]
    rate_found = re.search(r"finished in .*?, ([0-9.]+) req/s", said)
    failed = re.search(r"(\d+) failed, (\d+) errored, (\d+) timeout", said)
    if not rate_found or not failed or not calls:
        raise RuntimeError(f"h2load did not say what came of it:\n{said}")
    took = [int(microseconds) / 1e6 for _, status, microseconds in calls if status == "200"]
    hundredths = quantiles(took, n=100, method="inclusive")
    return Load(
        replies_per_s=float(rate_found[1]),
        p50_s=hundredths[49],
        p99_s=hundredths[98],
        failed_count=sum(map(int, failed.groups())),
        took_s=took_s,
        processor_s=processor_s,
    )


def _processor_s() -> float:
    """Processor time of all processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
