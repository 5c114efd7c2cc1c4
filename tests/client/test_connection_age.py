"""Connections that come to an end: those who were added are found, and no call notices."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from movierec.v1 import recommender_pb2 as pb
from movierec.v1.recommender_pb2_grpc import RecommenderServiceStub
from movierec_client import channels
from support.client_drivers import AsyncDriver, BlockingDriver
from support.names import name_server
from support.recommenders import SLOW_READER, AskedRecommender, running_recommender
from support.servers import DEADLINE_S, until, wait_until_serving
from support.versions import publish_many

KINDS = pytest.mark.parametrize("kind", [BlockingDriver, AsyncDriver], ids=["blocking", "async"])
AGE_S = 0.05
ENDS = 5
"""After how many connections that have ended a test has seen enough."""


@contextmanager
def serving(folder: Path, titles: str, **settings: object) -> Iterator[AskedRecommender]:
    """A recommender whose connections last no time, with films by which it is told from others."""
    publish_many(folder, titles)
    with running_recommender(folder, connection_age_s=AGE_S, **settings) as recommender:
        wait_until_serving(recommender.channel)
        yield recommender


class Watched:
    """A channel of its own to a recommender, of which it is known how often it was connected.

    Args:
        recommender: The recommender.
        options: More of the channel's.
    """

    def __init__(self, recommender: AskedRecommender, options: list[tuple[str, int]]) -> None:
        # No policy has calls made again. What a server has not seen gRPC sends again by itself.
        alone = ("grpc.use_local_subchannel_pool", 1)
        self.channel = grpc.insecure_channel(recommender.address, [alone, *options])
        self.stub = RecommenderServiceStub(self.channel)
        self.ended = threading.Semaphore(0)
        self.ends = 0
        self._was_ready = False
        self.channel.subscribe(self._on_change)

    def _on_change(self, state: grpc.ChannelConnectivity) -> None:
        is_ready = state is grpc.ChannelConnectivity.READY
        if self._was_ready and not is_ready:
            self.ends += 1
            self.ended.release()
        self._was_ready = is_ready


@contextmanager
def watched(
    recommender: AskedRecommender, options: list[tuple[str, int]] | None = None
) -> Iterator[Watched]:
    """A channel that is connected, makes no call again, and is closed at the end."""
    watched = Watched(recommender, options or [])
    with watched.channel:
        yield watched


def all_of(answer: Iterator[pb.RecommendResponse]) -> list[int]:
    return [movie.rank for message in answer for movie in message.recommendations]


def asked(stub: RecommenderServiceStub) -> Iterator[pb.RecommendResponse]:
    request = pb.RecommendRequest(seeds=[pb.Seed(movie_id=10)], top_k=1_000)
    answer: Iterator[pb.RecommendResponse] = stub.Recommend(request, timeout=DEADLINE_S)
    return answer


@KINDS
def test_a_client_that_runs_finds_a_recommender_that_is_added(
    kind: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "_LOOK_UP_AGAIN_MS", 10)
    with serving(tmp_path / "one", "One") as one, name_server() as names:
        port = int(one.address.rpartition(":")[2])
        names.addresses = ["127.0.0.1"]
        driver = kind(recommender=names.target(port))

        def who_answers() -> str:
            (movie,) = driver.items(lambda client: client.recommend([10], k=1))
            return str(movie.title.split()[0])

        assert who_answers() == "One"
        with serving(tmp_path / "other", "Other", listen=f"127.0.0.2:{port}"):
            names.addresses = ["127.0.0.1", "127.0.0.2"]
            assert until(who_answers, lambda name: name == "Other")
            assert until(who_answers, lambda name: name == "One")
        driver.close()


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda stub: len(all_of(asked(stub))) == 1_000, id="streams"),
        pytest.param(
            lambda stub: stub.GetModel(pb.GetModelRequest(), timeout=DEADLINE_S).HasField(
                "manifest"
            ),
            id="single answers",
        ),
    ],
)
def test_no_call_fails_as_connections_end_though_no_policy_has_any_made_again(
    tmp_path: Path, ask: Callable[[RecommenderServiceStub], bool]
) -> None:
    with serving(tmp_path, "Film") as recommender, watched(recommender) as client:

        def ask_until_it_is_over(_: int) -> None:
            while client.ends < ENDS:
                assert ask(client.stub)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(ask_until_it_is_over, range(8)))


def test_a_stream_that_outlasts_its_connections_age_is_answered_whole(tmp_path: Path) -> None:
    with serving(tmp_path, "Film") as recommender, watched(recommender, SLOW_READER) as client:
        answer = asked(client.stub)
        first = next(answer)
        assert client.ended.acquire(timeout=DEADLINE_S)
        assert all_of(iter([first, *answer])) == list(range(1, 1_001))
