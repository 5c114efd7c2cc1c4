"""The end of a process, whatever its threads are doing."""

import logging
import os
import sys
from contextlib import suppress
from typing import NoReturn


def end_process(status: int) -> NoReturn:
    """Ends this process as soon as its last lines are written.

    A process that ends as Python has it stops each thread that still works, on a volume that
    does not answer or on a version that nobody waits for any more, where it next asks for the
    interpreter's lock. Within C++ that is an exception which must not be swallowed, and where it
    is, as in RapidFuzz, the C library aborts the process ("FATAL: exception not rethrown").

    Args:
        status: Of the process.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # nobody reads it any more
            stream.flush()
    os._exit(status)
