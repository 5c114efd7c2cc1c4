"""What is killed, stopped or taken down, and comes back."""

import json
import subprocess

import pytest

from e2e.compose.conftest import Trained
from support.deployment import STEP_S
from support.processes import killed_after
from support.servers import until

pytestmark = pytest.mark.engine

GRACE_S = 10
FOLLOWING_S = 300.0
"""How long the killed training is followed; it takes half a minute."""


@pytest.mark.parametrize("service", ["trainer", "recommender"])
def test_a_service_whose_process_is_killed_comes_back_and_serves_the_same(
    trained: Trained, service: str
) -> None:
    deployment = trained.deployment
    before = deployment.serving_version()
    container = deployment.container(service)
    container.kill_process()
    assert deployment.container(service) == container
    container.wait_until_live()
    assert until(deployment.serving_version, bool) == before
    assert deployment.movierec("health").count(" SERVING ") == 2


def test_a_training_that_is_killed_in_the_middle_is_taken_up_and_published(
    trained: Trained,
) -> None:
    deployment = trained.deployment
    command = ["train", "sample", "--min-ratings=50", "--epochs=30", "--force", "--json"]
    following = subprocess.Popen(
        [*deployment.client_command(), *command], stdout=subprocess.PIPE, text=True
    )
    with killed_after(following, FOLLOWING_S), following:
        assert following.stdout
        fitted = (event for event in map(json.loads, following.stdout) if event["progress"])
        run_id = next(event["run_id"] for event in fitted if event["progress"]["epoch"] > 1)
        deployment.container("trainer").kill_process()
        states = [json.loads(line)["state"] for line in following.stdout]
        assert following.wait(STEP_S) == 0
    assert "INTERRUPTED" in states
    assert states[-1] == "SUCCEEDED"
    (run,) = (run for run in deployment.objects("runs") if run["run_id"] == run_id)
    assert until(deployment.serving_version, lambda version: version == run["version"])


def test_what_was_learned_outlives_down_and_up(trained: Trained) -> None:
    deployment = trained.deployment
    before = deployment.serving_version()
    runs = [run["run_id"] for run in deployment.objects("runs")]
    deployment.compose("down")
    assert deployment.containers("recommender") == []
    deployment.up()
    assert until(deployment.serving_version, bool) == before
    assert [run["run_id"] for run in deployment.objects("runs")] == runs


@pytest.mark.parametrize("service", ["trainer", "recommender"])
def test_a_service_that_is_stopped_ends_with_0_within_its_grace(
    trained: Trained, service: str
) -> None:
    deployment = trained.deployment
    container = deployment.container(service)
    deployment.compose("stop", service)
    state = container.state
    assert (state["ExitCode"], state["OOMKilled"]) == (0, False)
    deployment.up()
