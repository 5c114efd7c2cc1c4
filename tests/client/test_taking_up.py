"""A stream whose server is lost goes on where it was; every test runs with both clients."""

import time
from collections.abc import Iterable, Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message

import movierec_client as mc
from movierec.v1 import recommender_pb2, trainer_pb2
from movierec_client import channels, streams
from support.client_drivers import Driver
from support.known_messages import event, followed
from support.scripted_servers import Answer, Script, ScriptedServer, never_ending

RUNNING = trainer_pb2.RUN_STATE_RUNNING
SUCCEEDED = trainer_pb2.RUN_STATE_SUCCEEDED


def chunk(*ranks: int, version: int = 0) -> recommender_pb2.RecommendResponse:
    """Movies, each with its rank as its id; version 0 is no header."""
    return recommender_pb2.RecommendResponse(
        header=recommender_pb2.RecommendHeader(model_version=version) if version else None,
        recommendations=[recommender_pb2.Recommendation(rank=r, movie_id=r) for r in ranks],
    )


def lost_after(*messages: Message, code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE) -> Answer:
    """Answers with some messages, and breaks."""

    def answer(_request: Any, context: grpc.ServicerContext) -> Iterator[Message]:
        yield from messages
        context.abort(code, "the server is gone")

    return answer


def one_after_another(*answers: Answer | Iterable[Message]) -> Answer:
    """Answers each call with the next of some answers."""
    left = iter(answers)

    def answer(request: Any, context: grpc.ServicerContext) -> Any:
        chosen = next(left)
        return chosen(request, context) if callable(chosen) else chosen

    return answer


def ranks(movies: Iterable[Any]) -> list[int]:
    return [movie.movie_id for movie in movies]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(channels.RETRIES, "initialBackoff", "0.01s")


def test_an_answer_that_breaks_goes_on_after_the_last_rank_on_the_same_version(
    driver: Driver, script: Script
) -> None:
    whole = [chunk(1, 2, version=7), chunk(3, 4), chunk(5)]
    script.on("Recommend", one_after_another(lost_after(*whole[:1]), lost_after(*whole[:2]), whole))

    movies = driver.items(lambda client: client.recommend(["Heat"], k=5, version="stable"))

    assert ranks(movies) == [1, 2, 3, 4, 5]
    first, *others = script.requests
    assert first.version.label == "stable"
    assert [request.version.number for request in others] == [7, 7]
    first.version.number = 7
    assert others == [first, first]


def test_a_rank_in_the_middle_of_a_chunk_is_gone_on_after(driver: Driver, script: Script) -> None:
    script.on(
        "Recommend",
        one_after_another(lost_after(chunk(1, version=7), chunk(2)), [chunk(1, 2, 3, version=7)]),
    )

    assert ranks(driver.items(lambda client: client.recommend([1]))) == [1, 2, 3]


def test_a_header_that_came_alone_is_followed_by_the_movies(driver: Driver, script: Script) -> None:
    script.on(
        "Recommend",
        one_after_another(lost_after(chunk(version=7)), [chunk(1, version=7), chunk(2)]),
    )

    assert ranks(driver.items(lambda client: client.recommend([1]))) == [1, 2]
    assert script.requests[1].version.number == 7


def test_a_version_that_is_not_loaded_where_an_answer_is_taken_up_is_the_error(
    driver: Driver, script: Script
) -> None:
    script.on(
        "Recommend",
        one_after_another(
            lost_after(chunk(1, version=7)), lost_after(code=grpc.StatusCode.NOT_FOUND)
        ),
    )

    movies, error = driver.items_and_error(lambda client: client.recommend([1]))

    assert ranks(movies) == [1]
    assert isinstance(error, mc.NotFoundError)


def test_an_answer_that_always_breaks_at_one_place_ends_with_the_error(
    driver: Driver, script: Script
) -> None:
    script.on("Recommend", lost_after(chunk(1, 2, version=7)))

    movies, error = driver.items_and_error(lambda client: client.recommend([1]))

    assert ranks(movies) == [1, 2]
    assert isinstance(error, mc.UnavailableError)
    assert len(script.requests) == 2


def test_other_errors_than_a_lost_server_end_an_answer(driver: Driver, script: Script) -> None:
    script.on("Recommend", lost_after(chunk(1, version=7), code=grpc.StatusCode.INTERNAL))

    _, error = driver.items_and_error(lambda client: client.recommend([1]))

    assert isinstance(error, mc.ServerError)
    assert len(script.requests) == 1


def test_what_is_taken_up_has_the_time_that_is_left(driver: Driver, script: Script) -> None:
    left: list[float] = []

    def answer(request: Any, context: grpc.ServicerContext) -> Any:
        left.append(context.time_remaining())
        if len(left) > 1:
            return never_ending()(request, context)
        time.sleep(0.2)  # of the time that there is
        return lost_after(chunk(1, version=7))(request, context)

    script.on("Recommend", answer)

    movies, error = driver.items_and_error(lambda client: client.recommend([1], timeout_s=0.5))

    assert ranks(movies) == [1]
    assert isinstance(error, mc.DeadlineExceededError)
    assert "within 0.5 s" in error.message
    assert left[1] < left[0] - 0.15  # gRPC sends times rounded


@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("Train", lambda client: client.train("ml")),
        ("FollowRun", lambda client: client.follow("r1")),
        ("PublishRun", lambda client: client.publish("r1")),
    ],
)
def test_a_run_is_followed_on_after_its_last_event(
    driver: Driver, script: Script, method: str, call: Any
) -> None:
    first, second, last = event(RUNNING), event(RUNNING, 2), event(SUCCEEDED, 3, version=4)
    begin = lost_after(*(followed(first) if method == "FollowRun" else [first]))
    rest: list[Answer | Iterable[Message]] = [lost_after(*followed(second)), followed(last)]
    if method == "FollowRun":
        script.on("FollowRun", one_after_another(begin, *rest))
    else:
        script.on(method, begin)
        script.on("FollowRun", one_after_another(*rest))

    events = driver.items(call)

    assert [one.sequence for one in events] == [1, 2, 3]
    assert script.requests[1:] == [
        trainer_pb2.FollowRunRequest(run_id="r1", after_sequence=1),
        trainer_pb2.FollowRunRequest(run_id="r1", after_sequence=2),
    ]


def test_a_run_that_is_followed_on_raises_if_it_fails(driver: Driver, script: Script) -> None:
    script.on("Train", lost_after(event(RUNNING)))
    script.on("FollowRun", followed(event(trainer_pb2.RUN_STATE_CANCELLED, 2)))

    events, error = driver.items_and_error(lambda client: client.train("ml"))

    assert [one.sequence for one in events] == [1, 2]
    assert isinstance(error, mc.RunFailedError)


def test_a_trainer_that_is_gone_for_a_while_is_looked_for(
    driver: Driver, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PAUSE_S", 0.01)
    script.on("Train", lost_after(event(RUNNING)))
    # Each call is made at most four times by gRPC.
    away = [lost_after()] * 9
    script.on("FollowRun", one_after_another(*away, followed(event(SUCCEEDED, 2))))

    events = driver.items(lambda client: client.train("ml"))

    assert [one.sequence for one in events] == [1, 2]
    assert len(script.requests) == 11


def test_a_trainer_that_does_not_come_back_is_an_error(
    driver: Driver, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("movierec_client.rests.RestOfRun.patience_s", 0.01)
    script.on(
        "FollowRun", one_after_another(lost_after(*followed(event(RUNNING))), *[lost_after()] * 4)
    )

    events, error = driver.items_and_error(lambda client: client.follow("r1"))

    assert len(events) == 1
    assert isinstance(error, mc.UnavailableError)


def test_a_client_that_was_closed_takes_nothing_up(server: ScriptedServer) -> None:
    server.script.on("Recommend", never_ending(chunk(1, version=7)))
    with mc.Client(recommender=server.address) as client:
        movies = client.recommend([1])
        next(movies)
    with pytest.raises(mc.CallCancelledError):
        next(movies)

    assert len(server.script.requests) == 1
