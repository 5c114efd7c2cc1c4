"""A process that publishes when it is told to, each time in a process of its own.

`python publisher.py` reads a line of JSON for each publication, says the process
id, and waits there until it is continued: in the meantime a tracer can take hold of
it. When that process has ended it says how: an exit status, or a negative signal.

All is imported once, so that a publication costs a fork, and does nothing but publish.
"""

import ctypes
import json
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

from support.versions import publish_by_hand
from trainer_service.artifact.retention import collect
from trainer_service.errors import PublishError

REFUSED = 3
"""Exit status after an error of the volume, which was said in a sentence."""

PR_SET_PTRACER = 0x59616D61


def publish(artifacts_dir: Path, run_id: str, keep_versions: int | None) -> int:
    """Publishes, and then removes old versions if so many are to be kept."""
    try:
        publish_by_hand(artifacts_dir, run_id)
    except (OSError, PublishError):  # of making the volume ready, or of the publication
        return REFUSED
    if keep_versions is not None:
        collect(
            artifacts_dir,
            artifacts_dir / "control",
            keep_versions=keep_versions,
            keep_for=timedelta(0),
        )
    return 0


def main() -> None:
    """Publishes for each line that comes in on standard input."""
    for line in sys.stdin:
        order = json.loads(line)
        if not (child := os.fork()):
            # Where the kernel lets only parents trace, anybody may trace this one.
            ctypes.CDLL(None).prctl(PR_SET_PTRACER, ctypes.c_ulong(-1))
            os.kill(os.getpid(), signal.SIGSTOP)
            os._exit(publish(Path(order["artifacts_dir"]), order["run_id"], order["keep"]))
        os.waitid(os.P_PID, child, os.WSTOPPED)
        print(child, flush=True)  # noqa: T201  # that is how it answers
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
