"""Retention: what is needed stays, the rest goes, and a number is never taken again."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.control.activation import Activation, ControlError
from movierec.control.folder import make_control_folder
from movierec.control.replicas import Replica
from recommender_service.artifact.loading import load_version
from support.control import change_activation, write_replica
from support.services import AS_ANYBODY
from support.versions import publication, publish, publish_by_hand
from trainer_service.artifact.retention import NotRemovedError, Removal, collect, reasons_to_keep
from trainer_service.model.gate import GateResult

NOW = timedelta(0)
REJECTED = GateResult(passed=False)


def there(artifacts_dir: Path) -> list[int]:
    names = [path.name for path in (artifacts_dir / "versions").iterdir()]
    return sorted(int(name) for name in names if not name.startswith("."))


def removed(artifacts_dir: Path, *, keep: int = 1, **more: object) -> list[int]:
    """Collects, and returns the numbers that went."""
    rules = {"keep_versions": keep, "keep_for": NOW} | more
    found = collect(artifacts_dir, artifacts_dir / "control", **rules)  # type: ignore[arg-type]  # named per test
    return [removal.number for removal in found]


def reasons(artifacts_dir: Path, *, keep: int = 1, keep_for: timedelta = NOW) -> dict[int, str]:
    kept = reasons_to_keep(
        artifacts_dir, artifacts_dir / "control", keep_versions=keep, keep_for=keep_for
    )
    return {number: ", ".join(why) for number, why in kept.items()}


def beat(
    artifacts_dir: Path, *, serving: int, loaded: tuple[int, ...] = (), age_s: float = 0
) -> None:
    now = datetime.now(UTC)
    replica = Replica("r-1", now, now - timedelta(seconds=age_s), serving, loaded, 0)
    write_replica(artifacts_dir / "control", replica)


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """A volume with versions 1 to 5."""
    make_control_folder(tmp_path / "control")
    for number in range(1, 6):
        assert publish_by_hand(tmp_path, f"run-{number}") == number
    return tmp_path


@pytest.mark.parametrize("keep", [1, 3, 9])
def test_the_newest_stay_and_the_older_go(volume: Path, keep: int) -> None:
    assert removed(volume, keep=keep) == list(range(1, 6 - keep))
    assert there(volume) == list(range(max(6 - keep, 1), 6))
    assert removed(volume, keep=keep) == []


def test_a_removal_tells_how_much_it_freed(volume: Path) -> None:
    folder = volume / "versions" / "1"
    size_bytes = sum(path.stat().st_size for path in folder.iterdir())
    (freed,) = collect(volume, volume / "control", keep_versions=4, keep_for=NOW)
    assert freed == Removal(1, size_bytes)
    assert size_bytes > 1_000


def test_what_is_pinned_labelled_served_or_loaded_stays_and_every_reason_is_told(
    volume: Path,
) -> None:
    change_activation(
        volume / "control", lambda now: now.to_pin(1).to_label("stable", 1).to_label("canary", 2)
    )
    beat(volume, serving=3, loaded=(2, 3))
    assert reasons(volume) == {
        1: "pinned, labelled stable",
        2: "labelled canary, loaded by r-1",
        3: "served by r-1",
        4: "",
        5: "the latest, of the newest 1",
    }
    assert removed(volume) == [4]


def test_what_only_a_dead_replica_serves_goes(volume: Path) -> None:
    beat(volume, serving=1, loaded=(1, 2), age_s=11)
    assert removed(volume) == [1, 2, 3, 4]


def test_what_is_pinned_or_served_and_not_there_is_no_obstacle(volume: Path) -> None:
    change_activation(volume / "control", lambda now: now.to_pin(77).to_label("gone", 78))
    beat(volume, serving=79)
    assert removed(volume) == [1, 2, 3, 4]


def test_what_is_young_stays_by_the_time_in_its_manifest(volume: Path) -> None:
    # A folder's own time is not asked: copying a volume makes all of them young.
    os.utime(volume / "versions" / "1", (0, 0))
    assert removed(volume, keep_for=timedelta(hours=1)) == []
    assert set(reasons(volume, keep_for=timedelta(hours=1)).values()) == {
        "younger than 1:00:00",
        "the latest, of the newest 1, younger than 1:00:00",
    }


def test_of_a_version_whose_manifest_cannot_be_read_the_folders_time_counts(volume: Path) -> None:
    for number in (1, 2):
        (volume / "versions" / str(number) / "manifest.json").write_text("{")
    os.utime(volume / "versions" / "1", (0, 0))
    assert removed(volume, keep_for=timedelta(hours=1)) == [1]


def test_the_one_that_latest_means_stays_although_newer_ones_were_rejected_or_are_bad(
    tmp_path: Path,
) -> None:
    make_control_folder(tmp_path / "control")
    assert publish_by_hand(tmp_path, "old") == 1
    assert publish_by_hand(tmp_path, "good") == 2
    for run_id in ("worse", "worst"):
        publish(tmp_path, publication(run_id=run_id, gate=REJECTED))
    assert publish_by_hand(tmp_path, "bad") == 5
    with (tmp_path / "versions" / "5" / "embeddings.npy").open("r+b") as file:
        file.truncate(100)
    assert reasons(tmp_path) == {1: "", 2: "the latest", 3: "", 4: "", 5: "of the newest 1"}
    assert removed(tmp_path) == [1, 3, 4]


def test_a_dry_run_says_the_same_and_removes_nothing(volume: Path) -> None:
    (volume / "versions" / "1").rename(volume / "versions" / ".removed-1")
    (volume / "versions" / "2").rename(volume / "versions" / ".deleting-2")
    would_be = collect(volume, volume / "control", keep_versions=2, keep_for=NOW, dry_run=True)
    assert there(volume) == [3, 4, 5]
    assert (volume / "versions" / ".removed-1").is_dir()
    assert (volume / "versions" / ".deleting-2").is_dir()
    assert would_be == collect(volume, volume / "control", keep_versions=2, keep_for=NOW)
    assert [removal.number for removal in would_be] == [1, 2, 3]


def test_what_a_kill_left_under_either_name_is_deleted_the_next_time(volume: Path) -> None:
    (volume / "versions" / "1").rename(volume / "versions" / ".removed-1")
    leftover = (volume / "versions" / "2").rename(volume / "versions" / ".deleting-2")
    (leftover / "embeddings.npy").unlink()
    assert removed(volume, keep=9) == [1, 2]
    assert {path.name for path in (volume / "versions").iterdir()} == {".claimed", "3", "4", "5"}


def test_what_is_pinned_while_it_is_removed_comes_back(volume: Path) -> None:
    (volume / "versions" / "1").rename(volume / "versions" / ".removed-1")
    change_activation(volume / "control", lambda now: now.to_pin(1))
    assert removed(volume, keep=4) == []
    assert there(volume) == [1, 2, 3, 4, 5]
    assert load_version(volume / "versions" / "1").number == 1


@pytest.mark.parametrize("is_whole", [True, False])
def test_what_is_pinned_while_its_files_are_deleted_does_not_come_back(
    volume: Path,
    is_whole: bool,  # noqa: FBT001  # parametrised
) -> None:
    leftover = (volume / "versions" / "1").rename(volume / "versions" / ".deleting-1")
    if not is_whole:
        (leftover / "movies.csv").unlink()
    change_activation(volume / "control", lambda now: now.to_pin(1))
    assert removed(volume, keep=4) == [1]
    assert there(volume) == [2, 3, 4, 5]
    assert not leftover.exists()


def test_where_a_leftover_has_taken_the_last_name_all_is_gone_after_two_times(
    volume: Path,
) -> None:
    """As when a volume was put back from a copy."""
    leftover = volume / "versions" / ".deleting-1"
    shutil.copytree(volume / "versions" / "1", leftover)
    with pytest.raises(OSError, match="not empty"):
        removed(volume, keep=4)
    assert not leftover.exists()
    assert removed(volume, keep=4) == [1]
    assert there(volume) == [2, 3, 4, 5]


def test_the_number_of_a_removed_version_is_not_taken_again(volume: Path) -> None:
    shutil.rmtree(volume / "versions" / "5")
    assert removed(volume) == [1, 2, 3]
    assert publish_by_hand(volume, "next") == 6


@pytest.mark.parametrize("content", ["{", '{"policy": "SOMETIMES"}'])
def test_nothing_goes_while_it_cannot_be_told_what_is_pinned(volume: Path, content: str) -> None:
    (volume / "control" / "activation.json").write_text(content)
    with pytest.raises(ControlError):
        removed(volume)
    assert there(volume) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("left", ["nothing", "a file", "a link to nowhere", "an empty folder"])
@pytest.mark.parametrize("dry_run", [True, False])
def test_nothing_goes_while_the_control_folder_is_not_there(
    volume: Path,
    left: str,
    dry_run: bool,  # noqa: FBT001  # parametrised
) -> None:
    change_activation(volume / "control", lambda now: now.to_pin(1).to_label("stable", 2))
    (volume / "versions" / "3").rename(volume / "versions" / ".removed-3")
    control = (volume / "control").rename(volume / "elsewhere")
    if left == "a file":
        (volume / "control").write_text("")
    if left == "a link to nowhere":
        (volume / "control").symlink_to("nowhere")
    if left == "an empty folder":  # where its volume was mounted
        (volume / "control").mkdir()
    with pytest.raises((FileNotFoundError, NotADirectoryError)) as caught:
        removed(volume, dry_run=dry_run)
    if left == "an empty folder":
        assert "holds nothing that movierec makes there (neither activation" in str(caught.value)
        assert "nothing is removed: is its volume mounted?" in str(caught.value)
        (volume / "control").rmdir()
    elif left != "a file":
        assert f"{volume / 'control'} is no folder" in str(caught.value)
        assert "nothing is removed: put the control folder back" in str(caught.value)
    assert there(volume) == [1, 2, 4, 5]
    assert (volume / "versions" / ".removed-3").is_dir()

    (volume / "control").unlink(missing_ok=True)
    control.rename(volume / "control")
    assert removed(volume) == [3, 4]
    assert there(volume) == [1, 2, 5]


@pytest.mark.parametrize("left", ["nothing", "a file", "a link to nowhere"])
@pytest.mark.parametrize("dry_run", [True, False])
def test_nothing_goes_while_what_replicas_say_is_not_there(
    volume: Path,
    left: str,
    dry_run: bool,  # noqa: FBT001  # parametrised
) -> None:
    change_activation(volume / "control", lambda now: now.to_pin(1))
    beat(volume, serving=1, loaded=(1, 2))
    replicas = volume / "control" / "replicas"
    away = replicas.rename(volume / "control" / "away")
    if left == "a file":
        replicas.write_text("")
    if left == "a link to nowhere":
        replicas.symlink_to("nowhere")
    with pytest.raises(FileNotFoundError, match="replicas is no folder, so that nobody can say"):
        removed(volume, dry_run=dry_run)
    assert there(volume) == [1, 2, 3, 4, 5]
    replicas.unlink(missing_ok=True)
    away.rename(replicas)
    assert removed(volume) == [3, 4]


def test_nothing_goes_while_what_replicas_say_may_not_be_read(volume: Path) -> None:
    beat(volume, serving=1, loaded=(1, 2))
    (volume / "control" / "replicas").chmod(0o000)
    collecting = (
        "import sys, pathlib, datetime; from trainer_service.artifact.retention import collect\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "collect(folder, folder / 'control', keep_versions=1, keep_for=datetime.timedelta(0))"
    )
    done = subprocess.run(
        [*AS_ANYBODY, sys.executable, "-c", collecting, str(volume)],
        capture_output=True,
        text=True,
        check=False,
    )
    (volume / "control" / "replicas").chmod(0o700)
    assert "PermissionError" in done.stderr
    assert there(volume) == [1, 2, 3, 4, 5]


def test_one_that_cannot_be_deleted_does_not_keep_the_others(volume: Path) -> None:
    shutil.rmtree(volume / "versions" / "1")
    (volume / "versions" / ".removed-1").write_text("a file, where a folder should be")
    with pytest.raises(NotRemovedError, match=r"Not a directory: .*/\.deleting-1") as caught:
        removed(volume)
    assert [removal.number for removal in caught.value.removals] == [2, 3, 4]
    left = {path.name for path in (volume / "versions").iterdir()}
    assert left == {".claimed", ".deleting-1", "5"}


def test_what_was_staged_more_than_a_day_ago_goes_and_what_may_be_written_to_stays(
    volume: Path,
) -> None:
    versions = volume / "versions"
    for name, age in (("old", timedelta(hours=25)), ("young", timedelta(hours=23))):
        (versions / f".staging-{name}").mkdir()
        (versions / f".staging-{name}" / "movies.csv").touch()
        then = (datetime.now(UTC) - age).timestamp()
        os.utime(versions / f".staging-{name}", (then, then))
    assert removed(volume, keep=9, dry_run=True) == []
    assert (versions / ".staging-old").exists()
    assert removed(volume, keep=9) == []
    left = {path.name for path in versions.glob(".staging-*")}
    assert left == {".staging-young"}


def test_what_is_no_version_is_left_alone(volume: Path) -> None:
    (volume / "versions" / "notes").mkdir()
    (volume / "versions" / "3000").write_text("a file")
    assert removed(volume) == [1, 2, 3, 4]
    assert {"notes", "3000", "5", ".claimed"} == {
        path.name for path in (volume / "versions").iterdir()
    }


def test_where_nothing_was_ever_published_there_is_nothing_to_remove(tmp_path: Path) -> None:
    make_control_folder(tmp_path / "control")
    assert removed(tmp_path) == []
    assert list(tmp_path.iterdir()) == [tmp_path / "control"]


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A volume with versions 1 to 6, of which 3, 5 and 6 were rejected."""
    volume = tmp_path_factory.mktemp("volume")
    for number in range(1, 7):
        gate = GateResult(passed=number not in {3, 5, 6})
        publish(volume, publication(run_id=f"run-{number}", gate=gate))
    return volume


@given(
    pinned=st.none() | st.integers(1, 9),
    labelled=st.lists(st.integers(1, 9), max_size=3),
    served=st.integers(1, 9),
    loaded=st.sets(st.integers(1, 9), max_size=2),
    keep=st.integers(1, 7),
)
def test_whatever_is_said_what_is_needed_is_kept_and_nothing_else(
    gated: Path,
    *,
    pinned: int | None,
    labelled: list[int],
    served: int,
    loaded: set[int],
    keep: int,
) -> None:
    labels = {f"label-{place}": number for place, number in enumerate(labelled)}
    change_activation(gated / "control", lambda _: Activation(1, pinned, labels))
    beat(gated, serving=served, loaded=tuple(loaded))
    kept = {number for number, why in reasons(gated, keep=keep).items() if why}
    latest = 4
    needed = {pinned, *labelled, served, *loaded, *range(7 - keep, 7), latest}
    assert kept == needed & set(range(1, 7))


def publish_and_collect(artifacts_dir: Path, name: str) -> list[int]:
    published = []
    for turn in range(12):
        published.append(publish_by_hand(artifacts_dir, f"{name}-{turn}"))
        collect(artifacts_dir, artifacts_dir / "control", keep_versions=2, keep_for=NOW)
    return published


def test_trainers_side_by_side_publish_and_remove_without_taking_a_number_twice(
    tmp_path: Path,
) -> None:
    make_control_folder(tmp_path / "control")
    with ProcessPoolExecutor(4) as pool:
        published = list(pool.map(publish_and_collect, [tmp_path] * 4, "abcd"))
    assert sorted(chain(*published)) == list(range(1, 49))
    assert all(numbers == sorted(numbers) for numbers in published)
    left = there(tmp_path)
    assert left[-1] == 48
    assert all(load_version(tmp_path / "versions" / str(number)) for number in left)
    removed(tmp_path, keep=2)
    assert there(tmp_path) == [47, 48]
    assert sorted(path.name for path in (tmp_path / "versions").iterdir()) == [
        ".claimed",
        "47",
        "48",
    ]


def test_collecting_needs_no_training_framework() -> None:
    program = "import sys, trainer_service.artifact.retention; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
    ).stdout.split()
    assert {"keras", "tensorflow"}.isdisjoint(loaded)
