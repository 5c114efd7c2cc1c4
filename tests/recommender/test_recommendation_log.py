"""The log of recommendations, on a real server and a real file."""

import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format

from movierec.v1 import recommender_pb2 as pb
from support.recommenders import AskedRecommender, running_recommender
from support.servers import DEADLINE_S, until, wait_until_serving
from support.statuses import refused
from support.versions import publish_by_hand


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def movies(recommender: AskedRecommender, request: pb.RecommendRequest) -> list[tuple[int, float]]:
    responses = recommender.stub.Recommend(request, timeout=DEADLINE_S)
    return [(m.movie_id, m.score) for response in responses for m in response.recommendations]


REQUESTS: list[dict[str, Any]] = [
    {"seeds": [{"title": "the matrix"}]},
    {"seeds": [{"title": "toy story", "weight": 0.1}, {"movie_id": 40}, {"movie_id": 10}]},
    {
        "seeds": [{"movie_id": 7}, {"title": "Sabrina (1954)"}, {"title": "Bédazzled 誰"}],
        "unknown_seeds": "UNKNOWN_SEEDS_SKIP",
        "top_k": 2,
        "filter": {"excluded": [{"title": "Heat"}, {"movie_id": 5}], "first_year": 1995},
        "diversity": 0.3,
        "explain": True,
    },
    {"seeds": [{"movie_id": 7}], "unknown_seeds": "UNKNOWN_SEEDS_POPULAR"},
    {
        "seeds": [{"movie_id": 10}, {"movie_id": 60, "weight": -1}],
        "combination": "COMBINATION_BEST_MATCH",
        "version": {"number": 1},
    },
]


def test_a_logged_request_has_the_same_answer_again(tmp_path: Path) -> None:
    path = tmp_path / "log" / "recommendations.jsonl"
    path.parent.mkdir()
    for _ in range(2):
        publish_by_hand(tmp_path)
    with running_recommender(tmp_path, recommendation_log=path) as recommender:
        recommender.wait_for_states({2: "SERVING", 1: "AVAILABLE"})
        recommender.label("old", 1)
        requests = [json_format.ParseDict(fields, pb.RecommendRequest()) for fields in REQUESTS]
        answers = [movies(recommender, request) for request in requests * 2]
        logged = until(lambda: lines(path), lambda found: len(found) == len(answers))
        for line, answer, request in zip(logged, answers, requests * 2, strict=True):
            assert list(line) == ["time", "version", "request", "latency_ms", "movie_ids"]
            assert line["version"] == (1 if request.version.number else 2)
            assert line["movie_ids"] == [movie_id for movie_id, _ in answer]
            assert isinstance(line["latency_ms"], float)
            again = json_format.ParseDict(line["request"], pb.RecommendRequest())
            assert again.version.number == line["version"]
            assert movies(recommender, again) == answer
    # What was replayed is in its canonical form already.
    assert [line["request"] for line in lines(path)[len(answers) :]] == [
        line["request"] for line in logged
    ]


def test_a_request_that_is_refused_is_logged_with_its_code(tmp_path: Path) -> None:
    path = tmp_path / "recommendations.jsonl"
    publish_by_hand(tmp_path)
    with running_recommender(tmp_path, recommendation_log=path) as recommender:
        wait_until_serving(recommender.channel)
        request = pb.RecommendRequest(seeds=[pb.Seed(title="No\nSuch")])
        refused(lambda: movies(recommender, request))
    (line,) = lines(path)
    assert (line["code"], line["reason"]) == ("NOT_FOUND", "UNKNOWN_SEEDS")
    assert line["request"] == {"seeds": [{"title": "No\nSuch"}], "version": {"number": "1"}}


def test_a_large_request_that_is_refused_is_logged_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "recommendations.jsonl"
    publish_by_hand(tmp_path)
    with running_recommender(tmp_path, recommendation_log=path) as recommender:
        wait_until_serving(recommender.channel)
        request = pb.RecommendRequest(seeds=[pb.Seed(title="x" * 500_000)])
        refused(lambda: movies(recommender, request))
    (line,) = lines(path)
    assert line["request_bytes"] == request.ByteSize()
    assert line["request"] == {"version": {"number": "1"}}
    assert line["reason"] == "UNKNOWN_SEEDS"
    assert path.stat().st_size < 1_000


def test_a_log_that_was_moved_away_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "recommendations.jsonl"
    publish_by_hand(tmp_path)
    with running_recommender(tmp_path, recommendation_log=path) as recommender:
        wait_until_serving(recommender.channel)
        recommender.recommend(10)
        until(lambda: lines(path), lambda found: len(found) == 1)
        path.rename(tmp_path / "old.jsonl")
        recommender.recommend(20)
    assert len(lines(path)) == len(lines(tmp_path / "old.jsonl")) == 1


def test_a_log_that_cannot_be_written_is_refused_at_the_start(tmp_path: Path) -> None:
    with (
        pytest.raises(
            OSError, match=r"MOVIEREC_RECOMMENDATION_LOG: .*away.* cannot be written: No such"
        ),
        running_recommender(tmp_path, recommendation_log=tmp_path / "away" / "log.jsonl"),
    ):
        pass


def test_a_log_that_cannot_be_written_any_more_costs_lines_and_no_calls(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    publish_by_hand(tmp_path)
    with running_recommender(
        tmp_path, recommendation_log=folder / "recommendations.jsonl"
    ) as recommender:
        wait_until_serving(recommender.channel)
        (folder / "recommendations.jsonl").unlink()
        folder.rmdir()
        assert recommender.recommend(10)
        until(lambda: caplog.text, lambda text: "is lost" in text or "are lost" in text)
        folder.mkdir()
        assert recommender.recommend(20)
    assert [line["version"] for line in lines(folder / "recommendations.jsonl")] == [1]
    assert "recommendations.jsonl cannot be written" in caplog.text
