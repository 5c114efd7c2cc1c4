"""`BatchRecommend`: many queries on one stream, on a real server."""

import threading
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest
from google.rpc.status_pb2 import Status

from movierec.v1 import recommender_pb2 as pb
from support.recommenders import AskedRecommender, running_recommender, slow_reader
from support.servers import DEADLINE_S, wait_until_serving
from support.statuses import detail, outcome, refused
from support.versions import publish_by_hand, publish_many


@pytest.fixture(scope="module")
def recommender(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AskedRecommender]:
    folder = tmp_path_factory.mktemp("artifacts")
    for _ in range(2):
        publish_by_hand(folder)
    with running_recommender(folder, chunk_size=2) as recommender:
        wait_until_serving(recommender.channel)
        recommender.wait_for_states({2: "SERVING", 1: "AVAILABLE"})
        yield recommender


def query(movie_id: int, **fields: object) -> pb.BatchRecommendRequest:
    seeds = [pb.Seed(movie_id=movie_id)]
    return pb.BatchRecommendRequest(query=pb.RecommendRequest(seeds=seeds, **fields))  # type: ignore[arg-type]


def error_of(response: pb.BatchRecommendResponse) -> Status:
    status = Status()
    assert response.error.Unpack(status)
    return status


def test_each_query_is_answered_in_its_place_as_it_would_be_by_itself(
    recommender: AskedRecommender,
) -> None:
    queries = [query(10), query(30, top_k=1), query(60, top_k=3)]
    responses = list(recommender.stub.BatchRecommend(iter(queries), timeout=DEADLINE_S))
    assert [(response.position, response.last) for response in responses] == [
        *[(0, False), (0, False), (0, True)],
        (1, True),
        *[(2, False), (2, True)],
    ]
    for position, asked in enumerate(queries):
        answers = [response.answer for response in responses if response.position == position]
        assert answers == list(recommender.stub.Recommend(asked.query, timeout=DEADLINE_S))


def test_a_stream_says_who_answers_it_with_its_first_message(recommender: AskedRecommender) -> None:
    metadata = (("x-request-id", "mine"),)
    call: Any = recommender.stub.BatchRecommend(
        iter([query(10)]), timeout=DEADLINE_S, metadata=metadata
    )
    next(call)
    told = dict(call.initial_metadata())
    assert told["x-request-id"] == "mine"
    assert told["movierec-version"] == version("movierec")
    call.cancel()


def test_a_bad_query_is_answered_with_its_error_and_the_next_one_follows(
    recommender: AskedRecommender,
) -> None:
    queries = [
        query(10, top_k=0),
        query(11),
        pb.BatchRecommendRequest(),
        query(10, version=pb.VersionSelector(number=9)),
        query(10, top_k=1),
    ]
    responses = list(recommender.stub.BatchRecommend(iter(queries), timeout=DEADLINE_S))
    assert [response.position for response in responses] == [0, 1, 2, 3, 4]
    assert all(response.last for response in responses)
    errors = [error_of(response) for response in responses[:4]]
    assert [outcome(error) for error in errors] == [
        ("INVALID_ARGUMENT", "INVALID_REQUEST"),
        ("NOT_FOUND", "UNKNOWN_SEEDS"),
        ("INVALID_ARGUMENT", "INVALID_REQUEST"),
        ("NOT_FOUND", "VERSION_NOT_LOADED"),
    ]
    assert detail(errors[0], BadRequest).field_violations[0].field == "top_k"
    assert [movie.movie_id for movie in responses[4].answer.recommendations] == [20]


def test_bytes_that_are_no_query_are_an_error_of_their_own(recommender: AskedRecommender) -> None:
    call: Any = recommender.channel.stream_stream(
        "/movierec.v1.RecommenderService/BatchRecommend",
        response_deserializer=pb.BatchRecommendResponse.FromString,
    )
    good = query(10, top_k=1).SerializeToString()
    large = query(10, filter=pb.MovieFilter(any_genres=["x" * 2_000_000])).SerializeToString()
    long = b"\xff" * 10_000
    responses = list(call(iter([b"\xff\xff", long, large, good]), timeout=DEADLINE_S))
    assert outcome(error_of(responses[0])) == ("INVALID_ARGUMENT", "INVALID_REQUEST")
    assert outcome(error_of(responses[1])) == ("INVALID_ARGUMENT", "INVALID_REQUEST")
    assert outcome(error_of(responses[2])) == ("RESOURCE_EXHAUSTED", "REQUEST_TOO_LARGE")
    assert responses[3].answer.recommendations[0].movie_id == 20


def test_a_long_query_is_answered_from_the_version_that_it_asks_for(
    recommender: AskedRecommender,
) -> None:
    none = pb.MovieFilter(excluded=[pb.ExcludedMovie(title="x" * 10_000)])
    queries = [
        query(10, top_k=1, filter=none),
        query(10, top_k=1, filter=none, version=pb.VersionSelector(number=2)),
        query(10, top_k=1, filter=none, version=pb.VersionSelector(number=9)),
    ]
    *answers, gone = recommender.stub.BatchRecommend(iter(queries), timeout=DEADLINE_S)
    assert [answer.answer.recommendations[0].movie_id for answer in answers] == [20, 20]
    assert outcome(error_of(gone)) == ("NOT_FOUND", "VERSION_NOT_LOADED")


def test_a_batch_without_queries_has_no_answers(recommender: AskedRecommender) -> None:
    assert not list(recommender.stub.BatchRecommend(iter(()), timeout=DEADLINE_S))


def test_without_a_version_a_batch_is_refused_as_a_whole(tmp_path: Path) -> None:
    with running_recommender(tmp_path) as recommender:
        status = refused(
            lambda: list(recommender.stub.BatchRecommend(iter([query(10)]), timeout=DEADLINE_S))
        )
        assert outcome(status) == ("UNAVAILABLE", "NO_VERSION")


def test_a_batch_is_answered_to_its_end_from_the_version_that_served_when_it_began(
    tmp_path: Path,
) -> None:
    publish_by_hand(tmp_path)
    with running_recommender(tmp_path) as recommender:
        wait_until_serving(recommender.channel)
        may_go_on = threading.Event()

        def queries() -> Iterator[pb.BatchRecommendRequest]:
            yield query(10)
            may_go_on.wait(DEADLINE_S)
            yield query(10)
            yield query(10, version=pb.VersionSelector(number=2))

        responses = recommender.stub.BatchRecommend(queries(), timeout=DEADLINE_S)
        first = next(responses)
        publish_by_hand(tmp_path)
        recommender.wait_for_states({2: "SERVING", 1: "AVAILABLE"})
        may_go_on.set()
        numbers = [response.answer.header.model_version for response in (first, *responses)]
        assert numbers == [1, 1, 2]


def test_no_more_queries_are_read_than_the_connection_holds_while_answers_wait(
    tmp_path: Path,
) -> None:
    publish_many(tmp_path, "Film")
    with running_recommender(tmp_path) as recommender, slow_reader(recommender) as stub:
        wait_until_serving(recommender.channel)
        sent = 0

        def queries() -> Iterator[pb.BatchRecommendRequest]:
            nonlocal sent
            for _ in range(50_000):
                sent += 1
                yield query(10, top_k=100)

        responses = stub.BatchRecommend(queries(), timeout=DEADLINE_S)
        next(responses)
        # Nobody reads on; another call is answered all the same.
        (few,) = recommender.recommend(10, top_k=3)
        assert len(few.recommendations) == 3
        responses.cancel()
        with pytest.raises(grpc.RpcError):
            next(responses)
        assert sent < 50_000
