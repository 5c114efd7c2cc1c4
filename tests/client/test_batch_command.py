"""`movierec recommend --batch`: a JSON query a line in, and an object a line out."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from movierec.v1 import recommender_pb2 as pb
from support.client_drivers import Movierec
from support.processes import killed_after
from support.scripted_servers import Script, ScriptedServer, one_by_one

PATIENCE_S = 60


@pytest.fixture
def asked(script: Script) -> list[pb.RecommendRequest]:
    """What was asked; a seed of the id 404 is not known, and others are recommended."""
    asked: list[pb.RecommendRequest] = []

    def answer(request: pb.BatchRecommendRequest, position: int) -> Iterable[Any]:
        asked.append(request.query)
        answered = pb.BatchRecommendResponse(position=position, last=True)
        if request.query.seeds[0].movie_id == 404:
            status = status_pb2.Status(code=grpc.StatusCode.NOT_FOUND.value[0], message="no 404")
            status.details.add().Pack(error_details_pb2.ErrorInfo(reason="UNKNOWN_SEEDS"))
            answered.error.Pack(status)
        else:
            answered.answer.header.model_version = 4
            for seed in request.query.seeds:
                answered.answer.recommendations.add(rank=1, movie_id=seed.movie_id, title="Film")
        return [answered]

    script.on("BatchRecommend", one_by_one(answer))
    return asked


def objects(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_each_line_is_answered_by_a_line_in_its_place(
    movierec: Movierec, asked: list[pb.RecommendRequest], tmp_path: Path
) -> None:
    file = tmp_path / "queries.jsonl"
    file.write_text('{"movies": [1]}\n{"movies": [404]}\n{"movies": [2, 3]}')

    done = movierec("recommend", "--batch", str(file), "--json")

    first, failed, third = objects(done.stdout)
    assert (done.exit_code, done.stderr) == (1, "")
    assert [query.seeds[0].movie_id for query in asked] == [1, 404, 2]
    assert first == {
        "position": 0,
        "model_version": 4,
        "recommendations": [
            {
                "rank": 1,
                "movie_id": 1,
                "title": "Film",
                "genres": [],
                "year": None,
                "score": 0.0,
                "rating_count": 0,
            }
        ],
    }
    assert failed == {
        "position": 1,
        "error": {"code": "NOT_FOUND", "reason": "UNKNOWN_SEEDS", "message": "no 404"},
    }
    assert [movie["movie_id"] for movie in third["recommendations"]] == [2, 3]


def test_a_line_says_all_that_a_query_can_and_flags_say_the_rest(
    movierec: Movierec, asked: list[pb.RecommendRequest]
) -> None:
    line = {
        "movies": [1, "Heat", {"movie": "Ran", "weight": 2}],
        "dislike": [{"movie": 5}],
        "exclude": [7, "Alien"],
        "any_genres": ["War"],
        "years": [1990, None],
        "min_score": 0.5,
        "unknown": "skip",
        "version": 7,
    }
    stdin = json.dumps(line) + '\n{"movies": [2], "years": 1994}\n'

    flags = ["-k", "3", "--genre", "Crime", "--explain"]
    done = movierec("recommend", "--batch", "-", "--json", *flags, stdin=stdin)

    assert (done.exit_code, len(done.stdout.splitlines())) == (0, 2)
    assert asked[0] == pb.RecommendRequest(
        seeds=[
            pb.Seed(movie_id=1, weight=1),
            pb.Seed(title="Heat", weight=1),
            pb.Seed(title="Ran", weight=2),
            pb.Seed(movie_id=5, weight=-1),
        ],
        top_k=3,
        unknown_seeds=pb.UNKNOWN_SEEDS_SKIP,
        version=pb.VersionSelector(number=7),
        combination=pb.COMBINATION_WEIGHTED_MEAN,
        filter=pb.MovieFilter(
            any_genres=["War"],
            first_year=1990,
            excluded=[pb.ExcludedMovie(movie_id=7), pb.ExcludedMovie(title="Alien")],
            min_score=0.5,
        ),
        explain=True,
    )
    assert asked[1].filter == pb.MovieFilter(any_genres=["Crime"], first_year=1994, last_year=1994)


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"Toy Story", "give a JSON object"),
        (b"", "give a JSON object"),
        (b'["Toy Story"]', "give a JSON object"),
        (b'{"k": 3}', "give a JSON object"),
        (b'{"movies": ["\xff"]}', "give a JSON object"),
        (b"[" * 100_000, "give a JSON object"),
        (b'{"movies": [1], "genre": "War"}', 'it has "genre"; legal are movies, k, '),
        (b'{"movies": "Heat"}', "movies is a single title: give a list, ['Heat']"),
        (b'{"movies": [1.5]}', "1.5 names no movie"),
        (b'{"movies": [true]}', "True names no movie"),
        (b'{"movies": [{"id": 1}]}', "is no seed: give e.g."),
        (b'{"movies": [1], "exclude": [{}]}', "excludes no movie"),
        (b'{"movies": [{"movie": 1, "weight": "x"}]}', "weight is 'x'"),
        (b'{"movies": [1], "dislike": [{"movie": 1, "weight": "x"}]}', "weight is 'x'"),
        (b'{"movies": [1], "k": "many"}', "top_k is 'many'"),
        (b'{"movies": [1], "years": [1, 2, 3]}', "years is (1, 2, 3)"),
        (b'{"movies": [1], "years": "1990"}', "years is '1990'"),
        (b'{"movies": [1], "unknown": ["skip"]}', "unknown is ['skip']"),
        (b'{"movies": [1], "any_genres": [1]}', "any_genres is [1]"),
        (b'{"movies": [1], "version": 1.5}', "version is 1.5"),
    ],
)
def test_a_line_that_is_no_query_is_an_error_and_the_next_is_answered(
    movierec: Movierec, line: bytes, why: str
) -> None:
    stdin = line + b'\n{"movies": [2]}\n'

    done = movierec("recommend", "--batch", "-", "--json", stdin=stdin)

    bad, good = objects(done.stdout)
    assert (done.exit_code, done.stderr) == (1, "")
    assert (bad["position"], bad["error"]["code"]) == (0, "INVALID_ARGUMENT")
    assert why in bad["error"]["message"]
    assert len(bad["error"]["message"]) < 400
    assert (good["position"], good["recommendations"][0]["movie_id"]) == (1, 2)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--batch", "-"],
        ["--batch", "-", "--json", "heat"],
        ["--batch", "/nowhere/at/all", "--json"],
    ],
)
def test_a_batch_that_cannot_be_is_wrong_usage(movierec: Movierec, arguments: list[str]) -> None:
    done = movierec("recommend", *arguments)

    assert (done.exit_code, done.stdout) == (2, "")
    assert "--json" in done.stderr or "cannot be read" in done.stderr


@pytest.mark.usefixtures("asked")
def test_ctrl_c_while_a_line_is_waited_for_ends_it_quietly(server: ScriptedServer) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "movierec_client", "recommend", "--batch", "-", "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "MOVIEREC_RECOMMENDER": server.address},
        text=True,
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr
    with process, process.stdin, process.stdout, process.stderr:
        process.stdin.write('{"movies": [1]}\n')
        process.stdin.flush()
        process.stdout.readline()  # It waits for the next line now, or is about to.
        process.send_signal(signal.SIGINT)
        complaint = process.stderr.read()

    assert process.returncode == 130
    assert "Traceback" not in complaint


def test_from_standard_input_each_line_is_answered_before_the_next_is_read(
    server: ScriptedServer, asked: list[pb.RecommendRequest]
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "movierec_client", "recommend", "--batch", "-", "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "MOVIEREC_RECOMMENDER": server.address},
        text=True,
    )
    assert process.stdin
    assert process.stdout
    with killed_after(process, PATIENCE_S), process, process.stdin, process.stdout:
        for position in range(3):
            process.stdin.write(f'{{"movies": [{position + 1}]}}\n')
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["position"] == position
        process.stdin.close()
        process.wait()

    assert process.returncode == 0
    assert len(asked) == 3


def test_notes_about_a_query_stand_in_its_object(movierec: Movierec, script: Script) -> None:
    header = pb.RecommendHeader(
        model_version=4, corrected_seeds=[pb.CorrectedSeed(text="Haet", title="Heat (1995)")]
    )
    answer = pb.RecommendResponse(header=header)
    response = pb.BatchRecommendResponse(answer=answer, last=True)
    script.on("BatchRecommend", one_by_one(lambda _request, _position: [response]))

    done = movierec("recommend", "--batch", "-", "--json", stdin='{"movies": ["Haet"]}\n')

    assert objects(done.stdout)[0]["notes"] == ["took 'Haet' for Heat (1995)"]
