"""What is asked and what is answered; every test runs with both clients."""

from collections.abc import Callable
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2

import movierec_client as mc
from movierec.v1 import recommender_pb2, trainer_pb2, training_pb2
from support.client_drivers import Driver
from support.known_messages import (
    DATA,
    DATA_MESSAGE,
    GATE,
    GATE_MESSAGE,
    MANIFEST,
    MANIFEST_MESSAGE,
    METRICS,
    METRICS_MESSAGE,
    NOON,
    NOON_STAMP,
    PROGRESS,
    PROGRESS_MESSAGE,
    RUN,
    RUN_MESSAGE,
    SETTINGS,
    VERSION,
    VERSION_MESSAGE,
    event,
    followed,
    rejected,
)
from support.scripted_servers import Script, ScriptedServer

NEWER: Any = 99  # No enum of this client's contract has the number.
ANSWER = recommender_pb2.RecommendResponse(header=recommender_pb2.RecommendHeader())
SUCCEEDED = event(trainer_pb2.RUN_STATE_SUCCEEDED, 2, version=4)


def test_train_sends_every_setting_and_yields_every_event(driver: Driver, script: Script) -> None:
    running = event(
        trainer_pb2.RUN_STATE_RUNNING,
        phase=trainer_pb2.RUN_PHASE_FITTING,
        event_time=NOON_STAMP,
        progress=PROGRESS_MESSAGE,
        data=DATA_MESSAGE,
        metrics=METRICS_MESSAGE,
        gate=GATE_MESSAGE,
    )
    script.on("Train", [running, SUCCEEDED])

    events = driver.items(
        lambda client: client.train("ml", request_id="q1", force=True, **SETTINGS)
    )

    assert script.requests == [
        trainer_pb2.TrainRequest(
            dataset="ml",
            settings=training_pb2.TrainingSettings(**SETTINGS),
            request_id="q1",
            force=True,
        )
    ]
    first, last = events
    assert first == mc.RunEvent(
        run_id="r1",
        sequence=1,
        event_time=NOON,
        state=mc.RunState.RUNNING,
        phase=mc.RunPhase.FITTING,
        progress=PROGRESS,
        data=DATA,
        metrics=METRICS,
        version=None,
        error=None,
        gate=mc.GateResult(**GATE),
    )
    assert (first.epoch, first.loss, first.val_loss) == (2, 1.25, None)
    assert (last.state, last.version, last.epoch) == ("SUCCEEDED", 4, None)


def test_settings_that_are_not_given_are_not_sent_and_zero_is(
    driver: Driver, script: Script
) -> None:
    script.on("Train", [SUCCEEDED])

    driver.items(lambda client: client.train("ml", holdout=0, epochs=None))

    settings = script.requests[0].settings
    assert [field.name for field, _ in settings.ListFields()] == ["holdout"]


def test_follow_asks_for_the_events_after_one(driver: Driver, script: Script) -> None:
    script.on("FollowRun", followed(SUCCEEDED))

    (last,) = driver.items(lambda client: client.follow("r1", after_sequence=1))

    assert script.requests == [trainer_pb2.FollowRunRequest(run_id="r1", after_sequence=1)]
    assert last.sequence == 2


def test_run_and_cancel_return_the_run(driver: Driver, script: Script) -> None:
    script.on("GetRun", trainer_pb2.GetRunResponse(run=RUN_MESSAGE))
    script.on("CancelRun", trainer_pb2.CancelRunResponse(run=RUN_MESSAGE))

    assert driver.value(lambda client: client.run("r1")) == RUN
    assert driver.value(lambda client: client.cancel("r1")) == RUN
    assert script.requests == [
        trainer_pb2.GetRunRequest(run_id="r1"),
        trainer_pb2.CancelRunRequest(run_id="r1"),
    ]


def test_lists_are_read_page_by_page_to_their_end(driver: Driver, script: Script) -> None:
    def runs(request: Any, _context: Any) -> trainer_pb2.ListRunsResponse:
        ids, next_token = {"": (["r3", "r2"], "more"), "more": (["r1"], "")}[request.page_token]
        return trainer_pb2.ListRunsResponse(
            runs=[trainer_pb2.Run(run_id=run_id) for run_id in ids], next_page_token=next_token
        )

    def versions(request: Any, _context: Any) -> recommender_pb2.ListVersionsResponse:
        number, next_token = {"": (2, "more"), "more": (1, "")}[request.page_token]
        return recommender_pb2.ListVersionsResponse(
            versions=[recommender_pb2.Version(version=number)], next_page_token=next_token
        )

    script.on("ListRuns", runs)
    script.on("ListVersions", versions)

    assert [run.run_id for run in driver.items(lambda client: client.runs())] == ["r3", "r2", "r1"]
    assert [v.version for v in driver.items(lambda client: client.versions())] == [2, 1]


def test_a_list_asks_for_a_page_only_when_it_is_reached(driver: Driver, script: Script) -> None:
    script.on(
        "ListRuns",
        trainer_pb2.ListRunsResponse(
            runs=[trainer_pb2.Run(run_id="r1")] * 2,
            next_page_token="more",  # noqa: S106 - the token of a page is no password
        ),
    )

    driver.leave_after_one(lambda client: client.runs())

    assert len(script.requests) == 1


def test_search_returns_at_most_the_limit_over_pages(driver: Driver, script: Script) -> None:
    def movies(request: Any, _context: Any) -> recommender_pb2.SearchMoviesResponse:
        first = int(request.page_token or 0)
        return recommender_pb2.SearchMoviesResponse(
            movies=[recommender_pb2.Movie(movie_id=first + i) for i in range(100)],
            next_page_token=str(first + 100),
        )

    script.on("SearchMovies", movies)

    found = driver.value(lambda client: client.search("the", 150))

    assert [movie.movie_id for movie in found] == list(range(150))
    assert [request.query for request in script.requests] == ["the", "the"]
    assert script.requests[0].page_size == 150


def test_model_and_versions_tell_where_a_version_comes_from(driver: Driver, script: Script) -> None:
    script.on(
        "GetModel",
        recommender_pb2.GetModelResponse(manifest=MANIFEST_MESSAGE, load_time=NOON_STAMP),
    )
    script.on(
        "ListVersions",
        recommender_pb2.ListVersionsResponse(
            versions=[
                rejected(5, "CHECKSUM", "it does not add up"),
                VERSION_MESSAGE,
            ]
        ),
    )

    assert driver.value(lambda client: client.model()) == mc.Model(4, NOON, MANIFEST)
    assert driver.items(lambda client: client.versions()) == [
        mc.Version(
            version=5,
            state=mc.VersionState.REJECTED,
            reason="CHECKSUM",
            message="it does not add up",
            manifest=None,
            labels=(),
            pinned=False,
            loaded=False,
            serving_replica_count=0,
        ),
        VERSION,
    ]


def test_words_of_a_newer_server_read_as_unknown(driver: Driver, script: Script) -> None:
    run = trainer_pb2.Run(
        run_id="r1",
        state=NEWER,
        phase=NEWER,
        data=training_pb2.DataReport(bad_rows=[training_pb2.BadRows(kind=NEWER)]),
    )
    version = recommender_pb2.Version(state=NEWER)
    script.on("GetRun", trainer_pb2.GetRunResponse(run=run))
    script.on("ListVersions", recommender_pb2.ListVersionsResponse(versions=[version]))

    read = driver.value(lambda client: client.run("r1"))

    assert (read.state, read.phase) == (mc.RunState.UNKNOWN, mc.RunPhase.UNKNOWN)
    assert read.data.bad_rows[0].kind is mc.BadRowKind.UNKNOWN
    (read,) = driver.items(lambda client: client.versions())
    assert read.state is mc.VersionState.UNKNOWN


def test_health_asks_for_the_full_name_of_each_service_or_for_liveness(
    driver: Driver, server: ScriptedServer
) -> None:
    status = health_pb2.HealthCheckResponse
    server.health.set("movierec.v1.TrainerService", status.SERVING)
    server.health.set("movierec.v1.RecommenderService", status.NOT_SERVING)
    server.health.set("liveness", status.SERVING)

    both = driver.value(lambda client: client.health())
    live = driver.value(lambda client: client.health("recommender", live=True))

    assert both == [
        mc.ServiceHealth("trainer", server.address, mc.ServingStatus.SERVING),
        mc.ServiceHealth("recommender", server.address, mc.ServingStatus.NOT_SERVING),
    ]
    assert live == [mc.ServiceHealth("recommender", server.address, mc.ServingStatus.SERVING)]


def test_health_of_a_server_that_does_not_know_the_service_is_told_apart(driver: Driver) -> None:
    (answer,) = driver.value(lambda client: client.health("trainer"))

    assert answer.status is mc.ServingStatus.SERVICE_UNKNOWN


def test_calls_carry_a_deadline_and_name_the_client(driver: Driver, script: Script) -> None:
    remaining: dict[str, float] = {}

    def note(name: str, answer: Any) -> Callable[[Any, grpc.ServicerContext], Any]:
        def noted(_request: Any, context: grpc.ServicerContext) -> Any:
            remaining[name] = context.time_remaining()
            return answer

        return noted

    script.on("GetRun", note("run", trainer_pb2.GetRunResponse()))
    script.on("Train", note("train", [SUCCEEDED]))
    script.on("Recommend", note("recommend", [ANSWER]))

    driver.value(lambda client: client.run("r1"))
    driver.items(lambda client: client.train("ml"))
    driver.items(lambda client: client.recommend([1], timeout_s=99))

    # gRPC sends times rounded up to a few digits.
    expected = {"run": 10, "train": 24 * 3600, "recommend": 99}
    assert remaining == pytest.approx(expected, rel=0.1)
    agent = dict(script.contexts[0].invocation_metadata())["user-agent"]
    assert str(agent).startswith("movierec/")


def test_an_answer_of_more_than_four_mebibytes_arrives(driver: Driver, script: Script) -> None:
    script.on("GetRun", trainer_pb2.GetRunResponse(run=trainer_pb2.Run(dataset="x" * 5 * 2**20)))

    assert len(driver.value(lambda client: client.run("r1")).dataset) == 5 * 2**20
