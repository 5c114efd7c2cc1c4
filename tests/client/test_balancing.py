"""Which of several recommenders answers: real ones, in this process and in others."""

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest

import movierec_client as mc
from movierec.v1 import recommender_pb2
from movierec_client import channels
from support.client_drivers import AsyncDriver, BlockingDriver
from support.metrics import metrics_address, scraped
from support.recommenders import AskedRecommender, running_recommender
from support.scripted_servers import ScriptedServer
from support.servers import until, wait_until_serving
from support.services import started
from support.versions import publish_by_hand, publish_many

ASKING = 16
"""Clients at a time, half of them async."""

RESTARTS = 3

KINDS = pytest.mark.parametrize("kind", [BlockingDriver, AsyncDriver], ids=["blocking", "async"])


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without waiting, all attempts of a call are over in no time."""
    monkeypatch.setitem(channels.RETRIES, "initialBackoff", "0.01s")


@pytest.fixture
def artifacts_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "artifacts"
    publish_by_hand(folder)
    return folder


@pytest.fixture
def serving(artifacts_dir: Path) -> Iterator[AskedRecommender]:
    with running_recommender(artifacts_dir) as recommender:
        wait_until_serving(recommender.channel)
        yield recommender


@pytest.fixture
def without_version(tmp_path: Path) -> Iterator[AskedRecommender]:
    with running_recommender(tmp_path / "empty") as recommender:
        yield recommender


def both(*recommenders: AskedRecommender) -> str:
    return "ipv4:///" + ",".join(recommender.address for recommender in recommenders)


@KINDS
def test_a_recommender_that_does_not_serve_is_passed_over(
    kind: Any, serving: AskedRecommender, without_version: AskedRecommender
) -> None:
    driver = kind(recommender=both(without_version, serving))

    for _ in range(10):
        assert driver.items(lambda client: client.recommend([10], k=1))[0].movie_id == 20
        assert driver.value(lambda client: client.model()).version == 1
    driver.close()


@KINDS
def test_a_recommender_that_does_not_serve_can_be_asked_why(
    kind: Any, without_version: AskedRecommender
) -> None:
    driver = kind(recommender=without_version.address)

    assert driver.items(lambda client: client.versions()) == []
    (replica,) = driver.value(lambda client: client.fleet()).replicas
    (health,) = driver.value(lambda client: client.health("recommender"))
    driver.close()

    assert replica.serving_version is None
    assert health.status is mc.ServingStatus.NOT_SERVING


@KINDS
def test_where_no_recommender_serves_a_call_fails_soon_and_says_so(
    kind: Any, without_version: AskedRecommender
) -> None:
    driver = kind(recommender=without_version.address)

    _, error = driver.items_and_error(lambda client: client.recommend([10], timeout_s=60))
    driver.close()

    assert isinstance(error, mc.UnavailableError)
    assert error.message.startswith(
        f"the recommender at {without_version.address} is there, but does not serve: "
        f"it has no version to answer with"
    )


@KINDS
@pytest.mark.usefixtures("hurried")
def test_a_client_that_waits_is_answered_once_a_version_is_there(
    kind: Any, without_version: AskedRecommender, tmp_path: Path
) -> None:
    driver = kind(recommender=without_version.address, wait_for_ready=True)
    threading.Timer(0.2, publish_by_hand, [tmp_path / "empty"]).start()

    assert driver.items(lambda client: client.recommend([10], k=1))[0].movie_id == 20
    driver.close()


@KINDS
@pytest.mark.usefixtures("hurried")
def test_a_client_that_waits_does_so_no_longer_than_it_may(
    kind: Any, without_version: AskedRecommender
) -> None:
    driver = kind(recommender=without_version.address, trainer="127.0.0.1:1", wait_for_ready=True)

    _, error = driver.items_and_error(lambda client: client.recommend([10], timeout_s=0.2))
    with pytest.raises(mc.DeadlineExceededError, match=r"within 0\.2 s"):
        driver.value(lambda client: client.run("r1", timeout_s=0.2))
    (health,) = driver.value(lambda client: client.health("trainer", timeout_s=5))
    driver.close()

    assert isinstance(error, mc.DeadlineExceededError)
    assert health.status is mc.ServingStatus.UNREACHABLE
    assert "cannot be reached" in health.message


@KINDS
def test_several_recommenders_take_turns(kind: Any) -> None:
    with ScriptedServer() as one, ScriptedServer() as other:
        for server in (one, other):
            server.script.on("GetModel", recommender_pb2.GetModelResponse())
        driver = kind(recommender=f"ipv4:///{one.address},{other.address}")

        def asked_both() -> bool:
            driver.value(lambda client: client.model())
            return bool(one.script.requests and other.script.requests)

        # The turns begin anew with each connection that comes.
        until(asked_both, bool)
        asked = len(one.script.requests), len(other.script.requests)
        for _ in range(10):
            driver.value(lambda client: client.model())
        driver.close()

        assert len(one.script.requests) - asked[0] == 5
        assert len(other.script.requests) - asked[1] == 5


@KINDS
def test_a_recommender_that_is_killed_under_load_costs_nobody_an_error(
    kind: Any, tmp_path: Path
) -> None:
    publish_many(tmp_path / "artifacts", "Film")
    with (
        started("recommender_service", tmp_path) as one,
        started("recommender_service", tmp_path) as other,
    ):
        address = f"ipv4:///{one.address},{other.address}"
        for recommender in (one, other):
            with grpc.insecure_channel(recommender.address) as channel:
                wait_until_serving(channel)
        answered = threading.Semaphore(0)
        is_gone = threading.Event()

        def ask(_: int) -> list[list[int]]:
            driver = kind(recommender=address, timeout_s=60)
            answers = []
            after = 0
            while after < 5:
                movies = driver.items(lambda client: client.recommend([10], k=1000))
                answers.append([movie.rank for movie in movies])
                answered.release()
                after += is_gone.is_set()
            driver.close()
            return answers

        with ThreadPoolExecutor(8) as pool:
            asking = [pool.submit(ask, i) for i in range(8)]
            for _ in range(40):
                assert answered.acquire(timeout=60)
            one.stop(signal.SIGKILL)
            is_gone.set()
            answers = [answer for asked in asking for answer in asked.result(120)]

    assert all(answer == list(range(1, 1001)) for answer in answers)


def test_a_recommender_that_is_restarted_under_load_costs_nobody_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside a second one: neither who wants recommendations, nor who wants a movie or the model.

    They are asked of who is ready, as its health says; calls are made again for UNAVAILABLE alone.
    """
    monkeypatch.setattr(channels, "_LAST_RECONNECT_MS", 200)
    publish_many(tmp_path / "artifacts", "Film")
    is_over = threading.Event()

    def ask(driver: Any) -> int:
        asked = 0
        while not is_over.is_set():
            movies = driver.items(lambda client: client.recommend([10], k=10))
            assert [movie.rank for movie in movies] == list(range(1, 11))
            driver.value(lambda client: client.model())
            driver.value(lambda client: client.search("Film"))
            asked += 1
        driver.close()
        return asked

    def is_under_load(found: dict[str, dict[frozenset[str], float]]) -> bool:
        method = "movierec.v1.RecommenderService/Recommend"
        return found["grpc_server_call_started_total"].get(frozenset({method}), 0) > 5 * ASKING

    with started("recommender_service", tmp_path) as stays, ThreadPoolExecutor(ASKING) as pool:
        with started("recommender_service", tmp_path) as goes:
            address = f"ipv4:///{stays.address},{goes.address}"
            with grpc.insecure_channel(stays.address) as channel:
                wait_until_serving(channel)
        asking = [
            pool.submit(ask, kind(recommender=address, timeout_s=60))
            for kind in (BlockingDriver, AsyncDriver) * (ASKING // 2)
        ]
        try:
            for _ in range(RESTARTS):
                flags = ("--listen", goes.address, "--metrics-listen", "127.0.0.1:0")
                with started("recommender_service", tmp_path, *flags) as again:
                    where = metrics_address(again)
                    until(lambda: scraped(where), is_under_load)  # noqa: B023
                    assert again.stop(signal.SIGTERM) == 0
        finally:
            is_over.set()
        assert all(asked.result(60) for asked in asking)
