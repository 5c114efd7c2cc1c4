"""One deployment for all tests here, which each leave as they have found it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from support.deployment import Deployment, deployed


@dataclass(frozen=True)
class Trained:
    """A deployment that has been trained on the sample.

    Args:
        deployment: The deployment, with one recommender, which serves.
        health_before: What the command had said of the services before.
        said: What the training had said.
    """

    deployment: Deployment
    health_before: str
    said: str


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> None:
    """All images, built anew as far as anything has changed."""
    Deployment("movierec-e2e", tmp_path_factory.mktemp("build")).compose(
        "--profile", "client", "build"
    )


@pytest.fixture(scope="session")
def deployment(
    images: None,  # noqa: ARG001  # they have to be there
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Deployment]:
    with deployed(tmp_path_factory.mktemp("deployment"), project="e2e") as deployment:
        yield deployment


@pytest.fixture(scope="session")
def trained(deployment: Deployment) -> Trained:
    """As the README's quick start does it."""
    before = deployment.movierec("health", status=1)
    run = ("--profile", "client", "run", "--rm", "-T", "client")
    said = deployment.compose(*run, "train", "sample", "--min-ratings", "50", "--wait")
    return Trained(deployment, before, said)
