"""Many queries, and a server that is lost among them; every test runs with both clients."""

from collections.abc import Iterable, Iterator
from typing import Any

import grpc
import pytest

import movierec_client as mc
from movierec.v1 import recommender_pb2 as pb
from movierec_client import channels
from support.client_drivers import Driver
from support.scripted_servers import Script


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(channels.RETRIES, "initialBackoff", "0.01s")


def part(position: int, *movie_ids: int, last: bool = True) -> pb.BatchRecommendResponse:
    """A part of an answer of version 7, or the whole."""
    answer = pb.RecommendResponse(
        header=pb.RecommendHeader(model_version=7),
        recommendations=[pb.Recommendation(movie_id=movie_id) for movie_id in movie_ids],
    )
    return pb.BatchRecommendResponse(position=position, answer=answer, last=last)


def ids(outcomes: Iterable[Any]) -> list[list[int]]:
    return [[movie.movie_id for movie in outcome.recommendations] for outcome in outcomes]


def test_a_batch_whose_server_is_lost_goes_on_with_what_has_no_whole_answer(
    driver: Driver, script: Script
) -> None:
    asked: list[list[Any]] = []

    def lost_in_the_third(requests: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        asked.append([])
        for position, request in enumerate(requests):
            asked[-1].append(request.query)
            movie_ids = [seed.movie_id for seed in request.query.seeds]
            if position < 2 or len(asked) == 3:
                yield part(position, *movie_ids)
                continue
            yield part(position, *movie_ids, last=False)
            context.abort(grpc.StatusCode.UNAVAILABLE, "the server is gone")

    script.on("BatchRecommend", lost_in_the_third)
    queries = [1, 2, mc.Query([3], version=5), 4, 5, mc.Query([6], version="stable")]

    outcomes = driver.items(lambda client: client.recommend_many(queries, window=3))

    assert ids(outcomes) == [[1], [2], [3], [4], [5], [6]]
    again = [[query.seeds[0].movie_id for query in call] for call in asked]
    assert [call[0] for call in again] == [1, 3, 5]
    assert [query.version.number for query in asked[1][:2]] == [5, 7]
    assert [query.version.number for query in asked[2]] == [7, 0]
    assert asked[2][1].version.label == "stable"


def test_a_batch_that_breaks_again_without_an_answer_ends_with_the_error(
    driver: Driver, script: Script
) -> None:
    def lost_in_the_second(requests: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        for position, request in enumerate(requests):
            if len(script.requests) > 1 or position:
                context.abort(grpc.StatusCode.UNAVAILABLE, "the server is gone")
            yield part(position, request.query.seeds[0].movie_id)

    script.on("BatchRecommend", lost_in_the_second)

    outcomes, failed = driver.items_and_error(lambda client: client.recommend_many([1, 2, 3]))

    assert ids(outcomes) == [[1]]
    assert isinstance(failed, mc.UnavailableError)
