"""Several processes that answer on one port: they end together, and in order."""

import os
import signal
import sys
from pathlib import Path

import grpc
import pytest

from movierec.v1 import recommender_pb2 as pb
from support.processes import is_alive
from support.recommenders import SLOW_READER
from support.servers import DEADLINE_S, health_of, until
from support.versions import publish_by_hand, publish_many
from support.workers import all_gone, asked_each, processes, workers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shares ports so")

REQUEST = pb.RecommendRequest(seeds=[pb.Seed(movie_id=10)], top_k=1_000)


@pytest.fixture
def artifacts_dir(tmp_path: Path) -> Path:
    return tmp_path / "artifacts"


def test_when_the_first_is_killed_the_others_end_and_the_port_is_free(
    tmp_path: Path, artifacts_dir: Path
) -> None:
    publish_by_hand(artifacts_dir)
    with workers(tmp_path, count=3) as service, asked_each(service):
        pids = processes(service)
        service.process.kill()
        service.process.wait(DEADLINE_S)
        all_gone(pids)
        again = ("--listen", service.address)
        with workers(tmp_path, *again) as following, asked_each(following) as each:
            assert [asked.answering() for asked in each.values()] == [1, 1]


@pytest.mark.parametrize("which", ["the first", "all"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stream_of_any_process_is_finished_when_they_are_told_to_stop(
    tmp_path: Path, artifacts_dir: Path, number: int, which: str
) -> None:
    publish_many(artifacts_dir, "Film")
    with workers(tmp_path, "--shutdown-grace-s", "60") as service:
        pids = processes(service)
        with asked_each(service, SLOW_READER) as each:
            streams = [asked.stub.Recommend(REQUEST, timeout=DEADLINE_S) for asked in each.values()]
            begun = [next(stream) for stream in streams]
            for pid in pids if which == "all" else pids[:1]:
                os.kill(pid, number)
            until(lambda: refused(service.address), bool)
            assert service.process.poll() is None
            for first, stream in zip(begun, streams, strict=True):
                answers = (first, *stream)
                ranks = [movie.rank for answer in answers for movie in answer.recommendations]
                assert ranks == list(range(1, 1_001))
        assert service.process.wait(DEADLINE_S) == 0
        assert not any(map(is_alive, pids))
        assert service.process.stderr
        assert "Traceback" not in service.process.stderr.read()


def refused(address: str) -> bool:
    """Whether nobody takes connections at an address."""
    try:
        with grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
            health_of(channel)
    except grpc.RpcError:
        return True
    return False


def test_a_stream_that_nobody_reads_holds_no_process_beyond_the_grace(
    tmp_path: Path, artifacts_dir: Path
) -> None:
    publish_many(artifacts_dir, "Film")
    with workers(tmp_path, "--shutdown-grace-s", "0.5") as service:
        pids = processes(service)
        with asked_each(service, SLOW_READER) as each:
            streams = [asked.stub.Recommend(REQUEST) for asked in each.values()]
            assert all(map(next, streams))
            assert service.stop(signal.SIGTERM) == 0
            all_gone(pids)


def test_a_second_signal_ends_all_at_once(tmp_path: Path, artifacts_dir: Path) -> None:
    publish_many(artifacts_dir, "Film")
    with workers(tmp_path, "--shutdown-grace-s", "3600") as service:
        pids = processes(service)
        with asked_each(service, SLOW_READER) as each:
            streams = [asked.stub.Recommend(REQUEST) for asked in each.values()]
            assert all(map(next, streams))
            service.process.send_signal(signal.SIGTERM)
            until(lambda: refused(service.address), bool)
            assert service.stop(signal.SIGTERM) == 128 + signal.SIGTERM
            all_gone(pids)
