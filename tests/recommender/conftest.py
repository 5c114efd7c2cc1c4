"""What tests of the recommender share."""

from pathlib import Path

import pytest


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    """Where versions appear; there is none yet, and no folder either."""
    return tmp_path / "artifacts" / "versions"
