"""Many queries over one call; every test of both clients runs with both."""

import gc
import itertools
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, NoReturn

import grpc
import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.rpc import error_details_pb2, status_pb2

import movierec_client as mc
from movierec.v1 import recommender_pb2 as pb
from support.client_drivers import AsyncDriver, BlockingDriver, Driver
from support.scripted_servers import Script, never_ending, one_by_one

PATIENCE_S = 5


def part(
    position: int, *movie_ids: int, version: int = 4, last: bool = True
) -> pb.BatchRecommendResponse:
    """A part of an answer, or the whole; version 0 is none, as in all parts but the first."""
    header = pb.RecommendHeader(model_version=version) if version else None
    movies = [pb.Recommendation(movie_id=movie_id) for movie_id in movie_ids]
    answer = pb.RecommendResponse(header=header, recommendations=movies)
    return pb.BatchRecommendResponse(position=position, answer=answer, last=last)


def error(
    position: int, code: grpc.StatusCode, sentence: str, *details: Any
) -> pb.BatchRecommendResponse:
    """An error in place of an answer."""
    status = status_pb2.Status(code=code.value[0], message=sentence)
    for detail in details:
        status.details.add().Pack(detail)
    packed = Packed()
    packed.Pack(status)
    return pb.BatchRecommendResponse(position=position, error=packed, last=True)


def echo(request: pb.BatchRecommendRequest, position: int) -> Iterable[pb.BatchRecommendResponse]:
    """Answers with the ids of the seeds, and the number of movies asked for as version."""
    movie_ids = [seed.movie_id for seed in request.query.seeds]
    return [part(position, *movie_ids, version=request.query.top_k)]


def ids(outcomes: Iterable[Any]) -> list[list[int]]:
    return [[movie.movie_id for movie in outcome.recommendations] for outcome in outcomes]


def test_each_query_is_answered_in_its_place(driver: Driver, script: Script) -> None:
    script.on("BatchRecommend", one_by_one(echo))
    queries = [mc.Query([1, 2], k=3), 4, [5, mc.Seed(6, 2)], mc.Seed(7)]

    outcomes = driver.items(lambda client: client.recommend_many(queries))

    assert ids(outcomes) == [[1, 2], [4], [5, 6], [7]]
    assert [outcome.header.model_version for outcome in outcomes] == [3, 10, 10, 10]


def test_the_parts_of_an_answer_are_put_together(driver: Driver, script: Script) -> None:
    def in_parts(_request: Any, position: int) -> Iterator[pb.BatchRecommendResponse]:
        yield part(position, 1, 2, version=7, last=False)
        yield part(position, 3, version=0, last=False)
        yield part(position, version=0)

    script.on("BatchRecommend", one_by_one(in_parts))

    first, second = driver.items(lambda client: client.recommend_many([10, 20]))

    assert isinstance(first, mc.Answer)
    assert first == second
    assert first.header.model_version == 7
    assert [movie.movie_id for movie in first.recommendations] == [1, 2, 3]


def test_a_query_that_fails_is_an_error_in_its_place_and_the_next_is_answered(
    driver: Driver, script: Script
) -> None:
    info = error_details_pb2.ErrorInfo(reason="UNKNOWN_SEEDS", metadata={"count": "1"})
    resource = error_details_pb2.ResourceInfo(resource_type="Movie", resource_name="Haet")

    def second_fails(request: Any, position: int) -> Iterable[pb.BatchRecommendResponse]:
        if position != 1:
            return echo(request, position)
        return [error(position, grpc.StatusCode.NOT_FOUND, "no Haet", info, resource)]

    script.on("BatchRecommend", one_by_one(second_fails))

    first, failed, third = driver.items(lambda client: client.recommend_many([1, "Haet", 3]))

    assert ids([first, third]) == [[1], [3]]
    assert type(failed) is mc.NotFoundError
    assert (failed.message, failed.code, failed.reason) == (
        "no Haet",
        "NOT_FOUND",
        "UNKNOWN_SEEDS",
    )
    assert failed.metadata == {"count": "1"}
    assert failed.resources == (mc.Resource("Movie", "Haet"),)


def test_an_error_that_cannot_be_read_is_one_of_the_server(driver: Driver, script: Script) -> None:
    garbled = Packed(type_url="type.googleapis.com/google.rpc.Status", value=b"\xff\xff")
    foreign = Packed()
    foreign.Pack(pb.Movie())
    script.on(
        "BatchRecommend",
        [
            pb.BatchRecommendResponse(position=0, error=garbled, last=True),
            pb.BatchRecommendResponse(position=1, error=foreign, last=True),
            error(2, grpc.StatusCode.INTERNAL, "broken"),
        ],
    )

    outcomes = driver.items(lambda client: client.recommend_many([1, 2, 3]))

    assert [type(outcome) for outcome in outcomes] == [mc.ServerError] * 3
    assert [outcome.code for outcome in outcomes] == ["UNKNOWN", "UNKNOWN", "INTERNAL"]


def test_what_cannot_be_sent_and_errors_come_out_in_their_places(
    driver: Driver, script: Script
) -> None:
    script.on("BatchRecommend", one_by_one(echo))
    given = mc.InvalidArgumentError("line 2 is no query")
    queries = ["\ud800", 1, given, mc.Query([2], k=2**31), 3, given]

    outcomes = driver.items(lambda client: client.recommend_many(queries))

    assert ids([outcomes[1], outcomes[4]]) == [[1], [3]]
    assert outcomes[2] is outcomes[5] is given
    assert [list(outcomes[place].violations) for place in (0, 3)] == [["title"], ["top_k"]]


def test_no_query_has_no_outcome(driver: Driver, script: Script) -> None:
    script.on("BatchRecommend", one_by_one(echo))

    assert driver.items(lambda client: client.recommend_many([])) == []


@pytest.mark.parametrize("window", [1, 5])
def test_no_more_queries_are_taken_than_the_window_has_room_for(
    driver: Driver, script: Script, window: int
) -> None:
    taken = 0
    room = []

    def queries() -> Iterator[int]:
        nonlocal taken
        for movie_id in range(20):
            taken += 1
            yield movie_id

    def answer(request: Any, position: int) -> Iterable[pb.BatchRecommendResponse]:
        room.append(taken - position)
        return echo(request, position)

    script.on("BatchRecommend", one_by_one(answer))

    outcomes = driver.items(lambda client: client.recommend_many(queries(), window=window))

    assert ids(outcomes) == [[movie_id] for movie_id in range(20)]
    assert max(room) <= window


def test_queries_without_an_end_are_answered_one_after_another(
    driver: Driver, script: Script
) -> None:
    script.on("BatchRecommend", one_by_one(echo))
    queries = itertools.count(100)

    first = driver.leave_after_one(lambda client: client.recommend_many(queries))

    assert ids([first]) == [[100]]
    assert next(queries) == 164


def test_leaving_the_loop_early_cancels_the_call(driver: Driver, script: Script) -> None:
    script.on("BatchRecommend", one_by_one(echo))

    driver.leave_after_one(lambda client: client.recommend_many(itertools.count()))

    assert script.ended.wait(PATIENCE_S)


@pytest.mark.parametrize("driver", [BlockingDriver], ids=["blocking"], indirect=True)
def test_no_thread_is_left_behind(driver: Driver, script: Script) -> None:
    script.on("BatchRecommend", one_by_one(echo))
    before = set(threading.enumerate())

    driver.leave_after_one(lambda client: client.recommend_many(itertools.count(), window=1))

    for thread in set(threading.enumerate()) - before:
        if not thread.name.startswith("ThreadPoolExecutor"):  # Those are the server's.
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


def test_what_the_queries_raise_comes_after_the_answers_to_those_before(
    driver: Driver, script: Script
) -> None:
    script.on("BatchRecommend", one_by_one(echo))
    answered = []

    def queries() -> Iterator[int]:
        yield from (1, 2)
        raise LookupError("the table is gone")

    def scenario(client: Any) -> Any:
        answered.append(client.recommend_many(queries()))
        return answered[0]

    assert ids([driver.leave_after_one(scenario)]) == [[1]]
    with pytest.raises(LookupError, match="the table is gone"):
        driver.items(lambda _client: answered[0])

    assert driver.items(lambda _client: answered[0]) == []
    assert script.ended.wait(PATIENCE_S)


@pytest.mark.parametrize("query", [None, 2.5, [True]])
def test_what_is_no_query_is_a_type_error(driver: Driver, script: Script, query: Any) -> None:
    script.on("BatchRecommend", one_by_one(echo))

    with pytest.raises(TypeError):
        driver.items(lambda client: client.recommend_many([query]))


@pytest.mark.parametrize("queries", ["Heat", 7, None])
def test_what_is_no_list_of_queries_is_a_type_error(driver: Driver, queries: Any) -> None:
    with pytest.raises(TypeError, match=r"queries is .*: give a list"):
        driver.items(lambda client: client.recommend_many(queries))


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ([part(0)], "ended its answers before query 1"),
        ([part(0), part(1, last=False)], "ended its answers before query 1"),
        ([part(0), part(2)], "answered query 2 instead of 1"),
        ([part(0), part(1), part(2)], "answered more queries than there were"),
    ],
)
def test_answers_that_do_not_fit_the_queries_are_the_servers_fault(
    driver: Driver, script: Script, answers: list[pb.BatchRecommendResponse], sentence: str
) -> None:
    def all_at_once(requests: Any, _context: Any) -> Iterable[pb.BatchRecommendResponse]:
        for _ in requests:
            pass
        return answers

    script.on("BatchRecommend", all_at_once)

    outcomes, failed = driver.items_and_error(lambda client: client.recommend_many([1, 2]))

    assert isinstance(failed, mc.ServerError)
    assert sentence in failed.message
    assert len(outcomes) in (1, 2)


def test_a_server_that_speaks_like_grpc_itself_is_heard_too(driver: Driver, script: Script) -> None:
    def refuse(_requests: Any, context: grpc.ServicerContext) -> NoReturn:
        context.abort(grpc.StatusCode.INTERNAL, "Internal error from Core")

    script.on("BatchRecommend", refuse)

    _, failed = driver.items_and_error(lambda client: client.recommend_many([1], timeout_s=60))

    assert isinstance(failed, mc.ServerError)
    assert "Internal error from Core" in failed.message


@pytest.mark.parametrize("window", [1, 64])
def test_a_server_that_ends_the_call_at_once_is_heard_while_queries_are_sent(
    driver: Driver, script: Script, caplog: pytest.LogCaptureFixture, window: int
) -> None:
    def refuse(_requests: Any, context: grpc.ServicerContext) -> NoReturn:
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "not now")

    script.on("BatchRecommend", refuse)

    for _ in range(100):  # Which of the two is first is a matter of luck.
        outcomes, failed = driver.items_and_error(
            lambda client: client.recommend_many(range(100), window=window, timeout_s=PATIENCE_S)
        )
        assert outcomes == []
        assert type(failed) is mc.ResourceExhaustedError
        assert "not now" in failed.message
    gc.collect()
    assert caplog.messages == []  # No task is left behind, of which asyncio would tell.


def test_the_whole_has_no_deadline_worth_the_name_unless_it_is_given_one(
    driver: Driver, script: Script
) -> None:
    remaining: list[float] = []

    def answer(requests: Any, context: Any) -> Iterator[Any]:
        remaining.append(context.time_remaining())
        return (message for i, request in enumerate(requests) for message in echo(request, i))

    script.on("BatchRecommend", answer)

    driver.items(lambda client: client.recommend_many([1]))
    driver.items(lambda client: client.recommend_many([1], timeout_s=99))
    script.on("BatchRecommend", never_ending())
    _, late = driver.items_and_error(lambda client: client.recommend_many([1], timeout_s=0.2))

    assert remaining == pytest.approx([365 * 24 * 3600, 99], rel=0.1)
    assert isinstance(late, mc.DeadlineExceededError)


def test_closing_the_client_ends_the_answers_with_an_error_of_ours(
    driver: Driver, script: Script
) -> None:
    script.on("BatchRecommend", never_ending(part(0)))

    failed = driver.close_while_waiting(lambda client: client.recommend_many([1, 2]))

    assert isinstance(failed, mc.CallCancelledError)
    assert script.ended.wait(PATIENCE_S)


def test_large_queries_and_large_answers_do_not_wait_for_each_other(
    driver: Driver, script: Script
) -> None:
    movies = [pb.Recommendation(rank=rank, title="x" * 100) for rank in range(1, 1001)]
    answer = pb.RecommendResponse(
        header=pb.RecommendHeader(model_version=4), recommendations=movies
    )

    def large(_request: Any, position: int) -> Iterable[pb.BatchRecommendResponse]:
        return [pb.BatchRecommendResponse(position=position, answer=answer, last=True)]

    script.on("BatchRecommend", one_by_one(large))
    query = mc.Query(["x" * 100] * 1000)

    outcomes = driver.items(lambda client: client.recommend_many([query] * 100, timeout_s=60))

    assert [len(outcome.recommendations) for outcome in outcomes] == [1000] * 100


@pytest.mark.parametrize("driver", [AsyncDriver], ids=["async"], indirect=True)
def test_the_queries_of_the_async_client_may_be_async(driver: Driver, script: Script) -> None:
    script.on("BatchRecommend", one_by_one(echo))

    async def queries() -> AsyncIterator[int]:
        for movie_id in (1, 2, 3):
            yield movie_id

    outcomes = driver.items(lambda client: client.recommend_many(queries()))

    assert ids(outcomes) == [[1], [2], [3]]
