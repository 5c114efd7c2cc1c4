"""Recommenders that several processes answer for, and connections to each of these."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from support.connections import channel_to
from support.processes import is_alive, worker_processes
from support.recommenders import AskedRecommender
from support.servers import until, wait_until_serving
from support.services import Running, started

Asked = dict[int, AskedRecommender]
"""By process id."""


@contextmanager
def workers(folder: Path, *flags: str, count: int = 2) -> Iterator[Running]:
    """A recommender that so many processes answer for."""
    usual = ("--workers", str(count), "--poll-interval-s", "0.05")
    with started("recommender_service", folder, *usual, *flags) as service:
        assert len(worker_processes(service.process.pid)) == count - 1
        yield service


def processes(service: Running) -> list[int]:
    """The processes that answer, the first one first."""
    return [service.process.pid, *worker_processes(service.process.pid)]


@contextmanager
def asked_each(service: Running, options: list[tuple[str, int]] | None = None) -> Iterator[Asked]:
    """A connection to each process, once all serve."""
    with ExitStack() as stack:
        asked = {}
        for pid in processes(service):
            channel = stack.enter_context(channel_to(pid, service.address, options))
            wait_until_serving(channel)
            asked[pid] = AskedRecommender(service.address, channel)
        yield asked


def all_gone(pids: Sequence[int]) -> None:
    """Waits until processes have ended."""
    until(lambda: [pid for pid in pids if is_alive(pid)], lambda alive: alive == [])
