"""`python -m recommender_service.worker DESCRIPTOR`: a further worker, started by the first one.

It follows what comes in on the socket of that descriptor, which is its lifeline too: when it
ends, the first one is gone.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
from contextlib import suppress

import uvloop

from movierec.chassis.ending import end_process
from movierec.chassis.logs import set_up_logs
from recommender_service.__main__ import tune
from recommender_service.service.worker import Worker
from recommender_service.settings import RecommenderSettings
from recommender_service.workers.line import Line

log = logging.getLogger(__name__)


async def work(line: Line) -> None:
    """Follows the first worker until that is gone, or a signal comes; then ends in order.

    When the first one is gone while this ends in order already, it ends at once:
    somebody was told twice.

    Raises:
        OSError: It cannot begin, or not do what it was told.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    begin, _ = await line.receive()
    settings = RecommenderSettings.model_validate(begin["settings"])
    set_up_logs(settings.log_level, settings.log_format, f"worker {begin['number']}")
    worker = Worker(settings, begin["first"])
    following = asyncio.create_task(_follow(line, worker))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([following, stopping], return_when=asyncio.FIRST_COMPLETED)
        if following.done():
            following.result()
            log.warning("the first worker is gone: stopping")
        else:
            following.add_done_callback(lambda it: it.cancelled() or os._exit(1))
    finally:
        await worker.stop()


async def _follow(line: Line, worker: Worker) -> None:
    """Does what the first worker says, until that is gone."""
    with suppress(EOFError, ConnectionError):
        while True:  # it has begun, or done what it was told
            await line.send({"metrics_url": worker.metrics_url})
            await worker.do(*await line.receive())


if __name__ == "__main__":
    tune()
    with suppress(EOFError):  # before it had begun
        uvloop.run(work(Line(socket.socket(fileno=int(sys.argv[1])))))
    end_process(0)
