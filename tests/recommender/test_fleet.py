"""Recommenders on one volume: each says what it serves, and sees the others."""

import re
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest

from movierec.control.replicas import DEAD_AFTER, FORGOTTEN_AFTER, Replica, live_replicas
from movierec.v1 import recommender_pb2 as pb
from support.control import write_replica
from support.recommenders import AskedRecommender, running_recommender
from support.servers import DEADLINE_S, until, wait_until_serving
from support.services import Running, started
from support.statuses import refused
from support.volumes import publish


@pytest.fixture
def control(versions: Path) -> Path:
    """The control folder of a volume with two versions."""
    for _ in range(2):
        publish(versions)
    return versions.parent / "control"


@contextmanager
def replica_process(folder: Path) -> Iterator[tuple[Running, AskedRecommender]]:
    """A recommender in a process of its own, that serves."""
    with (
        started("recommender_service", folder) as service,
        grpc.insecure_channel(service.address) as channel,
    ):
        wait_until_serving(channel)
        yield service, AskedRecommender(service.address, channel)


def said_by_hand(name: str, serving: int | None, age: timedelta = timedelta()) -> Replica:
    now = datetime.now(UTC)
    return Replica(name, now, now - age, serving, [serving] if serving else [], 0)


def ids(recommender: AskedRecommender) -> list[str]:
    return [replica.replica_id for replica in recommender.report().replicas]


def serving_counts(recommender: AskedRecommender) -> dict[int, int]:
    return {version.version: version.serving_replica_count for version in recommender.versions()}


def test_a_recommender_says_of_itself_what_it_serves_has_in_memory_and_follows(
    versions: Path, control: Path
) -> None:
    with running_recommender(versions.parent) as recommender:
        recommender.wait_until_it_serves(2)
        recommender.pin(1)
        until(lambda: [one.generation for one in live_replicas(control)], lambda said: said == [1])
        (said,) = live_replicas(control)
        assert (said.serving_version, said.loaded_versions) == (1, (1, 2))
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*-[0-9a-f]{8}", said.replica_id)
        (listed,) = recommender.report().replicas
        assert (listed.replica_id, listed.serving_version) == (said.replica_id, 1)
        assert (list(listed.loaded_versions), listed.generation) == ([1, 2], 1)
        assert listed.start_time.ToDatetime(UTC) == said.start_time <= said.beat_time


def test_it_says_so_at_once_when_something_else_serves_and_not_at_the_next_beat(
    versions: Path, control: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recommender_service.artifact.heartbeat.BEAT_INTERVAL_S", 10 * DEADLINE_S)

    def wait_until_it_says(number: int) -> None:
        until(
            lambda: [one.serving_version for one in live_replicas(control)],
            lambda said: said == [number],
        )

    with running_recommender(versions.parent) as recommender:
        wait_until_it_says(2)
        recommender.pin(1)
        wait_until_it_says(1)
        recommender.pin(2)
        wait_until_it_says(2)


def test_replicas_see_each_other_and_each_counts_who_serves_what(
    versions: Path, control: Path
) -> None:
    with (
        running_recommender(versions.parent) as first,
        running_recommender(versions.parent) as second,
    ):
        for recommender in (first, second):
            until(lambda: serving_counts(recommender), lambda now: now == {2: 2, 1: 0})  # noqa: B023
        assert ids(first) == ids(second) == sorted(set(ids(first)))
        write_replica(control, said_by_hand("by-hand", 1))
        write_replica(control, said_by_hand("nothing-yet", None))
        until(lambda: ids(first), lambda found: len(found) == 4)
        assert serving_counts(first) == {2: 2, 1: 1}


def test_a_replica_that_was_seen_is_dead_in_time_also_when_nothing_is_read_any_more(
    versions: Path, control: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recommender_service.artifact.heartbeat.BEAT_INTERVAL_S", 10 * DEADLINE_S)
    write_replica(control, said_by_hand("by-hand", 1, DEAD_AFTER - timedelta(seconds=1)))
    with running_recommender(versions.parent) as recommender:
        recommender.wait_until_it_serves(2)
        until(lambda: ids(recommender), lambda found: "by-hand" not in found)
        assert serving_counts(recommender) == {2: 1, 1: 0}


def test_a_replica_that_stops_in_order_is_gone_and_nothing_of_it_is_left(
    versions: Path, control: Path
) -> None:
    with running_recommender(versions.parent) as first:
        with running_recommender(versions.parent):
            until(lambda: ids(first), lambda found: len(found) == 2)
        assert [one.replica_id for one in live_replicas(control)] == [
            # Of any other name is what is being written just now.
            path.stem
            for path in (control / "replicas").glob("[!.]*")
        ]
        until(lambda: ids(first), lambda found: len(found) == 1)
    assert list((control / "replicas").iterdir()) == []


def test_what_was_said_by_those_that_are_long_dead_is_forgotten_at_a_start(
    versions: Path, control: Path
) -> None:
    write_replica(control, said_by_hand("forgotten", 1, FORGOTTEN_AFTER + DEAD_AFTER))
    write_replica(control, said_by_hand("dead", 1, 2 * DEAD_AFTER))
    with running_recommender(versions.parent) as recommender:
        until(lambda: live_replicas(control), lambda found: len(found) == 1)
        # Of any other name is what is being written just now.
        names = {path.stem for path in (control / "replicas").glob("[!.]*")}
        assert names == {"dead", *ids(recommender)}


@pytest.mark.usefixtures("control")
def test_a_change_on_one_process_is_followed_by_the_other_and_survives_restarts(
    tmp_path: Path,
) -> None:
    with replica_process(tmp_path) as (_, first), replica_process(tmp_path) as (_, second):
        said = first.pin(1)
        assert first.answering() == said.serving_version == 1
        second.wait_until_it_serves(1)
        assert second.report().activation == said.activation
        second.label("stable", 2)
        until(lambda: first.report().activation.labels, lambda labels: labels == {"stable": 2})
        assert first.answering("stable") == 2
    with replica_process(tmp_path) as (_, restarted):
        assert restarted.answering() == 1
        until(restarted.loaded, lambda loaded: 2 in loaded)
        assert restarted.answering("stable") == 2


def test_a_process_that_is_killed_is_dead_ten_seconds_after_its_last_word(
    control: Path, tmp_path: Path
) -> None:
    with replica_process(tmp_path) as (_, left):
        (itself,) = until(lambda: ids(left), bool)
        with replica_process(tmp_path) as (service, _):
            until(lambda: serving_counts(left), lambda counts: counts == {2: 2, 1: 0})
            service.stop(signal.SIGKILL)
        (killed,) = (one for one in live_replicas(control) if one.replica_id != itself)
        write_replica(control, replace(killed, beat_time=killed.beat_time - DEAD_AFTER))
        until(lambda: ids(left), lambda found: found == [itself])
        assert serving_counts(left) == {2: 1, 1: 0}


@pytest.mark.skipif(sys.platform != "linux", reason="no limit can be set for another process")
def test_a_version_for_which_there_is_no_memory_is_listed_with_that_and_served_when_there_is(
    versions: Path, control: Path, tmp_path: Path
) -> None:
    with replica_process(tmp_path) as (service, recommender):
        until(lambda: live_replicas(control), bool)
        no_limit = resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (64, no_limit[1]))
        publish(versions)
        why = "it could not be loaded when that was last tried: there is not enough memory"
        # It is LOADING, and nothing is said of it, whenever it is tried again.
        listed = until(lambda: [one for one in recommender.versions() if one.message == why], bool)
        assert [(one.version, one.state) for one in listed] == [(3, pb.VERSION_STATE_AVAILABLE)]
        assert recommender.answering() == 2
        assert refused(lambda: recommender.pin(3)).message == (
            "there is not enough memory for version 3; nothing was changed: give the recommender "
            "more, or try again when it has released other versions"
        )
        resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, no_limit)
        assert recommender.pin(3).serving_version == 3
        recommender.follow_the_latest()
        assert not recommender.version(3).message
