"""The same files with today's Compose, whichever is installed on this machine."""

import sys
from pathlib import Path

import pytest

from support.deployment import REPLICAS, deployed

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("images")]


def test_todays_compose_brings_it_up_scales_it_and_leaves_it_scaled(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("docker-compose"))]
    run = ("run", "--rm", "-T", "client")
    with deployed(tmp_path, project="today", command=command) as deployment:
        assert deployment.compose(*run, "health", "--live").count(" SERVING ") == 2
        deployment.up("--scale", f"recommender={REPLICAS}")
        assert f"on {REPLICAS} of {REPLICAS} replicas" in deployment.compose(*run, "versions")
        assert len(deployment.containers("recommender")) == REPLICAS
