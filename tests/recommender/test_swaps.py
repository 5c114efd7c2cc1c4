"""Versions that change under load: no call is lost, and memory does not grow."""

import statistics
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import grpc
import numpy as np
import pytest

from movierec.v1 import recommender_pb2 as pb
from support.recommenders import AskedRecommender
from support.servers import DEADLINE_S, wait_until_serving
from support.services import Running, started
from support.versions import publication, publish

Item = TypeVar("Item")

MOVIES = 2_000
CLIENTS = 16
SWAPS_UNDER_LOAD = 50
SWAPS = 500
REQUEST = pb.RecommendRequest(seeds=[pb.Seed(movie_id=10)], top_k=250)
"""Its answer comes in three messages."""


@pytest.fixture
def artifacts_dir(tmp_path: Path) -> Path:
    return tmp_path / "artifacts"


@pytest.fixture
def recommender(tmp_path: Path, artifacts_dir: Path) -> Iterator[tuple[Running, AskedRecommender]]:
    """A process that serves version 1, and forgets each version that does not serve."""
    publish_number(artifacts_dir, 1)
    # Nobody reads its log, which therefore must not be long.
    flags = ("--loaded-versions", "1", "--poll-interval-s", "0.05", "--log-level", "warning")
    with (
        started("recommender_service", tmp_path, *flags) as service,
        grpc.insecure_channel(service.address) as channel,
    ):
        wait_until_serving(channel)
        yield service, AskedRecommender(service.address, channel)


def publish_number(artifacts_dir: Path, number: int) -> None:
    """Publishes a version of movies whose titles all say which version they are of."""
    titles = [f"v{number} film {i} ({1900 + i % 100})" for i in range(MOVIES)]
    vectors = np.random.default_rng(number).normal(size=(MOVIES, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    published = publication(titles, [0] * MOVIES, embeddings=vectors)
    assert publish(artifacts_dir, published) == number


class Load:
    """Clients that ask all the time, each on a connection of its own.

    Args:
        address: Whom they ask.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._changed = threading.Condition()
        self._ended = False
        self.failures: list[str] = []
        self.seen: list[list[int]] = [[] for _ in range(CLIENTS)]
        """Of each client, the versions of its answers."""

    @contextmanager
    def running(self) -> Iterator[None]:
        """Has the clients ask until the end."""
        clients = [threading.Thread(target=self._ask, args=[seen]) for seen in self.seen]
        for client in clients:
            client.start()
        try:
            yield
        finally:
            self._ended = True
            for client in clients:
                client.join(DEADLINE_S)

    def wait_for(self, number: int) -> None:
        """Waits until some client is answered from a version."""
        with self._changed:
            assert self._changed.wait_for(
                lambda: self.failures or any(number in seen[-1:] for seen in self.seen), DEADLINE_S
            )

    def _ask(self, seen: list[int]) -> None:
        options = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(self._address, options) as channel:
            asked = AskedRecommender(self._address, channel)
            while not self._ended:
                try:
                    answers = list(asked.stub.Recommend(REQUEST, timeout=DEADLINE_S))
                except grpc.RpcError as error:
                    self._tell(self.failures, str(error))
                    return
                number = answers[0].header.model_version
                titles = [movie.title for answer in answers for movie in answer.recommendations]
                if len(titles) != 250 or {title.split()[0] for title in titles} != {f"v{number}"}:
                    self._tell(self.failures, f"an answer of {number} with {titles}")
                self._tell(seen, number)

    def _tell(self, where: list[Item], what: Item) -> None:
        with self._changed:
            where.append(what)
            self._changed.notify_all()


def resident_mib(process: int) -> float:
    """The memory of a process that is in use, in MiB."""
    status = (Path("/proc") / str(process) / "status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def memory_after(recommender: tuple[Running, AskedRecommender], swaps: int) -> float:
    """Pins one version after the other; the median of the memory after each of the last ten."""
    service, asked = recommender
    found = []
    for swap in range(swaps):
        number = 1 + swap % 5
        assert asked.pin(number).serving_version == number
        assert asked.answering() == number
        found.append(resident_mib(service.process.pid))
    return statistics.median(found[-10:])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_fifty_swaps_under_load_lose_no_call_and_five_hundred_no_memory(
    recommender: tuple[Running, AskedRecommender], artifacts_dir: Path
) -> None:
    load = Load(recommender[0].address)
    numbers = list(range(1, SWAPS_UNDER_LOAD + 2))
    with load.running():
        load.wait_for(1)
        for number in numbers[1:]:
            publish_number(artifacts_dir, number)
            load.wait_for(number)
    assert load.failures == []
    assert all(seen == sorted(seen) for seen in load.seen)
    assert sorted({number for seen in load.seen for number in seen}) == numbers

    after_fifty = memory_after(recommender, 10)
    after_all = memory_after(recommender, SWAPS - SWAPS_UNDER_LOAD - 10)
    assert after_all <= 1.1 * after_fifty
