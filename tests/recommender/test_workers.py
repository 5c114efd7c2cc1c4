"""Several processes that answer on one port: they say the same, and follow together."""

import json
import os
import signal
import sys
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import json_format
from grpc_status import rpc_status
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from movierec.v1 import recommender_pb2 as pb
from recommender_service.service.building import Recommender
from recommender_service.settings import RecommenderSettings
from recommender_service.workers import process
from support.connections import channel_to, new_connection
from support.load import Load, publish_number
from support.metrics import metrics_address, scraped
from support.processes import is_alive, worker_processes
from support.recommenders import AskedRecommender, running_recommender
from support.servers import DEADLINE_S, health_of, until, wait_until_serving
from support.services import refused_start, started
from support.versions import publish_by_hand
from support.workers import all_gone, asked_each, processes, workers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shares ports so")

SWAPS = 10
NEW_CONNECTIONS = 12


@pytest.fixture
def artifacts_dir(tmp_path: Path) -> Path:
    return tmp_path / "artifacts"


def said(call: Callable[[], Any]) -> list[dict[str, Any]]:
    """What a call answers, or the whole of its error, as JSON has it."""
    try:
        answer = call()
    except grpc.RpcError as error:
        answer = rpc_status.from_call(error)
    messages = answer if isinstance(answer, list) else [answer]
    return [json_format.MessageToDict(message) for message in messages]


BATCH = [
    pb.BatchRecommendRequest(query=pb.RecommendRequest(seeds=[pb.Seed(movie_id=movie_id)]))
    for movie_id in (10, 7)
]

CALLS: dict[str, Callable[[AskedRecommender], object]] = {
    "an answer": lambda asked: asked.recommend(10, 30),
    "one of a version": lambda asked: asked.recommend(10, version=1),
    "one of a label": lambda asked: asked.recommend(10, version="old"),
    "a batch": lambda asked: list(asked.stub.BatchRecommend(iter(BATCH), timeout=DEADLINE_S)),
    "a search": lambda asked: asked.stub.SearchMovies(pb.SearchMoviesRequest(query="sabrina")),
    "the model": lambda asked: asked.stub.GetModel(pb.GetModelRequest()),
    "the versions": lambda asked: list(asked.versions()),
    "an unknown seed": lambda asked: asked.recommend(7),
    "a version that is not there": lambda asked: asked.recommend(10, version=9),
    "a label that is not there": lambda asked: asked.recommend(10, version="new"),
    "a version to activate that is not there": lambda asked: asked.pin(9),
    "a page size that is not legal": lambda asked: asked.stub.ListVersions(
        pb.ListVersionsRequest(page_size=-1)
    ),
}


def test_each_process_answers_every_call_the_same(tmp_path: Path, artifacts_dir: Path) -> None:
    publish_by_hand(artifacts_dir)
    publish_by_hand(artifacts_dir)
    with workers(tmp_path, count=3) as service, asked_each(service) as each:
        each[service.process.pid].label("old", 1)
        for name, call in CALLS.items():
            answers = [said(lambda: call(asked)) for asked in each.values()]  # noqa: B023
            assert answers[0] != [{}], name
            assert answers == [answers[0]] * 3, name


def test_before_anything_is_published_each_says_so_and_then_each_serves(
    tmp_path: Path, artifacts_dir: Path
) -> None:
    with workers(tmp_path) as service, ExitStack() as stack:
        channels = [
            stack.enter_context(channel_to(pid, service.address)) for pid in processes(service)
        ]
        asked = [AskedRecommender(service.address, channel) for channel in channels]
        for channel, one in zip(channels, asked, strict=True):
            assert health_of(channel) == "NOT_SERVING"
            assert health_of(channel, "liveness") == "SERVING"
            with pytest.raises(grpc.RpcError, match="no version is loaded yet: train one"):
                one.recommend(10)
        publish_by_hand(artifacts_dir)
        for channel, one in zip(channels, asked, strict=True):
            wait_until_serving(channel)
            assert one.answering() == 1


def test_what_any_process_is_told_to_activate_all_serve_when_it_returns(
    tmp_path: Path, artifacts_dir: Path
) -> None:
    for _ in range(3):
        publish_by_hand(artifacts_dir)
    with workers(tmp_path, "--loaded-versions", "1") as service, asked_each(service) as each:
        for number in (1, 3, 2):
            for told in each.values():
                for pinned in (number, 1 + number % 3):
                    assert told.pin(pinned).serving_version == pinned
                    assert [asked.answering() for asked in each.values()] == [pinned] * 2
                told.label("other", number)
                assert [asked.answering("other") for asked in each.values()] == [number] * 2
                told.follow_the_latest()
                assert [asked.answering() for asked in each.values()] == [3, 3]
                told.unlabel("other")
                for asked in each.values():
                    with pytest.raises(grpc.RpcError, match="label 'other' is not loaded here"):
                        asked.answering("other")


def test_a_call_that_is_passed_on_ends_at_its_deadline_and_holds_up_no_other(
    tmp_path: Path, artifacts_dir: Path
) -> None:
    publish_by_hand(artifacts_dir)
    with workers(tmp_path) as service, asked_each(service) as each:
        second = each[processes(service)[1]]
        os.kill(service.process.pid, signal.SIGSTOP)
        with pytest.raises(grpc.RpcError) as late:
            second.stub.ListVersions(pb.ListVersionsRequest(), timeout=0.5)
        assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert second.answering() == 1
        os.kill(service.process.pid, signal.SIGCONT)
        assert second.states() == {1: "SERVING"}


def test_versions_that_change_under_load_lose_no_call_on_any_process(
    tmp_path: Path, artifacts_dir: Path
) -> None:
    publish_number(artifacts_dir, 1)
    with workers(tmp_path, "--loaded-versions", "1") as service, asked_each(service):
        load = Load(service.address)
        with load.running():
            load.wait_for(1)
            for number in range(2, SWAPS + 2):
                publish_number(artifacts_dir, number)
                load.wait_for(number)
    assert load.failures == []
    assert all(seen == sorted(seen) for seen in load.seen)
    assert {number for seen in load.seen for number in seen} == set(range(1, SWAPS + 2))


def test_the_same_memory_is_mapped_by_all_and_released_by_all(
    tmp_path: Path, artifacts_dir: Path
) -> None:
    for _ in range(3):
        publish_by_hand(artifacts_dir)
    flags = ("--loaded-versions", "1")
    with workers(tmp_path, *flags, count=3) as service, asked_each(service) as each:
        before = [memory_of(pid) for pid in each]
        assert before[0]
        assert before == [before[0]] * 3
        for number in (1, 2, 1):
            each[service.process.pid].pin(number)
        after = until(
            lambda: [memory_of(pid) for pid in each],
            lambda now: len(set(map(frozenset, now))) == 1,
        )
        assert len(after[0]) == len(before[0])
        assert not after[0] & before[0]


def memory_of(pid: int) -> set[str]:
    """The memory of versions that a process has mapped, as the kernel numbers it."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    return {line.split()[4] for line in lines if "memfd:movierec" in line}


def test_a_version_is_loaded_nowhere_before_all_have_it(artifacts_dir: Path) -> None:
    publish_by_hand(artifacts_dir)
    with running_recommender(artifacts_dir, workers=2) as recommender:
        recommender.wait_until_it_serves(1)
        (second,) = worker_processes()
        with (
            channel_to(os.getpid(), recommender.address) as here,
            channel_to(second, recommender.address) as there,
        ):
            asked = AskedRecommender(recommender.address, here)
            os.kill(second, signal.SIGSTOP)
            publish_by_hand(artifacts_dir)
            until(asked.states, lambda states: 2 in states)
            asked.wait_for_looks()
            assert asked.states() == {2: "LOADING", 1: "SERVING"}
            assert asked.answering() == 1
            os.kill(second, signal.SIGCONT)
            asked.wait_until_it_serves(2)
            until(AskedRecommender(recommender.address, there).answering, lambda now: now == 2)


def test_a_worker_that_is_killed_is_missed_by_no_new_connection_and_comes_back(
    tmp_path: Path, artifacts_dir: Path
) -> None:
    publish_by_hand(artifacts_dir)
    with workers(tmp_path) as service:
        with asked_each(service) as each:
            first, second = each
            each[first].label("good", 1)
            os.kill(second, signal.SIGKILL)
            all_gone([second])
            for _ in range(NEW_CONNECTIONS):
                with new_connection(service.address) as channel:
                    assert AskedRecommender(service.address, channel).answering() == 1
        (third,) = until(lambda: worker_processes(first), lambda found: found not in ([], [second]))
        with channel_to(third, service.address) as channel:
            assert health_of(channel) == "SERVING"
            asked = AskedRecommender(service.address, channel)
            assert asked.answering("good") == 1
            assert asked.states() == {1: "SERVING"}
        assert service.stop(signal.SIGTERM) == 0
        assert service.process.stderr
        lines = service.process.stderr.read().splitlines()
        killed = [line for line in lines if f"(process {second}) was killed by SIGKILL" in line]
        assert len(killed) == 1
        assert "it is started again now" in killed[0]


@pytest.mark.parametrize("loaded_before", [True, False])
def test_a_worker_that_does_not_follow_is_replaced_before_an_activation_returns(
    artifacts_dir: Path, monkeypatch: pytest.MonkeyPatch, *, loaded_before: bool
) -> None:
    publish_by_hand(artifacts_dir)
    publish_by_hand(artifacts_dir)
    with (
        running_recommender(artifacts_dir, workers=2) as recommender,
        channel_to(os.getpid(), recommender.address) as here,
    ):
        asked = AskedRecommender(recommender.address, here)
        asked.wait_until_it_serves(2)
        # Returns when the other one follows, so that nothing is on its way to it any more.
        asked.label("settled", 1 if loaded_before else 2)
        (second,) = worker_processes()
        os.kill(second, signal.SIGSTOP)
        monkeypatch.setattr(process, "PATIENCE_S", 1.0)
        assert asked.pin(1).serving_version == 1
        assert not is_alive(second)
        monkeypatch.undo()
        (third,) = until(worker_processes, lambda found: found not in ([], [second]))
        with channel_to(third, recommender.address) as channel:
            assert AskedRecommender(recommender.address, channel).answering() == 1


@pytest.mark.parametrize(("there", "comes"), [("1", "2"), ("2", "2"), ("2", "1")])
def test_a_port_that_another_recommender_has_is_refused(
    tmp_path: Path, there: str, comes: str
) -> None:
    with started("recommender_service", tmp_path, "--workers", there) as service:
        flags = ("--listen", service.address, "--workers", comes)
        said = refused_start("recommender_service", tmp_path, *flags)
        assert f"cannot listen on {service.address}: is the address taken" in said
        assert "Traceback" not in said


def test_each_process_is_scraped_and_told_apart_by_its_number(
    tmp_path: Path, artifacts_dir: Path
) -> None:
    publish_by_hand(artifacts_dir)
    flags = ("--metrics-listen", "127.0.0.1:0")
    with workers(tmp_path, *flags) as service, asked_each(service) as each:
        where = metrics_address(service)
        for times, asked in enumerate(each.values(), start=1):
            for _ in range(times):
                asked.recommend(10)
        found = until(lambda: scraped(where), lambda found: sum(calls_of(found).values()) == 3)
        some = scraped(where, "movierec_workers", "movierec_serving_version")
    assert calls_of(found) == {"1": 1, "2": 2}
    assert found["movierec_remembered_answers_asked_total"] == {
        frozenset({"hit", "1"}): 0,
        frozenset({"miss", "1"}): 1,
        frozenset({"hit", "2"}): 1,
        frozenset({"miss", "2"}): 1,
    }
    for name in ("movierec_serving_version", "process_resident_memory_bytes"):
        assert found[name].keys() == {frozenset({"1"}), frozenset({"2"})}
    assert found["movierec_workers"] == {frozenset({"answering"}): 2, frozenset({"missing"}): 0}
    assert some == {name: found[name] for name in ("movierec_workers", "movierec_serving_version")}


def test_what_is_scraped_of_several_processes_is_read_in_either_form(
    tmp_path: Path, artifacts_dir: Path
) -> None:
    publish_by_hand(artifacts_dir)
    with workers(tmp_path, "--metrics-listen", "127.0.0.1:0") as service:
        where = metrics_address(service)
        plain = answer_of(where, "text/plain; version=0.0.4")
        open_metrics = answer_of(where, "application/openmetrics-text; version=1.0.0")
    names = [line.split()[2] for line in plain.splitlines() if line.startswith("# HELP ")]
    assert sorted(names) == sorted(set(names))
    parsed: Any = text_string_to_metric_families  # which has no types
    assert len(list(parsed(open_metrics))) > 10


def answer_of(where: str, form: str) -> str:
    """What is scraped in a form."""
    asked = urllib.request.Request(f"http://{where}/metrics", headers={"Accept": form})
    with urllib.request.urlopen(asked) as answer:  # noqa: S310  # it is our own
        text: str = answer.read().decode()
        return text


def test_a_process_that_hangs_is_missing_from_a_scrape_which_the_others_answer(
    tmp_path: Path, artifacts_dir: Path
) -> None:
    publish_by_hand(artifacts_dir)
    with workers(tmp_path, "--metrics-listen", "127.0.0.1:0", count=3) as service:
        where = metrics_address(service)
        _, _, last = processes(service)
        os.kill(last, signal.SIGSTOP)
        found = scraped(where)
        os.kill(last, signal.SIGCONT)
    assert found["movierec_workers"] == {frozenset({"answering"}): 2, frozenset({"missing"}): 1}
    assert len(found["process_resident_memory_bytes"]) == 2


def calls_of(found: dict[str, dict[frozenset[str], float]]) -> dict[str, float]:
    """Calls of `Recommend` that went well, by worker."""
    ours = frozenset({"movierec.v1.RecommenderService/Recommend", "OK"})
    counts = found["grpc_server_call_duration_seconds_count"]
    return {next(iter(labels - ours)): value for labels, value in counts.items() if ours <= labels}


def test_where_processes_cannot_share_more_than_one_is_refused(
    artifacts_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    settings = RecommenderSettings(artifacts_dir=artifacts_dir, workers=3)
    with pytest.raises(OSError, match=r"3 workers need Linux.*start it with 1"):
        Recommender(settings)


def test_each_process_logs_its_recommendations_in_whole_lines(
    tmp_path: Path, artifacts_dir: Path
) -> None:
    publish_by_hand(artifacts_dir)
    path = tmp_path / "recommendations"
    with workers(tmp_path, "--recommendation-log", str(path)) as service:
        with asked_each(service) as each:
            for asked in each.values():
                for movie_id in (10, 20, 30, 40):
                    asked.recommend(movie_id)
        assert service.stop(signal.SIGTERM) == 0
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        seeds = sorted(line["request"]["seeds"][0]["movie_id"] for line in lines)
        assert seeds == [number for number in ("10", "20", "30", "40") for _ in range(2)]
