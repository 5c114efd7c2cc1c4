"""What becomes of calls while the version changes."""

import pytest

from e2e.compose.conftest import Trained
from support.deployment import asked_all_the_time

pytestmark = pytest.mark.engine


def test_training_again_changes_the_version_and_fails_no_call(trained: Trained) -> None:
    deployment = trained.deployment
    before = deployment.serving_version()
    with asked_all_the_time(deployment) as load:
        version = deployment.train("sample", "--epochs=2", "--force")
        assert deployment.serving_version() == version
    assert load.errors == []
    assert load.versions == [before, version]
    assert load.calls > 100
