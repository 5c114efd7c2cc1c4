"""What holds for both services: metrics, log lines and what each answer says of itself."""

import json
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import grpc
import pytest

from support.metrics import metrics_address, scraped
from support.servers import DEADLINE_S, health_of, until, wait_until_serving
from support.services import Running, refused_start, started
from support.versions import publish_by_hand

A_CALL = {
    "trainer_service": "/movierec.v1.TrainerService/ListRuns",
    "recommender_service": "/movierec.v1.RecommenderService/ListVersions",
}
"""A method of each that takes an empty request."""


@contextmanager
def observed(module: str, folder: Path) -> Iterator[Running]:
    """A service that says its metrics."""
    publish_by_hand(folder / "artifacts")
    with started(module, folder, "--metrics-listen", "127.0.0.1:0") as service:
        yield service


@contextmanager
def ready(service: Running) -> Iterator[grpc.Channel]:
    """A channel to a service that is ready."""
    with grpc.insecure_channel(service.address) as channel:
        wait_until_serving(channel)
        yield channel


@pytest.fixture(params=A_CALL)
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    """One that is the test's own, whose log and figures tell of nothing else."""
    with observed(request.param, tmp_path) as service:
        yield service


@pytest.fixture
def channel(running: Running) -> Iterator[grpc.Channel]:
    with ready(running) as channel:
        yield channel


@pytest.fixture(scope="module", params=A_CALL)
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    with observed(request.param, tmp_path_factory.mktemp("shared")) as service:
        yield service


@pytest.fixture(scope="module")
def metrics(shared: Running) -> str:
    """Where its metrics are."""
    return metrics_address(shared)


@pytest.fixture(scope="module")
def shared_channel(shared: Running) -> Iterator[grpc.Channel]:
    with ready(shared) as channel:
        yield channel


def trailers_of(
    channel: grpc.Channel, method: str, payload: bytes = b"", request_id: str | None = None
) -> dict[str, str | bytes]:
    """What comes with the status of a call, whatever that is."""
    sent = [("authorization", "Bearer a-secret")]
    if request_id is not None:
        sent.append(("x-request-id", request_id))
    call: Any = channel.unary_unary(method)
    try:
        _, ended = call.with_call(payload, timeout=DEADLINE_S, metadata=sent)
    except grpc.RpcError as error:
        ended = error
    return dict(ended.trailing_metadata())


def log_of(running: Running) -> list[dict[str, Any]]:
    """What the service has logged, once it is told to stop."""
    assert running.stop(signal.SIGTERM) == 0
    assert running.process.stderr
    return [json.loads(line) for line in running.process.stderr]


@pytest.mark.parametrize("payload", [b"", b"\xff"], ids=["good", "bad"])
def test_each_answer_says_which_version_of_movierec_it_is_from_and_its_request_id(
    shared: Running, shared_channel: grpc.Channel, payload: bytes
) -> None:
    trailers = trailers_of(shared_channel, A_CALL[shared.module], payload, "mine-7")
    assert trailers["movierec-version"] == metadata.version("movierec")
    assert trailers["x-request-id"] == "mine-7"


def test_an_answer_to_a_call_without_a_legal_id_has_a_new_one(
    shared: Running, shared_channel: grpc.Channel
) -> None:
    method = A_CALL[shared.module]
    made = {
        trailers_of(shared_channel, method, b"", given)["x-request-id"] for given in (None, "a b")
    }
    assert len(made) == 2
    assert "a b" not in made


def test_each_call_is_a_line_of_json_where_nobody_looks_on(
    running: Running, channel: grpc.Channel
) -> None:
    method = A_CALL[running.module]
    trailers_of(channel, method, b"", "good")
    trailers_of(channel, method, b"\xff", "bad")
    calls = [line for line in log_of(running) if line["logger"] == "movierec.calls"]
    told = [
        (line["request_id"], line["code"], line.get("reason"), line["messages"]) for line in calls
    ]
    assert told == [("good", "OK", None, 1), ("bad", "INVALID_ARGUMENT", "INVALID_REQUEST", 0)]
    assert {line["method"] for line in calls} == {method[1:]}
    assert {line["peer"] for line in calls} == {"127.0.0.1"}
    assert all(line["duration_ms"] > 0 for line in calls)


def test_health_and_reflection_are_no_lines_and_secrets_are_in_none(
    running: Running, channel: grpc.Channel
) -> None:
    health_of(channel)
    trailers_of(channel, A_CALL[running.module])
    said = json.dumps(log_of(running))
    assert "grpc.health" not in said
    assert "a-secret" not in said


def test_every_line_has_a_time_in_utc_a_level_a_logger_and_a_sentence(running: Running) -> None:
    lines = log_of(running)
    # Between the two it may say that a version serves, of which it was in the middle.
    events = [line["event"] for line in lines]
    assert "SIGTERM: stopping" in events
    assert events[-1] == "stopped"
    for line in lines:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["timestamp"])
        assert {"level", "logger", "event"} <= line.keys()


def test_it_says_who_it_is_and_counts_its_calls(running: Running, channel: grpc.Channel) -> None:
    address = metrics_address(running)
    method = A_CALL[running.module]
    trailers_of(channel, method)
    trailers_of(channel, method, b"\xff")
    ended = {frozenset({method[1:], code}): 1.0 for code in ("OK", "INVALID_ARGUMENT")}
    # A call is counted once it has ended, of which its client hears a little earlier.
    found = until(
        lambda: scraped(address),
        lambda found: (
            ended.items() <= found.get("grpc_server_call_duration_seconds_count", {}).items()
        ),
    )
    (build,) = found["movierec_build_info"]
    assert {metadata.version("movierec"), running.module.split("_")[0]} < build
    # That which waits until it serves has left, and the server may not have seen it yet.
    assert found["grpc_server_call_started_total"][frozenset({"grpc.health.v1.Health/Watch"})] >= 1
    assert found["process_resident_memory_bytes"][frozenset()] > 0


def test_one_who_scrapes_may_ask_for_some_samples_by_name(metrics: str) -> None:
    """As Prometheus' own client libraries have it."""
    names = {"movierec_build_info", "process_resident_memory_bytes"}
    assert scraped(metrics, *names).keys() == names
    assert not scraped(metrics, "no_such_figure")


def test_methods_that_there_are_not_make_no_series_of_their_own(
    shared_channel: grpc.Channel, metrics: str
) -> None:
    for number in range(10):
        trailers_of(shared_channel, f"/movierec.v1.Nothing/No{number}")
    started_calls = until(
        lambda: scraped(metrics)["grpc_server_call_started_total"],
        lambda found: found.get(frozenset({"other"})) == 10,
    )
    assert not [labels for labels in started_calls if "Nothing" in str(labels)]


def test_an_address_for_metrics_that_is_taken_is_refused_with_a_sentence(
    shared: Running, metrics: str, tmp_path: Path
) -> None:
    flags = ("--listen", "127.0.0.1:0", "--metrics-listen", metrics)
    said = refused_start(shared.module, tmp_path, *flags)
    assert f"cannot listen on {metrics} for metrics" in said
    assert "Traceback" not in said
