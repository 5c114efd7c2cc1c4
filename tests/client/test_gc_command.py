"""The command that removes old versions, with the trainer's own code."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from movierec.control.folder import make_control_folder
from support.client_drivers import Movierec
from support.control import change_activation
from support.damage import change_manifest
from support.versions import publish_by_hand
from trainer_service.settings import TrainerSettings


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    """Five versions, of which the first four are a day old."""
    make_control_folder(tmp_path / "control")
    day_ago = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    for _ in range(5):
        publish_by_hand(tmp_path)
    for number in range(1, 5):
        change_manifest(tmp_path / "versions" / str(number), create_time=day_ago)
    return tmp_path


def there(artifacts: Path) -> list[str]:
    return sorted(path.name for path in (artifacts / "versions").glob("[!.]*"))


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def test_gc_removes_what_nobody_needs_and_says_why_the_others_are_kept(
    movierec: Movierec, artifacts: Path
) -> None:
    change_activation(artifacts / "control", lambda now: now.to_label("stable", 2))

    done = movierec("artifacts", "gc", str(artifacts), "--keep", "1")

    assert done.exit_code == 0
    assert there(artifacts) == ["2", "5"]
    *kept, first, second, third, freed = done.stdout.splitlines()
    assert [line.partition(":")[0] for line in kept] == ["version 2  kept", "version 5  kept"]
    assert "labelled stable" in kept[0]
    assert "newest 1" in kept[1]
    assert [line.partition(":")[0] for line in (first, second, third)] == [
        f"version {number}  is removed" for number in (1, 3, 4)
    ]
    assert freed.endswith(" kB is freed")


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_gc_tells_what_it_has_removed_also_when_something_cannot_be(
    movierec: Movierec, artifacts: Path, flags: list[str]
) -> None:
    (artifacts / "versions" / ".deleting-2").write_text("a file, where a folder should be")

    done = movierec("artifacts", "gc", str(artifacts), "--keep", "3", *flags)

    assert done.exit_code == 1
    assert there(artifacts) == ["3", "4", "5"]
    if flags:
        told = [json.loads(line) for line in done.stdout.splitlines()]
        assert [(one["kind"], one["version"]) for one in told] == [
            ("kept", 3),
            ("kept", 4),
            ("kept", 5),
            ("removed", 1),
        ]
    else:
        assert "version 1  is removed: " in done.stdout
        assert "version 2" not in done.stdout
    assert "not everything could be removed: Not a directory: " in " ".join(done.stderr.split())
    assert "versions/.removed-2,and1more" in "".join(done.stderr.split())


def test_gc_removes_a_link_and_not_what_it_leads_to(movierec: Movierec, artifacts: Path) -> None:
    versions = artifacts / "versions"
    elsewhere = (versions / "1").rename(artifacts / "elsewhere")
    (versions / "1").symlink_to(elsewhere)

    done = movierec("artifacts", "gc", str(artifacts), "--keep", "4")

    assert (done.exit_code, done.stdout.splitlines()[-2]) == (0, "version 1  is removed: 0 bytes")
    assert there(artifacts) == ["2", "3", "4", "5"]
    assert not list(versions.glob(".[dr]*"))
    assert (elsewhere / "manifest.json").exists()


def test_gc_can_only_say_what_it_would_remove(movierec: Movierec, artifacts: Path) -> None:
    done = movierec("artifacts", "gc", str(artifacts), "--keep", "3", "--dry-run")

    assert done.exit_code == 0
    assert there(artifacts) == ["1", "2", "3", "4", "5"]
    assert "version 2  would be removed: " in done.stdout
    assert done.stdout.endswith(" kB would be freed\n")
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("keep_for", ["172800", "172800s", "2d", "48h", "2880m", "1.5 d"])
def test_gc_keeps_what_is_young(movierec: Movierec, artifacts: Path, keep_for: str) -> None:
    done = movierec("artifacts", "gc", str(artifacts), "--keep", "1", "--keep-for", keep_for)

    assert done.stdout.splitlines()[-1] == "there is nothing to remove"
    assert len(there(artifacts)) == 5


@pytest.mark.parametrize("keep_for", ["soon", "1w", "-1h", "1e9", "", "nan", "11575d"])
def test_a_time_that_is_none_is_wrong_usage(
    movierec: Movierec, artifacts: Path, keep_for: str
) -> None:
    done = movierec("artifacts", "gc", str(artifacts), f"--keep-for={keep_for}")

    assert done.exit_code == 2
    assert len(there(artifacts)) == 5


def test_gc_as_json_tells_what_is_kept_and_what_is_removed(
    movierec: Movierec, artifacts: Path
) -> None:
    size = size_of(artifacts / "versions" / "1")
    done = movierec("artifacts", "gc", str(artifacts), "--keep", "4", "--json", "--dry-run")

    told: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["kind"], one["version"]) for one in told] == [
        *(("kept", number) for number in range(2, 6)),
        ("removed", 1),
    ]
    assert all(one["reasons"] for one in told[:-1])
    assert told[-1] == {"version": 1, "size_bytes": size, "dry_run": True, "kind": "removed"}


def test_gc_removes_nothing_when_it_cannot_know_what_is_in_use(
    movierec: Movierec, artifacts: Path
) -> None:
    path = artifacts / "control" / "activation.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text("{")

    done = movierec("artifacts", "gc", str(artifacts), "--keep", "1")

    assert done.exit_code == 1
    assert done.stderr.startswith(f"{path} is no activation: ")
    assert len(there(artifacts)) == 5


def test_gc_heeds_a_control_folder_elsewhere(
    movierec: Movierec, artifacts: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("control")
    change_activation(elsewhere, lambda now: now.to_pin(1))

    movierec("artifacts", "gc", str(artifacts), "--keep", "1", "--control-dir", str(elsewhere))

    assert there(artifacts) == ["1", "5"]


def test_gc_refuses_a_folder_that_is_none_of_artifacts(movierec: Movierec, tmp_path: Path) -> None:
    done = movierec("artifacts", "gc", str(tmp_path))

    assert (done.exit_code, done.stderr) == (
        1,
        f"{tmp_path} is no artifacts folder: it has no versions/ in it\n",
    )


def test_the_defaults_of_gc_are_the_trainers(movierec: Movierec) -> None:
    fields = TrainerSettings.model_fields

    assert (fields["keep_versions"].default, fields["keep_for_s"].default) == (10, 3600)
    stated = " ".join(movierec("artifacts", "gc", "--help").stdout.split())
    assert "[default: 10; x>=1]" in stated
    assert "[default: 1h]" in stated
