"""Clients that mean no good, or know no better, on a recommender of its own process."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import grpc
import pytest

from movierec.v1 import recommender_pb2 as pb
from movierec.v1.recommender_pb2_grpc import RecommenderServiceStub
from support.processes import peak_mib, resident_mib
from support.recommenders import SLOW_READER
from support.servers import DEADLINE_S, wait_until_serving
from support.services import Running, started
from support.statuses import outcome, refused
from support.versions import publish_many

METHOD = "/movierec.v1.RecommenderService/Recommend"


@pytest.fixture
def recommender(tmp_path: Path) -> Iterator[Running]:
    """One that serves 1,200 movies with long titles."""
    publish_many(tmp_path / "artifacts", "Film")
    with started("recommender_service", tmp_path, "--log-level", "error") as running:
        with grpc.insecure_channel(running.address) as channel:
            wait_until_serving(channel)
        yield running


def is_answered(running: Running) -> bool:
    """Whether somebody else is, on a connection of their own."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(running.address, options) as channel:
        stub = RecommenderServiceStub(channel)
        request = pb.RecommendRequest(seeds=[pb.Seed(movie_id=10)])
        (answer,) = stub.Recommend(request, timeout=DEADLINE_S)
        return len(answer.recommendations) == 10


@pytest.mark.parametrize(
    "request_of",
    [
        pytest.param(
            lambda i: pb.RecommendRequest(seeds=[pb.Seed(movie_id=10 + 10 * i)], top_k=1_000),
            id="long answers",
        ),
        pytest.param(
            lambda i: pb.RecommendRequest(
                seeds=[pb.Seed(movie_id=10 + 10 * j) for j in range(100 + i % 7)],
                top_k=1_000,
                diversity=0.5,
                explain=True,
            ),
            id="explained answers",
        ),
    ],
)
def test_a_thousand_streams_that_nobody_reads_take_little_memory_and_hold_up_nobody(
    recommender: Running, request_of: Callable[[int], pb.RecommendRequest]
) -> None:
    assert is_answered(recommender)
    before = resident_mib(recommender.process.pid)
    with grpc.insecure_channel(recommender.address, SLOW_READER) as channel:
        stub = RecommenderServiceStub(channel)
        streams = [stub.Recommend(request_of(i)) for i in range(1_000)]
        next(streams[0])
        for _ in range(20):
            assert is_answered(recommender)
        assert resident_mib(recommender.process.pid) - before < 80
        for stream in streams:
            stream.cancel()
    assert is_answered(recommender)


EXCLUDING = pb.MovieFilter(
    excluded=[
        pb.ExcludedMovie(title=f"No film has a title like this one, {i} {'x' * 40}")
        for i in range(10_000)
    ]
)


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(
            pb.RecommendRequest(seeds=[pb.Seed(movie_id=10)], filter=EXCLUDING), id="that are legal"
        ),
        pytest.param(
            pb.RecommendRequest(seeds=[pb.Seed()] * 500_000), id="that take 25 MiB decoded"
        ),
        pytest.param(
            pb.RecommendRequest(seeds=[pb.Seed(movie_id=10)] * 250_000), id="of too many seeds"
        ),
        pytest.param(
            pb.RecommendRequest(version=pb.VersionSelector(label="x" * 1_000_000)),
            id="of a version that is not there",
        ),
    ],
)
def test_a_flood_of_large_requests_takes_little_memory_and_holds_up_nobody(
    recommender: Running, request_: pb.RecommendRequest
) -> None:
    assert 800_000 < request_.ByteSize() < 1024 * 1024
    assert is_answered(recommender)
    before = resident_mib(recommender.process.pid)
    with grpc.insecure_channel(recommender.address) as channel:
        stub = RecommenderServiceStub(channel)
        streams = [stub.Recommend(request_, timeout=DEADLINE_S) for _ in range(200)]
        with suppress(grpc.RpcError):
            next(streams[0])
        for _ in range(20):
            assert is_answered(recommender)
        # 128 of them as bytes, which are taken at a time, and two decoded; at no time more.
        assert peak_mib(recommender.process.pid) - before < 250
        for stream in streams:
            stream.cancel()
    assert is_answered(recommender)


def test_streams_that_are_reset_leave_the_recommender_as_it_was(recommender: Running) -> None:
    with ExitStack() as stack:
        for _ in range(50):
            channel = stack.enter_context(grpc.insecure_channel(recommender.address, SLOW_READER))
            stub = RecommenderServiceStub(channel)
            stream = stub.Recommend(pb.RecommendRequest(seeds=[pb.Seed(movie_id=10)], top_k=1_000))
            batch = stub.BatchRecommend(iter(()))
            next(stream)
            stream.cancel()
            batch.cancel()
            channel.close()  # in the middle of what was sent
    assert is_answered(recommender)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"\xff\xff\xff\xff", ("INVALID_ARGUMENT", "INVALID_REQUEST")),
        (b"\xff" * 10_000, ("INVALID_ARGUMENT", "INVALID_REQUEST")),
        # A title of bytes that are no UTF-8, as unpaired surrogates are none.
        (b"\x0a\x05\x12\x03\xed\xa0\x80", ("INVALID_ARGUMENT", "INVALID_REQUEST")),
        (
            pb.RecommendRequest(seeds=[pb.Seed(title="x" * 1_000_000)]).SerializeToString(),
            ("NOT_FOUND", "UNKNOWN_SEEDS"),
        ),
        (
            pb.RecommendRequest(seeds=[pb.Seed(title="x" * 1024 * 1024)]).SerializeToString(),
            ("RESOURCE_EXHAUSTED", "REQUEST_TOO_LARGE"),
        ),
        (
            pb.RecommendRequest(seeds=[pb.Seed(title="\0" * 1_000_000)]).SerializeToString(),
            ("NOT_FOUND", "UNKNOWN_SEEDS"),
        ),
    ],
    ids=[
        "no message",
        "no message, and long",
        "no text",
        "a megabyte of a title",
        "more than that",
        "a megabyte of NUL",
    ],
)
def test_whatever_bytes_come_have_a_defined_end(
    recommender: Running, payload: bytes, expected: tuple[str, str]
) -> None:
    with grpc.insecure_channel(recommender.address) as channel:
        call: Any = channel.unary_stream(METHOD)
        assert outcome(refused(lambda: list(call(payload, timeout=DEADLINE_S)))) == expected
    assert is_answered(recommender)


def test_a_message_over_the_limit_is_refused_by_its_size(recommender: Running) -> None:
    request = pb.RecommendRequest(seeds=[pb.Seed(title="x" * 5 * 1024 * 1024)])
    with grpc.insecure_channel(recommender.address) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            list(RecommenderServiceStub(channel).Recommend(request, timeout=DEADLINE_S))
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "4194304" in str(caught.value.details())
    assert is_answered(recommender)
