"""What the recommender says of its versions when it is scraped."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import grpc
import pytest

from movierec.v1 import recommender_pb2 as pb
from recommender_service.service.building import Recommender
from recommender_service.settings import RecommenderSettings
from support.damage import facts_of
from support.metrics import scraped
from support.recommenders import AskedRecommender, slow_reader
from support.servers import DEADLINE_S, serving, until
from support.versions import publish_by_hand, publish_many

Scraped: TypeAlias = dict[str, dict[frozenset[str], float]]

PLAIN: frozenset[str] = frozenset()


@contextmanager
def running(artifacts: Path) -> Iterator[tuple[AskedRecommender, Callable[[], Scraped]]]:
    """A recommender, and what it says when it is scraped."""
    built: list[Recommender] = []
    settings = RecommenderSettings.model_validate(
        {
            "listen": "127.0.0.1:0",
            "metrics_listen": "127.0.0.1:0",
            "artifacts_dir": artifacts,
            "poll_interval_s": 0.01,
        }
    )

    def build() -> Recommender:
        built.append(Recommender(settings))
        return built[0]

    with serving(build) as address, grpc.insecure_channel(address) as channel:
        url = built[0].server.metrics_url
        assert url
        where = url.removeprefix("http://").removesuffix("/metrics")
        yield AskedRecommender(address, channel), lambda: scraped(where)


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    return tmp_path / "artifacts"


def test_a_recommender_of_nothing_says_that_nothing_serves(artifacts: Path) -> None:
    with running(artifacts) as (_, said):
        found = said()
    assert found["movierec_serving_version"] == {PLAIN: 0}
    assert found["movierec_loaded_versions"] == {PLAIN: 0}
    assert "movierec_serving_version_create_timestamp_seconds" not in found


def test_the_version_that_serves_is_told_with_its_time(artifacts: Path) -> None:
    publish_by_hand(artifacts)
    created = facts_of(artifacts / "versions" / "1")["create_time"]
    with running(artifacts) as (recommender, said):
        recommender.wait_until_it_serves(1)
        found = said()
    assert found["movierec_serving_version"] == {PLAIN: 1}
    told = found["movierec_serving_version_create_timestamp_seconds"][PLAIN]
    assert told == pytest.approx(datetime.fromisoformat(created).timestamp(), abs=1e-3)
    loaded = found["movierec_serving_version_load_timestamp_seconds"][PLAIN]
    assert told <= loaded <= datetime.now(UTC).timestamp()
    assert found["movierec_version_load_duration_seconds_count"] == {PLAIN: 1}
    assert found["movierec_version_loads_total"][frozenset({"LOADED"})] == 1


def test_versions_are_counted_by_where_they_stand_and_why(artifacts: Path) -> None:
    for _ in range(3):
        publish_by_hand(artifacts)
    (artifacts / "versions" / "3" / "embeddings.npy").write_bytes(b"nonsense")
    with running(artifacts) as (recommender, said):
        recommender.wait_for_states({3: "REJECTED", 2: "SERVING", 1: "AVAILABLE"})
        found = said()
    assert found["movierec_versions"] == {
        frozenset({"SERVING", ""}): 1,
        frozenset({"AVAILABLE", ""}): 1,
        frozenset({"REJECTED", ""}): 0,
        frozenset({"REJECTED", "CHECKSUM"}): 1,
        frozenset({"LOADING", ""}): 0,
    }
    assert found["movierec_version_loads_total"] == {
        frozenset({"LOADED"}): 1,
        frozenset({"REJECTED"}): 1,
        frozenset({"FAILED"}): 0,
    }


def test_queries_are_counted_by_whether_their_answer_was_remembered(artifacts: Path) -> None:
    publish_by_hand(artifacts)
    with running(artifacts) as (recommender, said):
        recommender.wait_until_it_serves(1)
        for _ in range(3):
            recommender.recommend(10)
        found = said()
    assert found["movierec_remembered_answers_asked_total"] == {
        frozenset({"hit"}): 2,
        frozenset({"miss"}): 1,
    }
    assert found["movierec_remembered_answers_bytes"][PLAIN] > 0


@pytest.mark.parametrize(
    ("timeout_s", "status"), [(DEADLINE_S, "CANCELLED"), (0.5, "DEADLINE_EXCEEDED")]
)
def test_a_batch_that_ends_while_its_next_query_is_waited_for_has_not_ended_well(
    artifacts: Path, timeout_s: float, status: str
) -> None:
    publish_by_hand(artifacts)
    batch = "movierec.v1.RecommenderService/BatchRecommend"
    query = pb.BatchRecommendRequest(query=pb.RecommendRequest(seeds=[pb.Seed(movie_id=10)]))
    over = threading.Event()

    def queries() -> Iterator[pb.BatchRecommendRequest]:
        yield query
        over.wait(DEADLINE_S)

    with running(artifacts) as (recommender, said):
        recommender.wait_until_it_serves(1)
        call = recommender.stub.BatchRecommend(queries(), timeout=timeout_s)
        next(call)
        if status == "CANCELLED":
            call.cancel()
        in_flight = frozenset({batch, "bidi_stream"})
        found = until(said, lambda now: now["movierec_server_calls_in_flight"][in_flight] == 0)
        over.set()
    durations = found["grpc_server_call_duration_seconds_count"]
    assert {labels: count for labels, count in durations.items() if batch in labels} == {
        frozenset({batch, status}): 1
    }


@pytest.mark.parametrize(
    ("timeout_s", "status"), [(DEADLINE_S, "CANCELLED"), (0.5, "DEADLINE_EXCEEDED")]
)
def test_a_stream_that_its_client_leaves_is_under_way_no_more_and_says_why(
    artifacts: Path, timeout_s: float, status: str
) -> None:
    publish_many(artifacts, "Film")
    recommend = "movierec.v1.RecommenderService/Recommend"
    request = pb.RecommendRequest(seeds=[pb.Seed(movie_id=10)], top_k=1_000)
    with running(artifacts) as (recommender, said), slow_reader(recommender) as stub:
        recommender.wait_until_it_serves(1)
        call = stub.Recommend(request, timeout=timeout_s)
        next(call)
        in_flight = frozenset({recommend, "server_stream"})
        if status == "CANCELLED":
            assert said()["movierec_server_calls_in_flight"][in_flight] == 1
            call.cancel()
        found = until(said, lambda now: now["movierec_server_calls_in_flight"][in_flight] == 0)
    durations = found["grpc_server_call_duration_seconds_count"]
    assert {labels: count for labels, count in durations.items() if recommend in labels} == {
        frozenset({recommend, status}): 1
    }
