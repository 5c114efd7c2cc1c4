"""Several recommenders behind the engine's DNS, and one client in the network."""

from collections.abc import Iterator

import pytest

from e2e.compose.conftest import Trained
from support.deployment import REPLICAS, Container, Deployment, Load, asked_all_the_time
from support.servers import until

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def running_before(trained: Trained) -> Iterator[Load]:
    """Clients that ran before there were three recommenders, until each had answered them."""
    deployment = trained.deployment
    with asked_all_the_time(deployment) as load:
        deployment.up("--scale", f"recommender={REPLICAS}")
        until(lambda: serving(deployment), lambda count: count == REPLICAS)
        replicas = deployment.containers("recommender")
        until(lambda: [replica.calls("Recommend") for replica in replicas], all)
    yield load
    deployment.up("--scale", "recommender=1")
    until(lambda: serving(deployment), lambda count: count == 1)


@pytest.fixture
def scaled(trained: Trained, running_before: Load) -> Deployment:
    """With three recommenders that all serve."""
    assert running_before.calls
    return trained.deployment


def serving(deployment: Deployment) -> int:
    """How many recommenders say that they serve what is the latest version."""
    *_, fleet = deployment.objects("versions")
    replicas = [replica["serving_version"] for replica in fleet["replicas"]]
    return len(replicas) if len({*replicas}) == 1 and replicas[0] else 0


def is_ready(container: Container) -> bool:
    return " SERVING " in container.run("sh", "-c", "movierec health recommender || true")


def test_versions_sees_every_replica(scaled: Deployment) -> None:
    said = scaled.movierec("versions")
    assert f"serves on {REPLICAS} of {REPLICAS} replicas" in said


def test_clients_that_run_already_find_replicas_that_are_added(running_before: Load) -> None:
    assert running_before.errors == []


def test_calls_are_spread_evenly(scaled: Deployment) -> None:
    replicas = scaled.containers("recommender")
    assert len(replicas) == REPLICAS
    before = [replica.calls("Recommend") for replica in replicas]
    with asked_all_the_time(scaled) as load:
        until(
            lambda: sum(replica.calls("Recommend") for replica in replicas) - sum(before),
            lambda calls: calls > 500 * REPLICAS,
        )
    assert load.errors == []
    counted = until(
        lambda: [replica.calls("Recommend") for replica in replicas],
        lambda counts: sum(counts) - sum(before) == load.calls,
    )
    shares = [after - earlier for after, earlier in zip(counted, before, strict=True)]
    even = load.calls / REPLICAS
    assert all(abs(share - even) <= 0.2 * even for share in shares), shares


def test_a_replica_that_is_killed_under_load_costs_nobody_an_error(scaled: Deployment) -> None:
    killed, *_ = scaled.containers("recommender")
    with asked_all_the_time(scaled) as load:
        killed.kill_process()
        until(lambda: is_ready(killed), bool)
    assert load.errors == []
    until(lambda: serving(scaled), lambda count: count == REPLICAS)


def test_replicas_that_are_restarted_in_turn_cost_nobody_an_error(scaled: Deployment) -> None:
    with asked_all_the_time(scaled) as load:
        for replica in scaled.containers("recommender"):
            replica.restart()
            replica.wait_until_healthy()
            assert is_ready(replica)
    assert load.errors == []
