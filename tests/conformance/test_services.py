"""What holds for both services: health, reflection, errors, shutdown.

Everything here is asked of real processes, started as a deployment starts them.
"""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from grpc_status import rpc_status

from support.servers import DEADLINE_S, health_of
from support.services import Running, refused_start, started
from support.versions import publish_by_hand

A_CALL = {
    "trainer_service": "/movierec.v1.TrainerService/ListRuns",
    "recommender_service": "/movierec.v1.RecommenderService/ListVersions",
}
"""A method of each that takes an empty request."""

A_STREAM = {
    "trainer_service": "/movierec.v1.TrainerService/Train",
    "recommender_service": "/movierec.v1.RecommenderService/Recommend",
}
"""A method of each that answers with many messages."""


@pytest.fixture(scope="module", params=A_CALL)
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """One for all tests that leave it as it is."""
    folder = tmp_path_factory.mktemp("running")
    publish_by_hand(folder / "artifacts")
    with started(request.param, folder) as service:
        yield service


@pytest.fixture(scope="module")
def channel(running: Running) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(running.address) as channel:
        yield channel


@pytest.fixture(params=A_CALL)
def to_stop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    publish_by_hand(tmp_path / "artifacts")
    with started(request.param, tmp_path) as service:
        yield service


@pytest.fixture
def channel_to_stop(to_stop: Running) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(to_stop.address) as channel:
        yield channel


def raw_call(channel: grpc.Channel, method: str, payload: bytes) -> bytes:
    """Calls a method with bytes as they are."""
    call: Any = channel.unary_unary(method)
    reply: bytes = call(payload, timeout=DEADLINE_S)
    return reply


def test_it_becomes_ready_under_every_name_of_its_health(
    running: Running, channel: grpc.Channel
) -> None:
    watch = health_pb2_grpc.HealthStub(channel).Watch(
        health_pb2.HealthCheckRequest(service=running.service), timeout=DEADLINE_S
    )
    assert health_pb2.HealthCheckResponse.SERVING in (answer.status for answer in watch)
    assert health_of(channel) == "SERVING"
    assert health_of(channel, "liveness") == "SERVING"


def test_the_health_of_a_service_that_is_not_there_is_not_found(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        health_of(channel, "movierec.v1.NoSuchService")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_reflection_names_it_and_its_methods(running: Running, channel: grpc.Channel) -> None:
    database = ProtoReflectionDescriptorDatabase(channel)
    assert running.service in database.get_services()
    file = database.FindFileContainingSymbol(running.service)
    assert A_CALL[running.module].split("/")[-1] in {
        method.name for service in file.service for method in service.method
    }


@pytest.mark.parametrize("payload", [b"\xff" * 3, b"\xff" * 10_000], ids=["short", "long"])
@pytest.mark.parametrize("methods", [A_CALL, A_STREAM], ids=["unary", "stream"])
def test_bytes_that_are_no_message_are_an_invalid_argument_with_details(
    running: Running, channel: grpc.Channel, methods: dict[str, str], payload: bytes
) -> None:
    call: Any = channel.unary_stream(methods[running.module])
    with pytest.raises(grpc.RpcError) as caught:
        list(call(payload, timeout=DEADLINE_S))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    status = rpc_status.from_call(caught.value)
    assert "generate the client from this server's .proto files" in status.message
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (info.domain, info.reason) == ("movierec", "INVALID_REQUEST")


def test_a_method_that_is_not_there_is_unimplemented(
    running: Running, channel: grpc.Channel
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        raw_call(channel, f"/{running.service}/NoSuchMethod", b"")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order_with_status_0(to_stop: Running, number: int) -> None:
    assert to_stop.stop(number) == 0
    assert to_stop.process.stderr
    assert "Traceback" not in to_stop.process.stderr.read()


def test_it_is_not_ready_from_the_moment_that_it_is_told_to_stop(
    to_stop: Running, channel_to_stop: grpc.Channel
) -> None:
    watch = health_pb2_grpc.HealthStub(channel_to_stop).Watch(
        health_pb2.HealthCheckRequest(service=""), timeout=DEADLINE_S
    )
    serving = health_pb2.HealthCheckResponse.SERVING
    next(answer for answer in watch if answer.status == serving)
    to_stop.process.send_signal(signal.SIGTERM)
    assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING


def test_a_watch_of_the_health_does_not_hold_up_the_stop(
    to_stop: Running, channel_to_stop: grpc.Channel
) -> None:
    watch = health_pb2_grpc.HealthStub(channel_to_stop).Watch(
        health_pb2.HealthCheckRequest(service="")
    )
    next(watch)
    to_stop.process.send_signal(signal.SIGTERM)
    # Far less than the grace, which is 8 s.
    assert to_stop.process.wait(timeout=5) == 0


def test_an_address_that_is_taken_is_refused_with_a_sentence(
    running: Running, tmp_path: Path
) -> None:
    said = refused_start(running.module, tmp_path, "--listen", running.address)
    assert f"cannot listen on {running.address}" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("module", A_CALL)
def test_help_names_every_setting_with_its_meaning(module: str) -> None:
    said = subprocess.run(
        [sys.executable, "-m", module, "--help"],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=True,
    ).stdout
    assert "--listen" in said
    assert "--artifacts-dir" in said
    assert "HOST:PORT to serve on" in said


@pytest.mark.parametrize("module", A_CALL)
def test_a_wrong_setting_ends_the_start_with_a_sentence(module: str) -> None:
    wrong = subprocess.run(
        [sys.executable, "-m", module, "--shutdown-grace-s", "-1"],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert wrong.returncode == 1
    assert "MOVIEREC_SHUTDOWN_GRACE_S (--shutdown-grace-s): '-1' is not legal" in wrong.stderr
