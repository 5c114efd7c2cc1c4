"""A recommender that is told to stop while streams are under way."""

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from movierec.chassis import gate, health
from movierec.v1 import recommender_pb2 as pb
from movierec.v1.recommender_pb2_grpc import RecommenderServiceStub
from support.recommenders import SLOW_READER, running_recommender
from support.servers import DEADLINE_S, wait_until_serving
from support.services import Running, started
from support.versions import publish_many

REQUEST = pb.RecommendRequest(seeds=[pb.Seed(movie_id=10)], top_k=1_000)


@pytest.fixture
def grace() -> str:
    return "60"


@pytest.fixture
def recommender(tmp_path: Path, grace: str) -> Iterator[Running]:
    publish_many(tmp_path / "artifacts", "Film")
    with started("recommender_service", tmp_path, "--shutdown-grace-s", grace) as running:
        yield running


@pytest.fixture
def channel(recommender: Running) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(recommender.address, SLOW_READER) as channel:
        wait_until_serving(channel)
        yield channel


def told_to_stop(recommender: Running, channel: grpc.Channel) -> None:
    """Sends SIGTERM; returns once the recommender says that it is not ready, and takes no calls."""
    goes_away = threading.Event()

    def see(state: grpc.ChannelConnectivity) -> None:
        if state is not grpc.ChannelConnectivity.READY:
            goes_away.set()

    channel.subscribe(see)
    stub = health_pb2_grpc.HealthStub(channel)
    watch = stub.Watch(health_pb2.HealthCheckRequest(), timeout=DEADLINE_S)
    next(watch)
    goes_away.clear()
    recommender.process.send_signal(signal.SIGTERM)
    assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert goes_away.wait(DEADLINE_S)


def test_a_stream_under_way_is_finished_and_a_new_one_is_refused(
    recommender: Running, channel: grpc.Channel
) -> None:
    stub = RecommenderServiceStub(channel)
    stream = stub.Recommend(REQUEST, timeout=DEADLINE_S)
    first = next(stream)
    told_to_stop(recommender, channel)
    with pytest.raises(grpc.RpcError) as refused:
        list(stub.Recommend(REQUEST, timeout=DEADLINE_S))
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert recommender.process.poll() is None
    ranks = [movie.rank for answer in (first, *stream) for movie in answer.recommendations]
    assert ranks == list(range(1, 1_001))
    assert stream.code() is grpc.StatusCode.OK
    assert recommender.process.wait(DEADLINE_S) == 0


@pytest.mark.parametrize("grace", ["0.1"])
def test_a_stream_that_nobody_reads_does_not_hold_the_process_beyond_the_grace(
    recommender: Running, channel: grpc.Channel
) -> None:
    stream = RecommenderServiceStub(channel).Recommend(REQUEST)
    next(stream)
    assert recommender.stop(signal.SIGTERM) == 0
    assert recommender.process.stderr
    assert "were cut off" in recommender.process.stderr.read()


def test_liveness_is_not_taken_back_by_a_process_that_ends_in_order(
    recommender: Running, channel: grpc.Channel
) -> None:
    stub = health_pb2_grpc.HealthStub(channel)
    request = health_pb2.HealthCheckRequest(service="liveness")
    watch = stub.Watch(request, timeout=DEADLINE_S)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
    assert recommender.stop(signal.SIGTERM) == 0
    assert not list(watch)


def test_a_call_that_was_sent_before_its_client_could_hear_of_the_stop_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a client that balances by health, and so watches; and with no retry."""
    monkeypatch.setattr(health, "CLIENTS_HEAR_S", 2.0)
    publish_many(tmp_path / "artifacts", "Film")
    with ThreadPoolExecutor(1) as pool, ExitStack() as stack:
        with running_recommender(tmp_path / "artifacts") as recommender:
            options = [("grpc.enable_retries", 0)]
            channel = stack.enter_context(grpc.insecure_channel(recommender.address, options))
            wait_until_serving(channel)
            stub = health_pb2_grpc.HealthStub(channel)
            watch = stub.Watch(health_pb2.HealthCheckRequest(), timeout=DEADLINE_S)
            next(watch)

            def ask_as_it_stops() -> int:
                assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
                answer = RecommenderServiceStub(channel).Recommend(REQUEST, timeout=DEADLINE_S)
                return sum(len(part.recommendations) for part in answer)

            asked = pool.submit(ask_as_it_stops)
        assert asked.result(DEADLINE_S) == 1_000


def test_a_call_that_comes_too_late_is_turned_away_as_one_to_be_made_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As far as it comes before gRPC's own server stops, which says CANCELLED."""
    monkeypatch.setattr(gate, "QUIET_S", 5.0)
    monkeypatch.setattr(gate, "TURNING_AWAY_S", 5.0)
    with ThreadPoolExecutor(1) as pool, ExitStack() as stack:
        with running_recommender(tmp_path / "artifacts") as recommender:
            options = [("grpc.enable_retries", 0)]
            channel = stack.enter_context(grpc.insecure_channel(recommender.address, options))
            stub = RecommenderServiceStub(channel)
            stub.ListVersions(pb.ListVersionsRequest(), timeout=DEADLINE_S)

            def ask_until_it_stops() -> grpc.RpcError:
                while True:
                    try:
                        stub.ListVersions(pb.ListVersionsRequest(), timeout=DEADLINE_S)
                    except grpc.RpcError as error:
                        return error

            asked = pool.submit(ask_until_it_stops)
        refused = asked.result(DEADLINE_S)
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    for message, packed in zip((info, retry), rpc_status.from_call(refused).details, strict=True):
        assert packed.Unpack(message)
    assert (refused.code(), info.reason) == (grpc.StatusCode.UNAVAILABLE, "STOPPING")
    trailers = {item.key: item.value for item in refused.trailing_metadata()}
    assert int(trailers["grpc-retry-pushback-ms"]) == retry.retry_delay.ToMilliseconds() == 1_000
