"""What is said of versions that differ, of sizes, and of servers that do not know a call."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import grpc
import pytest

import movierec_client as mc
from movierec.v1 import recommender_pb2, trainer_pb2
from movierec_client import compatibility
from movierec_client.sentences import sentence_for
from movierec_client.services import TRAINER, Target
from movierec_client.version import version
from support.client_drivers import AsyncDriver, BlockingDriver, Driver, Movierec
from support.known_messages import event
from support.scripted_servers import Script, ScriptedServer

MODEL = recommender_pb2.GetModelResponse()
ANSWER = recommender_pb2.RecommendResponse(header=recommender_pb2.RecommendHeader(model_version=1))
OTHER = ((compatibility.METADATA_KEY, "7.1.3"),)
NEWER = ((compatibility.METADATA_KEY, "8.0.0"),)
SUCCEEDED = event(trainer_pb2.RUN_STATE_SUCCEEDED)


@pytest.fixture(autouse=True)
def nothing_said_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compatibility, "_said", set())


def telling(script: Script, method: str, answer: Any, server_version: str = "7.1.3") -> None:
    """Has a method tell the server's version with its first word."""

    def told(_request: Any, context: grpc.ServicerContext) -> Any:
        context.send_initial_metadata(((compatibility.METADATA_KEY, server_version),))
        return answer

    script.on(method, told)


def test_a_server_of_another_version_is_named_once(
    driver: Driver, script: Script, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    telling(script, "GetModel", MODEL)
    telling(script, "Train", [SUCCEEDED])

    for _ in range(2):
        driver.value(lambda client: client.model())
        driver.items(lambda client: client.train("ml"))

    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert caplog.messages == [
        f"the {name} at {server.address} is movierec 7.1.3, and this client is movierec "
        f"{version()}: some of what one knows may be new to the other; "
        f"use the same version on both sides"
        for name in ("recommender", "trainer")
    ]


def test_a_version_that_comes_with_the_end_or_with_an_error_is_read_too(
    driver: Driver, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_request: Any, context: grpc.ServicerContext) -> NoReturn:
        context.set_trailing_metadata(OTHER)
        context.abort(grpc.StatusCode.NOT_FOUND, "no such run")

    def answer(_request: Any, context: grpc.ServicerContext) -> Any:
        context.set_trailing_metadata(OTHER)
        return MODEL

    def stream(_request: Any, context: grpc.ServicerContext) -> Any:
        context.set_trailing_metadata(NEWER)
        return [ANSWER]

    script.on("GetRun", fail)
    script.on("GetModel", answer)
    script.on("Recommend", stream)

    with pytest.raises(mc.NotFoundError):
        driver.value(lambda client: client.run("r1"))
    driver.value(lambda client: client.model())
    driver.items(lambda client: client.recommend([1]))

    assert [message.split(" at ")[0] for message in caplog.messages] == [
        "the trainer",
        "the recommender",
        "the recommender",
    ]
    assert "is movierec 8.0.0" in caplog.messages[-1]


def test_versions_that_fit_and_servers_that_tell_none_are_passed_over(
    driver: Driver, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    major, minor, _ = version().split(".", 2)
    telling(script, "GetModel", MODEL, f"{major}.{minor}.99")
    script.on("GetRun", trainer_pb2.GetRunResponse())

    driver.value(lambda client: client.model())
    driver.value(lambda client: client.run("r1"))

    assert caplog.messages == []


def test_the_command_line_says_so_in_a_sentence_beside_its_output(
    movierec: Movierec, script: Script
) -> None:
    telling(script, "ListRuns", trainer_pb2.ListRunsResponse())

    done = movierec("runs")

    assert done.exit_code == 0
    assert done.stderr.startswith("the trainer at ")
    assert done.stderr.count("\n") == 1
    assert "is movierec 7.1.3" in done.stderr
    assert "7.1.3" not in done.stdout


@pytest.fixture
def older() -> Iterator[str]:
    """A server that knows none of our methods."""
    server = grpc.server(ThreadPoolExecutor(1), options=[("grpc.so_reuseport", 0)])
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield address
    server.stop(None).wait()


@pytest.mark.parametrize("kind", [BlockingDriver, AsyncDriver], ids=["blocking", "async"])
def test_a_server_that_does_not_know_a_call_is_taken_for_an_older_one(
    kind: Any, older: str
) -> None:
    driver = kind(trainer=older, recommender=older)

    for call in (lambda client: client.publish("r1"), lambda client: client.recommend([1])):
        with pytest.raises(mc.ServerError) as caught:
            driver.items(call)
        assert caught.value.code == "UNIMPLEMENTED"
        assert f"at {older} does not know this call: it is older, and this client is" in str(
            caught.value
        )
        assert f"movierec {version()}; use the same version on both sides" in str(caught.value)
    driver.close()


def test_a_server_that_does_not_know_a_call_is_named_with_its_version(
    driver: Driver, script: Script
) -> None:
    def unknown(_request: Any, context: grpc.ServicerContext) -> NoReturn:
        context.set_trailing_metadata(OTHER)
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")

    script.on("CancelRun", unknown)

    with pytest.raises(mc.ServerError, match=r"this call: it is movierec 7\.1\.3, and this client"):
        driver.value(lambda client: client.cancel("r1"))


@pytest.mark.parametrize("kind", [BlockingDriver, AsyncDriver], ids=["blocking", "async"])
def test_an_answer_that_is_too_large_is_refused_with_both_sizes_and_what_to_do(
    kind: Any, server: ScriptedServer
) -> None:
    large = trainer_pb2.Run(dataset="x" * 1000)
    server.script.on("GetRun", trainer_pb2.GetRunResponse(run=large))
    driver = kind(trainer=server.address, max_message_bytes=1000)

    with pytest.raises(mc.ResourceExhaustedError) as caught:
        driver.value(lambda client: client.run("r1"))
    driver.close()

    assert str(caught.value) == (
        f"the answer of the trainer at {server.address} is too large for this client: 1,006 bytes, "
        f"and it takes 1,000; ask for less at once, or allow more (max_message_bytes=... in Python)"
    )


def test_a_request_that_is_too_large_is_refused_with_both_sizes(
    driver: Driver, server: ScriptedServer
) -> None:
    with pytest.raises(mc.ResourceExhaustedError) as caught:
        driver.value(lambda client: client.run("x" * 5 * 2**20))

    assert str(caught.value) == (
        f"the request is too large for the trainer at {server.address}: 5,242,885 bytes, "
        f"and it takes 4,194,304; send less at once"
    )


@pytest.mark.parametrize("size", [0, -1, 2**31])
def test_a_size_that_is_none_is_refused(size: int) -> None:
    with pytest.raises(mc.InvalidArgumentError, match="max_message_bytes"):
        mc.Client(max_message_bytes=size)


def test_other_exhaustion_keeps_its_words() -> None:
    target = Target(TRAINER, "there:1", 1)

    said = sentence_for(grpc.StatusCode.RESOURCE_EXHAUSTED, "too much load", "", target)

    assert said.endswith("ended with RESOURCE_EXHAUSTED: too much load")
