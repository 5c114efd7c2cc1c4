"""Who serves what: each replica says so of itself, and is dead when it no longer does."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

import pytest

from movierec.control import replicas
from movierec.control.folder import make_control_folder
from movierec.control.replicas import Replica, forget_dead_replicas, live_replicas, remove_replica
from support.control import write_replica


def replica(name: str = "a", age_s: float = 0.0, serving: int | None = 3) -> Replica:
    now = datetime.now(UTC)
    return Replica(
        replica_id=name,
        start_time=now - timedelta(days=1),
        beat_time=now - timedelta(seconds=age_s),
        serving_version=serving,
        loaded_versions=(2, 3),
        generation=5,
    )


def test_without_a_folder_there_are_no_replicas(tmp_path: Path) -> None:
    assert live_replicas(tmp_path / "control") == []
    forget_dead_replicas(tmp_path / "control")
    remove_replica(tmp_path / "control", "a")


def test_what_a_replica_says_of_itself_is_read_again_as_it_was(tmp_path: Path) -> None:
    said = [replica("b", serving=None), replica("a")]
    for one in said:
        write_replica(tmp_path, one)
    read = live_replicas(tmp_path)
    for one, other in zip(read, said[::-1], strict=True):
        assert abs(one.beat_time - other.beat_time) < timedelta(seconds=5)
        assert replace(one, beat_time=other.beat_time) == other


def test_a_replica_says_one_thing_at_a_time(tmp_path: Path) -> None:
    write_replica(tmp_path, replica(serving=3))
    write_replica(tmp_path, replica(serving=4))
    assert [one.serving_version for one in live_replicas(tmp_path)] == [4]


@pytest.mark.parametrize(("age_s", "alive"), [(0, True), (9, True), (11, False), (-11, True)])
def test_a_replica_is_dead_ten_seconds_after_its_last_word(
    tmp_path: Path, age_s: float, *, alive: bool
) -> None:
    write_replica(tmp_path, replica(age_s=age_s))
    assert bool(live_replicas(tmp_path)) == alive


@pytest.mark.parametrize("apart_s", [-7_200, -15, 15, 7_200])
def test_clocks_that_are_apart_make_nobody_dead_and_keep_nobody_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, apart_s: int
) -> None:
    """Neither that of the replica counts nor that of who asks, but the volume's."""

    class Apart(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + timedelta(seconds=apart_s)

    make_control_folder(tmp_path / "control")
    replicas.write_replica(tmp_path / "control", replica("hasty", -3_600))
    replicas.write_replica(tmp_path / "control", replica("late", 3_600))
    write_replica(tmp_path / "control", replica("dead", 11))
    for clock in (datetime, Apart):
        monkeypatch.setattr(replicas, "datetime", clock)
        assert [one.replica_id for one in live_replicas(tmp_path / "control")] == ["hasty", "late"]
        forget_dead_replicas(tmp_path / "control")
        assert len(list((tmp_path / "control" / "replicas").iterdir())) == 3


def test_replicas_that_are_long_dead_are_forgotten_and_no_others(tmp_path: Path) -> None:
    for name, age_s in (("old", 3_700), ("dead", 60), ("alive", 0), ("ahead", -3_700)):
        write_replica(tmp_path, replica(name, age_s))
    forget_dead_replicas(tmp_path)
    assert sorted(path.stem for path in (tmp_path / "replicas").iterdir()) == [
        "ahead",
        "alive",
        "dead",
    ]


def test_a_replica_that_ends_in_order_is_gone_at_once(tmp_path: Path) -> None:
    write_replica(tmp_path, replica())
    remove_replica(tmp_path, "a")
    assert live_replicas(tmp_path) == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"replica_id": "another"}', "{}"])
def test_what_cannot_be_understood_is_nobody_s_word(tmp_path: Path, content: str) -> None:
    write_replica(tmp_path, replica())
    (tmp_path / "replicas" / "x.json").write_text(content)
    assert [one.replica_id for one in live_replicas(tmp_path)] == ["a"]


def test_a_name_that_leads_to_no_file_is_nobody_s_word(tmp_path: Path) -> None:
    write_replica(tmp_path, replica())
    folder = tmp_path / "replicas"
    (folder / "folder.json").mkdir()
    (folder / "loop.json").symlink_to("loop.json")
    (folder / "long.json").symlink_to("x" * 1_000)
    os.mkfifo(folder / "pipe.json")
    (folder / "device.json").symlink_to("/dev/zero")
    assert [one.replica_id for one in live_replicas(tmp_path)] == ["a"]
    forget_dead_replicas(tmp_path)
    assert len(list(folder.iterdir())) == 6
