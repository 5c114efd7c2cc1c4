"""Reports lie beside the versions: whole, and no longer than their version."""

from datetime import timedelta
from pathlib import Path

import pytest

from movierec.control.folder import make_control_folder
from support.versions import publish_by_hand
from trainer_service.artifact.layout import report_dir, reports_dir, version_dir
from trainer_service.artifact.reports import publish_report, staged_report, unreported
from trainer_service.artifact.retention import collect


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """A volume with versions 1 to 3."""
    make_control_folder(tmp_path / "control")
    for _ in range(3):
        publish_by_hand(tmp_path)
    return tmp_path


def report(volume: Path, number: int, content: str = "<html>") -> None:
    staged = staged_report(volume, number)
    (staged / "version.html").write_text(content)
    publish_report(volume, number, staged)


def collected(volume: Path, **more: bool) -> dict[int, int]:
    rules = {"keep_versions": 1, "keep_for": timedelta(0)} | more
    found = collect(volume, volume / "control", **rules)  # type: ignore[arg-type]  # named here
    return {removal.number: removal.size_bytes for removal in found}


def test_a_report_that_is_being_written_has_no_number_yet(volume: Path) -> None:
    staged = staged_report(volume, 2)
    (staged / "version.html").write_text("half")

    assert not report_dir(volume, 2).exists()
    assert unreported(volume) == [3]

    publish_report(volume, 2, staged)
    assert (report_dir(volume, 2) / "version.html").read_text() == "half"
    assert not staged.exists()


def test_a_report_that_is_there_stays_when_another_one_comes_later(volume: Path) -> None:
    report(volume, 2, "first")
    report(volume, 2, "second")

    assert (report_dir(volume, 2) / "version.html").read_text() == "first"


def test_only_versions_newer_than_the_newest_that_has_a_report_lack_one(volume: Path) -> None:
    assert unreported(volume) == [3]
    report(volume, 1)
    assert unreported(volume) == [2, 3]
    report(volume, 3)
    assert unreported(volume) == []


def test_a_version_that_is_gone_gets_no_report(volume: Path) -> None:
    with pytest.raises(FileNotFoundError):
        staged_report(volume, 4)
    staged = staged_report(volume, 1)
    version_dir(volume, 1).rename(volume / "away")

    with pytest.raises(FileNotFoundError):
        publish_report(volume, 1, staged)

    assert not report_dir(volume, 1).exists()


def test_on_a_volume_that_is_away_no_folder_of_reports_is_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        staged_report(tmp_path, 1)
    assert not reports_dir(tmp_path).exists()


def test_reports_go_with_their_versions_and_count_as_freed(volume: Path) -> None:
    report(volume, 1, "x" * 1_000)
    report(volume, 3)
    before = collected(volume, dry_run=True)

    gone = collected(volume)

    assert gone == before
    assert gone[1] == gone[2] + 1_000
    assert not report_dir(volume, 1).exists()
    assert report_dir(volume, 3).is_dir()


def test_what_stands_in_a_reports_place_does_not_keep_its_version(volume: Path) -> None:
    reports_dir(volume).write_text("no folder")

    assert set(collected(volume)) == {1, 2}
