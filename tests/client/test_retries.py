"""Which calls are made again, how often, and when no more; with both clients."""

import hashlib
from typing import Any

import grpc
import pytest

import movierec_client as mc
from movierec.v1 import recommender_pb2, trainer_pb2
from movierec_client import channels
from movierec_client.services import SERVICES
from support.client_drivers import Driver
from support.known_messages import event, followed
from support.scripted_servers import Script

SUCCEEDED = event(trainer_pb2.RUN_STATE_SUCCEEDED, version=4)
ONE_EMPTY_FILE = trainer_pb2.GetInsightsResponse(
    file=trainer_pb2.InsightsFile(name="a.html", sha256=hashlib.sha256().hexdigest())
)
MADE_AGAIN: dict[str, tuple[Any, Any]] = {
    "Recommend": (
        lambda client: client.recommend([1]),
        [recommender_pb2.RecommendResponse(header=recommender_pb2.RecommendHeader())],
    ),
    "BatchRecommend": (
        lambda client: client.recommend_many([1]),
        [
            recommender_pb2.BatchRecommendResponse(
                answer=recommender_pb2.RecommendResponse(), last=True
            )
        ],
    ),
    "ListVersions": (lambda client: client.versions(), recommender_pb2.ListVersionsResponse()),
    "ListRuns": (lambda client: client.runs(), trainer_pb2.ListRunsResponse()),
    "Train": (lambda client: client.train("ml"), [SUCCEEDED]),
    "FollowRun": (lambda client: client.follow("r1"), followed(SUCCEEDED)),
}
MADE_AGAIN_FOR_A_VALUE: dict[str, tuple[Any, Any]] = {
    "SearchMovies": (lambda client: client.search("heat"), recommender_pb2.SearchMoviesResponse()),
    "GetModel": (lambda client: client.model(), recommender_pb2.GetModelResponse()),
    "GetRun": (lambda client: client.run("r1"), trainer_pb2.GetRunResponse()),
    "CancelRun": (lambda client: client.cancel("r1"), trainer_pb2.CancelRunResponse()),
    "GetInsights": (lambda client: client.insights("ml"), [ONE_EMPTY_FILE]),
}
MADE_ONCE = ("ActivateVersion", "PublishRun")


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(channels.RETRIES, "initialBackoff", "0.01s")


def failing_at_first(
    script: Script, method: str, times: int, answer: Any, code: grpc.StatusCode
) -> None:
    """Has a method fail so often, and then be answered."""
    left = iter(range(times))

    def answered(_request: Any, context: grpc.ServicerContext) -> Any:
        if next(left, None) is not None:
            context.abort(code, "not now")
        return answer

    script.on(method, answered)


def test_every_method_is_either_made_again_or_not() -> None:
    methods = {
        method.name
        for service in SERVICES.values()
        for file in (recommender_pb2, trainer_pb2)
        for kind in file.DESCRIPTOR.services_by_name.values()
        if kind.full_name == service.full_name
        for method in kind.methods
    }

    assert methods == {*MADE_AGAIN, *MADE_AGAIN_FOR_A_VALUE, *MADE_ONCE}


@pytest.mark.parametrize("method", [*MADE_AGAIN, *MADE_AGAIN_FOR_A_VALUE])
def test_a_call_that_may_be_made_twice_is_made_until_it_is_answered_at_most_four_times(
    driver: Driver, script: Script, method: str
) -> None:
    call, answer = (MADE_AGAIN | MADE_AGAIN_FOR_A_VALUE)[method]
    ask = driver.items if method in MADE_AGAIN else driver.value
    failing_at_first(script, method, 3, answer, grpc.StatusCode.UNAVAILABLE)

    ask(call)

    assert len(script.requests) == 4
    failing_at_first(script, method, 4, answer, grpc.StatusCode.UNAVAILABLE)
    with pytest.raises(mc.UnavailableError):
        ask(call)
    assert len(script.requests) == 8


@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("ActivateVersion", lambda client: client.activate(7)),
        ("PublishRun", lambda client: client.publish("r1")),
    ],
)
def test_a_call_that_may_not_be_made_twice_is_made_once(
    driver: Driver, script: Script, method: str, call: Any
) -> None:
    failing_at_first(script, method, 1, None, grpc.StatusCode.UNAVAILABLE)

    with pytest.raises(mc.UnavailableError):
        (driver.items if method == "PublishRun" else driver.value)(call)

    assert len(script.requests) == 1


@pytest.mark.parametrize(
    "code",
    [grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL, grpc.StatusCode.RESOURCE_EXHAUSTED],
    ids=lambda code: code.name,
)
def test_no_call_is_made_again_after_another_error(
    driver: Driver, script: Script, code: grpc.StatusCode
) -> None:
    failing_at_first(script, "GetModel", 1, recommender_pb2.GetModelResponse(), code)

    with pytest.raises(mc.CallError):
        driver.value(lambda client: client.model())

    assert len(script.requests) == 1


def test_every_training_has_a_request_id_that_is_its_own_and_stays_it(
    driver: Driver, script: Script
) -> None:
    failing_at_first(script, "Train", 1, [SUCCEEDED], grpc.StatusCode.UNAVAILABLE)

    driver.items(lambda client: client.train("ml"))
    driver.items(lambda client: client.train("ml"))

    first, again, other = (request.request_id for request in script.requests)
    assert first == again != other
    assert len(first) == len(other) == 32


def test_a_server_that_always_fails_is_spared(
    driver: Driver, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(channels.THROTTLING, "maxTokens", 4)

    def fail(_request: Any, context: grpc.ServicerContext) -> None:
        context.abort(grpc.StatusCode.UNAVAILABLE, "not now")

    script.on("GetModel", fail)

    with pytest.raises(mc.UnavailableError):
        driver.value(lambda client: client.model())

    assert len(script.requests) == 2  # With the second failure half of the tokens are gone.
