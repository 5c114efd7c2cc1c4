"""Answers that are longer than one message, and versions that change meanwhile."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from movierec.v1 import recommender_pb2 as pb
from support.recommenders import running_recommender, slow_reader
from support.servers import DEADLINE_S, wait_until_serving
from support.versions import publish_many

LONG_REQUEST = pb.RecommendRequest(seeds=[pb.Seed(movie_id=10)], top_k=1_000)


def test_a_long_answer_comes_in_chunks_and_the_header_with_the_first(tmp_path: Path) -> None:
    publish_many(tmp_path, "Film")
    with running_recommender(tmp_path) as recommender:
        wait_until_serving(recommender.channel)
        answers = recommender.recommend(10, top_k=1_000)
        assert [answer.HasField("header") for answer in answers] == [True] + [False] * 9
        assert {len(answer.recommendations) for answer in answers} == {100}
        movies = [movie for answer in answers for movie in answer.recommendations]
        # On the half circle the nearest to the first are the next ones.
        assert [movie.movie_id for movie in movies] == [10 * i for i in range(2, 1_002)]
        assert [movie.rank for movie in movies] == list(range(1, 1_001))
        (few,) = recommender.recommend(10, top_k=7)
        assert list(few.recommendations) == movies[:7]


def test_a_stream_that_began_on_a_version_is_answered_by_it_to_the_end(tmp_path: Path) -> None:
    publish_many(tmp_path, "Old")
    with running_recommender(tmp_path) as recommender, slow_reader(recommender) as stub:
        wait_until_serving(recommender.channel)
        stream = stub.Recommend(LONG_REQUEST, timeout=DEADLINE_S)
        first = next(stream)
        publish_many(tmp_path, "New")
        recommender.wait_for_states({2: "SERVING", 1: "AVAILABLE"})
        (new,) = recommender.recommend(10)
        assert new.header.model_version == 2
        assert {movie.title[:3] for movie in new.recommendations} == {"New"}
        rest = list(stream)
        assert first.header.model_version == 1
        assert not any(answer.HasField("header") for answer in rest)
        titles = [movie.title[:3] for answer in (first, *rest) for movie in answer.recommendations]
        assert titles == ["Old"] * 1_000


def test_a_stream_that_is_cancelled_ends_on_the_server_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A stop need not wait for it, though its reader is still connected."""
    publish_many(tmp_path, "Film")
    with (
        ExitStack() as reading,  # goes on when the server has stopped
        running_recommender(tmp_path) as recommender,
    ):
        wait_until_serving(recommender.channel)
        stub = reading.enter_context(slow_reader(recommender))
        stream = stub.Recommend(LONG_REQUEST)
        next(stream)
        stream.cancel()
    assert "calls were still under way" not in caplog.text
