"""What goes wrong arrives as an error of ours, with all that the server told."""

import pickle
import socket
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import grpc
import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

import movierec_client as mc
from movierec.v1 import trainer_pb2
from movierec_client import channels
from support.client_drivers import AsyncDriver, BlockingDriver, Driver
from support.known_messages import event
from support.scripted_servers import Script, never_ending

DETAILS = (
    error_details_pb2.ErrorInfo(reason="SOME_REASON", domain="movierec", metadata={"run_id": "r7"}),
    error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(field="top_k", description="is -1"),
            error_details_pb2.BadRequest.FieldViolation(field="top_k", description="give 1"),
            error_details_pb2.BadRequest.FieldViolation(field="seeds", description="none"),
        ]
    ),
    error_details_pb2.ResourceInfo(
        resource_type="movierec.v1.Movie", resource_name="Toy Stroy", description="Toy Story"
    ),
    error_details_pb2.ResourceInfo(resource_type="movierec.v1.Movie", resource_name="9"),
    error_details_pb2.RetryInfo(retry_delay=Duration(seconds=1, nanos=500_000_000)),
)
KINDS = [
    (grpc.StatusCode.ABORTED, mc.AbortedError),
    (grpc.StatusCode.ALREADY_EXISTS, mc.ServerError),
    (grpc.StatusCode.CANCELLED, mc.CallCancelledError),
    (grpc.StatusCode.DATA_LOSS, mc.DataLossError),
    (grpc.StatusCode.DEADLINE_EXCEEDED, mc.DeadlineExceededError),
    (grpc.StatusCode.FAILED_PRECONDITION, mc.FailedPreconditionError),
    (grpc.StatusCode.INTERNAL, mc.ServerError),
    (grpc.StatusCode.INVALID_ARGUMENT, mc.InvalidArgumentError),
    (grpc.StatusCode.NOT_FOUND, mc.NotFoundError),
    (grpc.StatusCode.OUT_OF_RANGE, mc.InvalidArgumentError),
    (grpc.StatusCode.PERMISSION_DENIED, mc.ServerError),
    (grpc.StatusCode.RESOURCE_EXHAUSTED, mc.ResourceExhaustedError),
    (grpc.StatusCode.UNAUTHENTICATED, mc.ServerError),
    (grpc.StatusCode.UNAVAILABLE, mc.UnavailableError),
    (grpc.StatusCode.UNIMPLEMENTED, mc.ServerError),
    (grpc.StatusCode.UNKNOWN, mc.ServerError),
]
UNARY_CALLS: dict[str, Callable[[Any], Any]] = {
    "GetRun": lambda client: client.run("r1"),
    "CancelRun": lambda client: client.cancel("r1"),
    "SearchMovies": lambda client: client.search("heat"),
    "GetModel": lambda client: client.model(),
    "ActivateVersion": lambda client: client.activate(7),
    "ListVersions": lambda client: client.fleet(),
}
STREAMING_CALLS: dict[str, Callable[[Any], Any]] = {
    "Train": lambda client: client.train("ml"),
    "FollowRun": lambda client: client.follow("r1"),
    "PublishRun": lambda client: client.publish("r1"),
    "Recommend": lambda client: client.recommend([1]),
    "BatchRecommend": lambda client: client.recommend_many([1]),
    "ListRuns": lambda client: client.runs(),
    "ListVersions": lambda client: client.versions(),
}


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls that are made again are so at once."""
    monkeypatch.setitem(channels.RETRIES, "initialBackoff", "0.01s")


def test_every_status_has_a_kind_of_error() -> None:
    assert {code for code, _ in KINDS} == set(grpc.StatusCode) - {grpc.StatusCode.OK}


def failing(
    code: grpc.StatusCode, sentence: str, *details: Message
) -> Callable[[Any, grpc.ServicerContext], NoReturn]:
    """Answers with a status and its details."""
    packed = [Packed() for _ in details]
    for target, detail in zip(packed, details, strict=True):
        target.Pack(detail)
    status = status_pb2.Status(code=code.value[0], message=sentence, details=packed)

    def answer(_request: Any, context: grpc.ServicerContext) -> NoReturn:
        context.abort_with_status(rpc_status.to_status(status))

    return answer


@pytest.mark.parametrize(("code", "kind"), KINDS, ids=lambda value: getattr(value, "name", None))
def test_no_error_of_grpc_escapes_from_any_method(
    driver: Driver, script: Script, code: grpc.StatusCode, kind: type[mc.CallError]
) -> None:
    for method, call in UNARY_CALLS.items():
        script.on(method, failing(code, "because", *DETAILS))
        with pytest.raises(mc.CallError) as caught:
            driver.value(call)
        assert type(caught.value) is kind
    for method, call in STREAMING_CALLS.items():
        script.on(method, failing(code, "because", *DETAILS))
        with pytest.raises(mc.CallError) as caught:
            driver.items(call)
        assert type(caught.value) is kind


def test_an_error_holds_all_that_the_server_told(driver: Driver, script: Script) -> None:
    script.on("GetModel", failing(grpc.StatusCode.NOT_FOUND, "no such movies", *DETAILS))

    with pytest.raises(mc.NotFoundError, match="no such movies") as caught:
        driver.value(lambda client: client.model())

    error = caught.value
    assert error.message == str(error) == "no such movies"
    assert error.code == "NOT_FOUND"
    assert error.reason == "SOME_REASON"
    assert error.metadata == {"run_id": "r7"}
    assert error.violations == {"top_k": "is -1; give 1", "seeds": "none"}
    assert error.resources == (
        mc.Resource("movierec.v1.Movie", "Toy Stroy", "Toy Story"),
        mc.Resource("movierec.v1.Movie", "9"),
    )
    assert error.retry_after_s == 1.5
    assert isinstance(error.__cause__, grpc.RpcError)


@pytest.mark.parametrize(
    ("told", "positions"),
    [
        ("", ()),
        ("0", (0,)),
        ("0,2-4,999", (0, 2, 3, 4, 999)),
        ("seven", ()),
        ("99999999999", ()),
        ("5-2", ()),
    ],
)
def test_the_positions_of_unknown_seeds_are_numbers(told: str, positions: tuple[int, ...]) -> None:
    error = mc.NotFoundError("no such movies", metadata={"unknown_seeds": told})
    assert error.unknown_seeds == positions
    assert mc.NotFoundError("no such run").unknown_seeds == ()


def test_an_error_in_the_middle_of_a_stream_comes_after_what_was_sent(
    driver: Driver, script: Script
) -> None:
    fail = failing(grpc.StatusCode.FAILED_PRECONDITION, "no movie is left", DETAILS[0])

    def answer(request: Any, context: grpc.ServicerContext) -> Iterator[Message]:
        yield event(trainer_pb2.RUN_STATE_RUNNING)
        fail(request, context)

    script.on("Train", answer)

    events, error = driver.items_and_error(lambda client: client.train("ml"))

    assert len(events) == 1
    assert isinstance(error, mc.FailedPreconditionError)
    assert error.message == "no movie is left"


def test_a_run_in_progress_is_named(driver: Driver, script: Script) -> None:
    info = error_details_pb2.ErrorInfo(reason="RUN_IN_PROGRESS", metadata={"run_id": "r7"})
    script.on("Train", failing(grpc.StatusCode.ABORTED, "run r7 is going on", info))

    with pytest.raises(mc.RunInProgressError) as caught:
        driver.items(lambda client: client.train("ml"))

    assert caught.value.run_id == "r7"


def test_details_that_are_no_messages_are_left_out(driver: Driver, script: Script) -> None:
    def garbled(_request: Any, context: grpc.ServicerContext) -> NoReturn:
        context.set_trailing_metadata((("grpc-status-details-bin", b"\xff\xff"),))
        context.abort(grpc.StatusCode.INTERNAL, "broken")

    script.on("GetModel", garbled)

    with pytest.raises(mc.ServerError, match="ended with INTERNAL: broken") as caught:
        driver.value(lambda client: client.model())

    assert caught.value.reason == ""


def test_an_exception_in_a_server_is_a_server_error(driver: Driver) -> None:
    # The scripted server has no answer for it, and fails over that.
    with pytest.raises(mc.ServerError) as caught:
        driver.value(lambda client: client.model())

    assert caught.value.code == "UNKNOWN"


@pytest.mark.parametrize("kind", [BlockingDriver, AsyncDriver], ids=["blocking", "async"])
def test_a_server_that_is_not_there_is_named_with_what_to_do(kind: Any) -> None:
    with socket.socket() as taken:  # Bound, and not listening: nobody answers there.
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        driver = kind(recommender=address, trainer=address)

        with pytest.raises(mc.UnavailableError) as caught:
            driver.items(lambda client: client.recommend([1]))
        with pytest.raises(mc.UnavailableError, match="MOVIEREC_TRAINER"):
            driver.items(lambda client: client.runs())
        (health,) = driver.value(lambda client: client.health("trainer"))
        driver.close()

    assert address in caught.value.message
    assert "MOVIEREC_RECOMMENDER" in caught.value.message
    assert health.status is mc.ServingStatus.UNREACHABLE
    assert address in health.message


def test_a_server_that_does_not_answer_in_time_is_named_with_the_time(
    driver: Driver, script: Script
) -> None:
    script.on("Train", never_ending(event(trainer_pb2.RUN_STATE_RUNNING)))
    script.on("GetModel", lambda request, context: next(never_ending()(request, context), None))

    _, error = driver.items_and_error(lambda client: client.train("ml", timeout_s=0.2))
    with pytest.raises(mc.DeadlineExceededError, match=r"within 0\.1 s"):
        driver.value(lambda client: client.model(timeout_s=0.1))

    assert isinstance(error, mc.DeadlineExceededError)


@pytest.mark.parametrize("timeout_s", [0, -1, float("nan"), float("inf")])
def test_a_timeout_that_is_no_time_to_wait_is_refused(driver: Driver, timeout_s: float) -> None:
    with pytest.raises(mc.InvalidArgumentError, match="timeout_s"):
        driver.value(lambda client: client.model(timeout_s=timeout_s))


def test_a_closed_client_says_so(driver: Driver) -> None:
    driver.close_client()

    with pytest.raises(mc.ClientClosedError, match="closed"):
        driver.value(lambda client: client.model())
    with pytest.raises(mc.ClientClosedError):
        driver.items(lambda client: client.runs())
    with pytest.raises(mc.ClientClosedError):
        driver.value(lambda client: client.health())


def test_errors_survive_the_way_to_another_process() -> None:
    error = mc.RunFailedError("it failed", reason="R", run_id="r1", state=mc.RunState.FAILED)

    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert vars(copy) == vars(error)
    assert str(copy) == "it failed"
