"""`movierec replay`: what was logged is asked again, and the answers are compared."""

import json
from typing import Any, NoReturn

import grpc
import pytest
from google.protobuf import json_format
from google.protobuf.any_pb2 import Any as Packed
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

import movierec_client as mc
from movierec.v1 import recommender_pb2 as pb
from support.client_drivers import Driver, Movierec
from support.scripted_servers import Script

REQUEST = pb.RecommendRequest(
    seeds=[pb.Seed(movie_id=1, weight=2.5), pb.Seed(movie_id=6, weight=-1)],
    top_k=4,
    unknown_seeds=pb.UNKNOWN_SEEDS_SKIP,
    version=pb.VersionSelector(number=7),
    combination=pb.COMBINATION_BEST_MATCH,
    filter=pb.MovieFilter(any_genres=["War"], first_year=1990, min_score=-0.5),
    diversity=0.25,
    explain=True,
)
NOON = "2026-11-22T12:00:00Z"


def logged(request: pb.RecommendRequest = REQUEST, **fields: Any) -> str:
    """A line of the log."""
    as_json = json_format.MessageToDict(request, preserving_proto_field_name=True)
    line = {"time": NOON, "version": 7, "request": as_json, "latency_ms": 1.9, **fields}
    return json.dumps(line)


LINE = logged(movie_ids=[101, 102, 103, 104])


def answer(*movie_ids: int) -> list[pb.RecommendResponse]:
    movies = [
        pb.Recommendation(rank=rank, movie_id=movie_id, title=f"Film {movie_id}")
        for rank, movie_id in enumerate(movie_ids, start=1)
    ]
    header = pb.RecommendHeader(model_version=7)
    return [pb.RecommendResponse(header=header, recommendations=movies)]


def failing(code: grpc.StatusCode, sentence: str, reason: str = "SOME_REASON") -> Any:
    packed = Packed()
    packed.Pack(error_details_pb2.ErrorInfo(reason=reason))
    status = status_pb2.Status(code=code.value[0], message=sentence, details=[packed])

    def fail(_request: Any, context: grpc.ServicerContext) -> NoReturn:
        context.abort_with_status(rpc_status.to_status(status))

    return fail


def test_the_request_is_asked_as_it_was_logged(driver: Driver, script: Script) -> None:
    script.on("Recommend", answer(101, 102, 103, 104))

    replayed = driver.value(lambda client: client.replay(LINE))

    assert script.requests == [REQUEST]
    assert replayed.same
    assert replayed.logged == mc.LoggedAnswer(NOON, 7, (101, 102, 103, 104), "", "")
    assert [movie.movie_id for movie in replayed.outcome.recommendations] == [101, 102, 103, 104]


@pytest.mark.parametrize(
    ("movie_ids", "ranks"),
    [
        ((101, 102, 103, 104), ()),
        ((102, 101, 103, 104), (1, 2)),
        ((101, 102, 103), (4,)),
        ((101, 102, 103, 104, 105), (5,)),
        ((), (1, 2, 3, 4)),
    ],
)
def test_the_ranks_that_differ_are_told(
    driver: Driver, script: Script, movie_ids: tuple[int, ...], ranks: tuple[int, ...]
) -> None:
    script.on("Recommend", answer(*movie_ids))

    replayed = driver.value(lambda client: client.replay(LINE))

    assert (replayed.different_ranks, replayed.same) == (ranks, not ranks)


def test_a_query_that_failed_is_to_fail_for_the_same_reason(driver: Driver, script: Script) -> None:
    script.on("Recommend", failing(grpc.StatusCode.NOT_FOUND, "no such movie"))

    again = driver.value(
        lambda client: client.replay(logged(code="NOT_FOUND", reason="SOME_REASON"))
    )
    other = driver.value(lambda client: client.replay(logged(code="INVALID_ARGUMENT")))
    elsewhy = driver.value(lambda client: client.replay(logged(code="NOT_FOUND", reason="R")))

    assert isinstance(again.outcome, mc.NotFoundError)
    assert elsewhy.logged == mc.LoggedAnswer(NOON, 7, (), "NOT_FOUND", "R")
    assert (again.same, other.same, elsewhy.same) == (True, False, False)


def test_an_answer_in_place_of_an_error_and_the_other_way_round_is_not_the_same(
    driver: Driver, script: Script
) -> None:
    script.on("Recommend", answer())
    now_answered = driver.value(lambda client: client.replay(logged(code="NOT_FOUND")))
    script.on("Recommend", failing(grpc.StatusCode.NOT_FOUND, "no such movie"))
    now_failing = driver.value(lambda client: client.replay(logged(movie_ids=[])))

    assert not now_answered.same
    assert not now_failing.same


LARGE = json.dumps({"request": {}, "request_bytes": 500_016, "code": "NOT_FOUND", "reason": "R"})


def test_a_request_that_was_too_large_to_be_logged_is_not_asked(
    driver: Driver, script: Script
) -> None:
    script.on("Recommend", answer())
    with pytest.raises(mc.InvalidArgumentError, match="request of 500016 bytes") as caught:
        driver.value(lambda client: client.replay(LARGE))
    assert caught.value.reason == "REQUEST_NOT_LOGGED"
    assert script.requests == []


BAD_LINES = [
    ("", "it is not JSON"),
    ("listening on 127.0.0.1:50052", "it is not JSON"),
    ("[" * 100_000, "it is not JSON"),
    ("[1]", 'it is no object with a "request"'),
    ('{"version": 7, "movie_ids": [1]}', 'it is no object with a "request"'),
    (logged(), 'it has neither "movie_ids" nor a "code"'),
    (logged(movie_ids="101"), "its \"movie_ids\" is '101'"),
    (logged(movie_ids=["Heat"]), 'its "movie_ids" are no ids'),
    (logged(movie_ids=[None]), 'its "movie_ids" are no ids'),
    (logged(movie_ids=[1], version="7"), "its \"version\" is '7'"),
    ('{"request": {"seeds": 5}, "movie_ids": []}', "its request cannot be read"),
    ('{"request": {"colour": 5}, "movie_ids": []}', "its request cannot be read"),
    ('{"request": {"combination": "SUM"}, "movie_ids": []}', "its request cannot be read"),
]


@pytest.mark.parametrize(("line", "why"), BAD_LINES, ids=[why for _, why in BAD_LINES])
def test_a_line_that_is_none_of_the_log_is_said_to_be_so(
    driver: Driver, line: str, why: str
) -> None:
    with pytest.raises(mc.InvalidArgumentError, match="no line of the recommendation log") as bad:
        driver.value(lambda client: client.replay(line))

    assert why in bad.value.message
    assert len(bad.value.message) < 500


def test_replay_prints_the_answer_and_that_it_is_the_same(
    movierec: Movierec, script: Script
) -> None:
    script.on("Recommend", answer(101, 102, 103, 104))

    done = movierec("replay", LINE)

    assert (done.exit_code, done.stderr) == (0, "")
    first, *_, verdict = done.stdout.splitlines()
    assert first == "from version 7"
    assert "Film 101" in done.stdout
    assert verdict == f"the same as the answer of {NOON}"


def test_replay_names_the_ranks_that_differ_and_exits_with_1(
    movierec: Movierec, script: Script
) -> None:
    script.on("Recommend", answer(102, 101, 103, 104, 105))

    done = movierec("replay", LINE)

    assert done.exit_code == 1
    assert done.stderr == f"not the answer of {NOON}: other movies in ranks 1-2, 5\n"


def test_replay_of_a_version_that_is_gone_says_so_with_what_to_do(
    movierec: Movierec, script: Script
) -> None:
    sentence = "version 7 is not loaded here; loaded are 8 (serving): put a label on it"
    script.on("Recommend", failing(grpc.StatusCode.NOT_FOUND, sentence, "VERSION_NOT_LOADED"))

    done = movierec("replay", LINE)

    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        sentence,
        f"not the answer of {NOON}: it was 4 movies, and is NOT_FOUND now",
    ]


def test_replay_reads_lines_from_standard_input_and_goes_on_after_bad_ones(
    movierec: Movierec, script: Script
) -> None:
    script.on("Recommend", answer(101, 102, 103, 104))
    lines = [LINE, "garbage", "", logged(movie_ids=[101, 102, 103, 105]), logged(code="NOT_FOUND")]

    done = movierec("replay", "-", "--json", stdin="\n".join(lines))

    good, garbage, different, answered = map(json.loads, done.stdout.splitlines())
    assert done.exit_code == 1
    assert (good["position"], good["same"], good["different_ranks"]) == (0, True, [])
    assert [movie["movie_id"] for movie in good["recommendations"]] == [101, 102, 103, 104]
    assert garbage["error"]["code"] == "INVALID_ARGUMENT"
    assert (different["same"], different["different_ranks"]) == (False, [4])
    assert (answered["position"], answered["same"]) == (3, False)


def test_replay_passes_over_a_request_that_was_too_large_to_be_logged(
    movierec: Movierec, script: Script
) -> None:
    script.on("Recommend", answer(101, 102, 103, 104))

    done = movierec("replay", "-", stdin=f"{LARGE}\n{LINE}\n")

    assert done.exit_code == 0
    assert "a request of 500016 bytes was refused" in " ".join(done.stderr.split())
    assert len(script.requests) == 1


def test_replay_with_nobody_to_ask_is_an_error_and_no_difference(movierec: Movierec) -> None:
    done = movierec("replay", LINE, "--recommender", "127.0.0.1:1")

    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("the recommender at 127.0.0.1:1 cannot be reached")
    assert done.stderr.count("\n") == 1
