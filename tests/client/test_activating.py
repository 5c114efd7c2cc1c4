"""Which version is to serve, and who serves what; every test runs with both clients."""

from collections.abc import Iterator
from typing import Any, NoReturn

import grpc
import pytest

import movierec_client as mc
from movierec.v1 import recommender_pb2, trainer_pb2
from movierec_client import channels
from support.client_drivers import Driver
from support.known_messages import (
    MANIFEST,
    MANIFEST_MESSAGE,
    NOON,
    NOON_STAMP,
    activation,
    event,
    fleet,
    rejected,
)
from support.scripted_servers import Script, never_ending

Request = recommender_pb2.ActivateVersionRequest


@pytest.mark.parametrize(
    ("call", "request_"),
    [
        (lambda client: client.activate(7), Request(version=7)),
        (lambda client: client.activate("latest"), Request(latest=True)),
        (lambda client: client.activate("latest", label="x"), Request(latest=True, label="x")),
        (lambda client: client.activate(7, label="stable"), Request(version=7, label="stable")),
        (lambda client: client.activate(None, label="stable"), Request(label="stable")),
        (lambda client: client.activate(label="stable"), Request(label="stable")),
        (lambda client: client.remove_label("stable"), Request(label="stable")),
    ],
)
def test_activating_asks_for_what_it_was_told(
    driver: Driver, script: Script, call: Any, request_: Request
) -> None:
    script.on("ActivateVersion", recommender_pb2.ActivateVersionResponse())

    driver.value(call)

    assert script.requests == [request_]


def test_activating_tells_what_is_to_serve_and_what_does(driver: Driver, script: Script) -> None:
    pinned = recommender_pb2.ActivateVersionResponse(
        activation=activation(7, 3, stable=6, canary=7), serving_version=7
    )
    script.on("ActivateVersion", pinned)
    assert driver.value(lambda client: client.activate(7)) == mc.Activation(
        generation=3, pinned=7, labels={"stable": 6, "canary": 7}, serving_version=7
    )

    latest = recommender_pb2.ActivateVersionResponse(activation=activation(None, 4))
    script.on("ActivateVersion", latest)
    assert driver.value(lambda client: client.activate("latest")) == mc.Activation(
        generation=4, pinned=None, labels={}, serving_version=None
    )


@pytest.mark.parametrize("version", ["newest", "7", True, 2.5, 2**63])
def test_what_is_no_version_cannot_be_activated(driver: Driver, version: Any) -> None:
    with pytest.raises(mc.InvalidArgumentError, match=r"version is .*: give ") as caught:
        driver.value(lambda client: client.activate(version))

    assert list(caught.value.violations) == ["version"]


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.activate(7, label=""),
        lambda client: client.activate("latest", label=""),
        lambda client: client.remove_label(""),
    ],
)
def test_an_empty_label_is_refused_and_is_never_taken_for_none(
    driver: Driver, script: Script, call: Any
) -> None:
    with pytest.raises(mc.InvalidArgumentError, match="label is '': give 1 to 64") as caught:
        driver.value(call)

    assert list(caught.value.violations) == ["label"]
    assert script.requests == []


def test_whatever_is_an_index_is_a_version(driver: Driver, script: Script) -> None:
    class Index:
        def __index__(self) -> int:
            return 7

    script.on("ActivateVersion", recommender_pb2.ActivateVersionResponse())

    driver.value(lambda client: client.activate(Index()))

    assert script.requests == [Request(version=7)]


@pytest.mark.parametrize(
    ("version", "selector"),
    [
        (7, recommender_pb2.VersionSelector(number=7)),
        ("stable", recommender_pb2.VersionSelector(label="stable")),
        ("7", recommender_pb2.VersionSelector(label="7")),
    ],
)
def test_calls_ask_a_version_by_its_number_or_by_a_label(
    driver: Driver, script: Script, version: Any, selector: recommender_pb2.VersionSelector
) -> None:
    script.on("Recommend", [recommender_pb2.RecommendResponse()])
    script.on("SearchMovies", recommender_pb2.SearchMoviesResponse())
    script.on("GetModel", recommender_pb2.GetModelResponse(manifest=MANIFEST_MESSAGE))

    driver.items(lambda client: client.recommend([1], version=version))
    driver.value(lambda client: client.search("heat", version=version))
    model = driver.value(lambda client: client.model(version=version))

    assert [request.version for request in script.requests] == [selector] * 3
    assert model == mc.Model(4, None, MANIFEST)


def test_calls_that_name_no_version_send_none(driver: Driver, script: Script) -> None:
    script.on("Recommend", [recommender_pb2.RecommendResponse()])
    script.on("SearchMovies", recommender_pb2.SearchMoviesResponse())
    script.on("GetModel", recommender_pb2.GetModelResponse())

    driver.items(lambda client: client.recommend([1]))
    driver.value(lambda client: client.search("heat"))
    driver.value(lambda client: client.model())

    assert not any(request.HasField("version") for request in script.requests)


def test_the_fleet_is_who_serves_what(driver: Driver, script: Script) -> None:
    answer = fleet(
        *(7, 0),
        activation=activation(7, 3, stable=6),
        control_problem="the control folder cannot be written",
        look_time=NOON_STAMP,
    )
    script.on("ListVersions", answer)

    assert driver.value(lambda client: client.fleet()) == mc.Fleet(
        activation=mc.Activation(3, 7, {"stable": 6}, None),
        replicas=(
            mc.Replica("host-0", NOON, NOON, serving_version=7, loaded_versions=(7,), generation=3),
            mc.Replica("host-1", NOON, NOON, None, loaded_versions=(), generation=3),
        ),
        control_problem="the control folder cannot be written",
        look_time=NOON,
    )


def test_the_fleet_of_a_recommender_that_does_not_tell_is_empty(
    driver: Driver, script: Script
) -> None:
    script.on("ListVersions", recommender_pb2.ListVersionsResponse())

    assert driver.value(lambda client: client.fleet()) == mc.Fleet(
        mc.Activation(0, None, {}, None), (), "", None
    )


def published(*states: str) -> list[trainer_pb2.PublishRunResponse]:
    return [
        trainer_pb2.PublishRunResponse(
            event=event(trainer_pb2.RunState.Value(f"RUN_STATE_{state}"), sequence).event
        )
        for sequence, state in enumerate(states, start=8)
    ]


def test_publishing_follows_the_run_from_there_to_its_end(driver: Driver, script: Script) -> None:
    script.on("PublishRun", published("RUNNING", "SUCCEEDED"))

    events = driver.items(lambda client: client.publish("r1"))
    driver.items(lambda client: client.publish("r1", force=True))

    assert [(one.sequence, one.state) for one in events] == [(8, "RUNNING"), (9, "SUCCEEDED")]
    assert script.requests == [
        trainer_pb2.PublishRunRequest(run_id="r1"),
        trainer_pb2.PublishRunRequest(run_id="r1", force=True),
    ]


def test_publishing_that_fails_again_raises_after_the_last_event(
    driver: Driver, script: Script
) -> None:
    script.on("PublishRun", published("RUNNING", "FAILED"))

    events, error = driver.items_and_error(lambda client: client.publish("r1"))

    assert len(events) == 2
    assert isinstance(error, mc.RunFailedError)
    assert error.state == "FAILED"


def test_publishing_may_take_as_long_as_following(driver: Driver, script: Script) -> None:
    remaining: list[float] = []

    def answer(_request: Any, context: grpc.ServicerContext) -> list[Any]:
        remaining.append(context.time_remaining())
        return published("SUCCEEDED")

    script.on("PublishRun", answer)
    driver.items(lambda client: client.publish("r1"))

    assert remaining == pytest.approx([24 * 3600], rel=0.1)


@pytest.mark.parametrize(
    ("serving", "pinned", "version"),
    [((7,), None, 7), ((7, 7), None, 7), ((8, 7), None, 7), ((8, 9), None, 7), ((6, 6), 6, 6)],
)
def test_waiting_ends_at_once_when_all_serve_the_version_or_a_later_one(
    driver: Driver, script: Script, serving: tuple[int, ...], pinned: int | None, version: int
) -> None:
    script.on("ListVersions", fleet(*serving, pinned=pinned))

    found = driver.value(lambda client: client.wait_until_serving(version))

    assert [replica.serving_version for replica in found.replicas] == list(serving)
    assert len(script.requests) == 1


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """All attempts of a call are over in no time."""
    monkeypatch.setitem(channels.RETRIES, "initialBackoff", "0.01s")


def in_turn(script: Script, *answers: Any) -> None:
    """Answers `ListVersions` otherwise each time; with a status if it is one."""
    left: Iterator[Any] = iter(answers)

    def answer(_request: Any, context: grpc.ServicerContext) -> Any:
        one = next(left)
        if isinstance(one, grpc.StatusCode):
            context.abort(one, "not now")
        return one

    script.on("ListVersions", answer)


def test_waiting_goes_on_until_the_last_recommender_serves_it(
    driver: Driver, script: Script
) -> None:
    in_turn(script, fleet(7, 6), fleet(7, 7))

    driver.value(lambda client: client.wait_until_serving(7))

    assert len(script.requests) == 2


def test_waiting_outlives_a_recommender_that_is_away_for_a_while(
    driver: Driver, script: Script
) -> None:
    in_turn(script, grpc.StatusCode.UNAVAILABLE, fleet(7))

    assert driver.value(lambda client: client.wait_until_serving(7)).replicas


def test_a_version_that_is_pinned_again_is_waited_for_though_a_later_one_serves(
    driver: Driver, script: Script
) -> None:
    in_turn(script, fleet(6, 7, pinned=6), fleet(6, 6, pinned=6))

    driver.value(lambda client: client.wait_until_serving(6))

    assert len(script.requests) == 2


GATE = "its NDCG@100 is 0.375, and 0.438 for version 6"


@pytest.mark.parametrize(
    ("answer", "reason", "words"),
    [
        (fleet(6, versions=[rejected(7, "GATE", GATE)]), "GATE", f"REJECTED, GATE: {GATE}"),
        (
            fleet(6, 7, versions=[rejected(7, "CHECKSUM", "it does not add up")]),
            "CHECKSUM",
            "version 7 does not serve: it is REJECTED, CHECKSUM: it does not add up",
        ),
        (fleet(6, 6, pinned=6), "PINNED", "version 6 is pinned; `movierec activate latest`"),
        (
            fleet(6, pinned=7, versions=[rejected(7, "MISSING", "movies.csv is not there")]),
            "MISSING",
            "movies.csv is not there",
        ),
    ],
    ids=["held back", "damaged", "another is pinned", "pinned and damaged"],
)
def test_waiting_for_what_will_not_serve_ends_at_once_with_the_reason(
    driver: Driver, script: Script, answer: Any, reason: str, words: str
) -> None:
    script.on("ListVersions", answer)

    with pytest.raises(mc.NotServingError) as caught:
        driver.value(lambda client: client.wait_until_serving(7))

    assert (caught.value.reason, caught.value.version) == (reason, 7)
    assert words in caught.value.message
    assert len(script.requests) == 1


def test_the_gate_does_not_hold_back_what_is_pinned(driver: Driver, script: Script) -> None:
    held_back = rejected(7, "GATE", GATE)
    in_turn(script, fleet(6, pinned=7, versions=[held_back]), fleet(7, pinned=7))

    driver.value(lambda client: client.wait_until_serving(7))

    assert len(script.requests) == 2


def test_waiting_past_the_deadline_says_who_does_not_serve_it(
    driver: Driver, script: Script
) -> None:
    script.on("ListVersions", fleet(7, 6, 0))

    with pytest.raises(mc.DeadlineExceededError) as caught:
        driver.value(lambda client: client.wait_until_serving(7, timeout_s=0.3))

    assert caught.value.message == (
        "version 7 did not serve everywhere within 0.3 s: 1 of 3 replicas serve it; "
        "host-1 serves 6; host-2 serves nothing"
    )
    assert caught.value.code == "DEADLINE_EXCEEDED"


def test_a_recommender_that_says_of_nobody_what_he_serves_is_no_proof(
    driver: Driver, script: Script
) -> None:
    script.on("ListVersions", fleet())

    with pytest.raises(mc.DeadlineExceededError, match="0 of 0 replicas serve it; none is alive"):
        driver.value(lambda client: client.wait_until_serving(7, timeout_s=0.3))


@pytest.mark.usefixtures("hurried")
def test_waiting_past_the_deadline_for_a_recommender_that_is_away_says_so(
    driver: Driver, script: Script
) -> None:
    in_turn(script, *[grpc.StatusCode.UNAVAILABLE] * channels.MOST_ATTEMPTS)

    with pytest.raises(mc.UnavailableError, match="cannot be reached"):
        driver.value(lambda client: client.wait_until_serving(7, timeout_s=0.45))


def test_a_look_that_is_not_answered_ends_with_the_wait(driver: Driver, script: Script) -> None:
    allowed: list[float] = []

    def answer(request: Any, context: grpc.ServicerContext) -> Any:
        allowed.append(context.time_remaining())
        return next(never_ending()(request, context), None)

    script.on("ListVersions", answer)

    with pytest.raises(mc.DeadlineExceededError, match=r"did not say within 0\.3 s"):
        driver.value(lambda client: client.wait_until_serving(7, timeout_s=0.3))
    assert len(allowed) == 1
    assert allowed[0] <= 0.31  # gRPC sends times rounded up


def test_an_error_that_waiting_does_not_mend_ends_the_wait(driver: Driver, script: Script) -> None:
    def fail(_request: Any, context: grpc.ServicerContext) -> NoReturn:
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "no such call")

    script.on("ListVersions", fail)

    with pytest.raises(mc.ServerError, match="does not know this call"):
        driver.value(lambda client: client.wait_until_serving(7))
    with pytest.raises(mc.InvalidArgumentError, match="timeout_s"):
        driver.value(lambda client: client.wait_until_serving(7, timeout_s=0))
