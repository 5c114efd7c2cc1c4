"""Health that follows the age of what serves."""

from pathlib import Path

import pytest

from support.damage import change_manifest
from support.recommenders import running_recommender
from support.servers import health_of, until, wait_until_serving
from support.versions import publish_by_hand


def test_what_is_older_than_allowed_serves_and_is_not_ready_until_a_newer_one_is_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    publish_by_hand(tmp_path)
    change_manifest(tmp_path / "versions" / "1", create_time="2020-01-01T00:00:00Z")
    with running_recommender(tmp_path, max_age_s=3600) as recommender:
        recommender.wait_until_it_serves(1)
        recommender.wait_for_looks(2)
        for service in ("", "movierec.v1.RecommenderService"):
            assert health_of(recommender.channel, service) == "NOT_SERVING"
        assert health_of(recommender.channel, "liveness") == "SERVING"
        assert recommender.answering() == 1
        assert caplog.text.count("version 1 serves, and is older than 1:00:00") == 1
        publish_by_hand(tmp_path)
        wait_until_serving(recommender.channel)
        assert recommender.answering() == 2


def test_a_version_becomes_too_old_while_it_serves(tmp_path: Path) -> None:
    publish_by_hand(tmp_path)
    with running_recommender(tmp_path, max_age_s=1) as recommender:
        recommender.wait_until_it_serves(1)
        until(lambda: health_of(recommender.channel), lambda health: health == "NOT_SERVING")
        assert recommender.answering() == 1


def test_without_a_limit_no_version_is_too_old(tmp_path: Path) -> None:
    publish_by_hand(tmp_path)
    change_manifest(tmp_path / "versions" / "1", create_time="1990-01-01T00:00:00Z")
    with running_recommender(tmp_path) as recommender:
        wait_until_serving(recommender.channel)
        recommender.wait_for_looks(2)
        assert health_of(recommender.channel) == "SERVING"
