"""The quick start of the README: up, train, recommend; from inside and from the host."""

import json
import sys

import pytest

from e2e.compose.conftest import Trained
from support.datasets import REAL_DATA
from support.deployment import Deployment, said
from support.servers import until

pytestmark = pytest.mark.engine


def recommended(lines: str) -> list[str]:
    return [json.loads(line)["title"] for line in lines.splitlines()]


def test_both_services_are_live_before_there_is_any_version(trained: Trained) -> None:
    trainer, recommender = sorted(trained.health_before.splitlines(), reverse=True)
    assert trainer.split()[:2] == ["trainer", "SERVING"]
    assert recommender.split()[:2] == ["recommender", "NOT_SERVING"]
    assert trained.deployment.movierec("health", "--live").count(" SERVING ") == 2


def test_the_engine_says_that_both_are_healthy(trained: Trained) -> None:
    for service in ("trainer", "recommender"):
        trained.deployment.container(service).wait_until_healthy()


def test_one_command_trains_on_the_sample_and_one_recommends(trained: Trained) -> None:
    assert "version 1 is published" in trained.said
    assert "version 1 serves on 1 of 1 replica" in trained.said
    assert "has published version 1" in trained.deployment.compose("logs", "trainer")
    run = ("--profile", "client", "run", "--rm", "-T", "client")
    asked = trained.deployment.compose(*run, "recommend", "Toy Story", "-k", "3", "--json")
    assert "Toy Story 2 (1999)" in recommended(asked)
    assert trained.deployment.movierec("health").count(" SERVING ") == 2


def test_the_same_works_from_the_host(trained: Trained) -> None:
    deployment = trained.deployment
    asked = said(
        *(sys.executable, "-m", "movierec_client", "recommend", "Toy Story", "-k", "3", "--json"),
        *("--recommender", deployment.compose("port", "recommender", "50052")),
    )
    assert "Toy Story 2 (1999)" in recommended(asked)
    runs = said(
        *(sys.executable, "-m", "movierec_client", "runs", "--json"),
        *("--trainer", f"127.0.0.1:{deployment.trainer_port}"),
    )
    assert len(runs.splitlines()) >= 1


def test_a_folder_of_ones_own_data_is_mounted_as_it_is(trained: Trained) -> None:
    if not (REAL_DATA / "ml-latest-small").is_dir():
        pytest.skip("there is no ml-latest-small in ../shared/data")
    deployment = trained.deployment
    deployment.up(DEPLOY_DATA=str(REAL_DATA))
    try:
        mounts = deployment.container("trainer").host_config["Binds"]
        assert f"{REAL_DATA}:/data:ro" in mounts
        version = deployment.train("ml-latest-small", "--epochs=5", "--force")
        assert until(deployment.serving_version, lambda serving: serving == version)
        (first, *_) = deployment.objects("recommend", "Toy Story", "-k", "5")
        assert first["title"] != "Toy Story (1995)"
    finally:
        deployment.up()
    assert is_there(deployment, "sample")


def is_there(deployment: Deployment, dataset: str) -> bool:
    return dataset in deployment.container("trainer").run("ls", "/data").split()
