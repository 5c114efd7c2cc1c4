"""A folder of artifacts is checked as it would be before it serves."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest

from movierec.chassis.legal import shown
from recommender_service.artifact.verifying import (
    ControlReport,
    Stray,
    VersionReport,
    check_control,
    strays,
    verify_versions,
)
from support.control import change_activation
from support.damage import break_reading, change_manifest, facts_of, flip_bit, npy, replace_file
from support.versions import publish_by_hand


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    """Three good versions."""
    for _ in range(3):
        publish_by_hand(tmp_path)
    return tmp_path


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def test_a_good_version_is_good_with_its_shape_and_size(artifacts: Path) -> None:
    (first, *_) = verify_versions(artifacts)

    assert first == VersionReport(
        version=1,
        good=True,
        reason="",
        message="",
        movie_count=6,
        dim=2,
        size_bytes=size_of(artifacts / "versions" / "1"),
        held_back=False,
    )


def test_all_versions_are_checked_in_order_unless_some_are_named(artifacts: Path) -> None:
    for _ in range(7):
        publish_by_hand(artifacts)

    assert [report.version for report in verify_versions(artifacts)] == list(range(1, 11))
    assert [report.version for report in verify_versions(artifacts, [10, 2])] == [10, 2]


def test_a_bad_version_is_told_with_its_reason_and_what_its_manifest_says(artifacts: Path) -> None:
    versions = artifacts / "versions"
    flip_bit(versions / "1" / "embeddings.npy", -1)
    flip_bit(versions / "2" / "manifest.json", 1_000)
    replace_file(versions / "3", "embeddings.npy", npy(np.full((6, 2), np.nan, np.float32)))

    flipped, unreadable, not_finite = verify_versions(artifacts)

    assert (flipped.good, flipped.reason, flipped.movie_count) == (False, "CHECKSUM", 6)
    assert flipped.message == "embeddings.npy is not what the manifest's digest says"
    assert (unreadable.good, unreadable.movie_count, unreadable.dim) == (False, None, None)
    assert unreadable.reason in {"CHECKSUM", "FORMAT"}
    assert unreadable.size_bytes == size_of(versions / "2")
    assert (not_finite.reason, not_finite.dim) == ("VALUES", 2)


def test_every_file_that_the_manifest_names_is_checked(artifacts: Path) -> None:
    versions = artifacts / "versions"
    digest = hashlib.sha256(b"new").hexdigest()
    told = {"name": "notes", "size_bytes": 3, "sha256": digest}
    for number, changed in (
        (1, {}),
        (2, {"sha256": "0" * 64}),
        (3, {"size_bytes": 4}),
        (4, {"name": "others"}),
        (5, {"name": "../1/notes"}),
        (6, {"name": "movies.csv"}),
        (7, {"name": "x" * 256}),
    ):
        if number > 3:
            publish_by_hand(artifacts)
        folder = versions / str(number)
        (folder / "notes").write_bytes(b"new")
        change_manifest(folder, files=[*facts_of(folder)["files"], told | changed])

    found = [(report.reason, report.message) for report in verify_versions(artifacts)]

    assert found == [
        ("", ""),
        ("CHECKSUM", "notes is not what the manifest's digest says"),
        ("CHECKSUM", "notes has 3 bytes, and the manifest says 4"),
        ("MISSING", "others is not there"),
        ("FORMAT", "manifest.json names '../1/notes', which is no file in the version's folder"),
        ("FORMAT", "manifest.json names 'movies.csv' twice"),
        (
            "FORMAT",
            f"manifest.json names {shown('x' * 256)}, which is no file in the version's folder",
        ),
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read_is_told_as_unreadable(artifacts: Path) -> None:
    (artifacts / "versions" / "2" / "movies.csv").chmod(0)

    _, report, _ = verify_versions(artifacts)

    assert (report.good, report.reason) == (False, "UNREADABLE")
    assert report.message.startswith("movies.csv ")


def test_a_volume_that_answers_with_an_error_is_told_and_the_others_are_checked(
    artifacts: Path,
) -> None:
    name = artifacts / "versions" / "1" / "movies.csv"
    break_reading(name)

    first, *others = verify_versions(artifacts)

    assert (first.good, first.reason) == (False, "UNREADABLE")
    assert "cannot be read: Input/output error" in first.message
    assert all(report.good for report in others)


@pytest.mark.parametrize(
    ("gate", "held_back"),
    [
        ({"passed": False, "forced": False}, True),
        ({"passed": False, "forced": True}, False),
        ({"passed": True, "forced": False}, False),
    ],
)
def test_a_version_that_the_gate_holds_back_is_good_all_the_same(
    artifacts: Path,
    gate: dict[str, bool],
    held_back: bool,  # noqa: FBT001  # parametrised
) -> None:
    change_manifest(artifacts / "versions" / "2", gate=gate)

    _, report, _ = verify_versions(artifacts)

    assert (report.good, report.held_back) == (True, held_back)


def test_a_version_that_is_not_there_is_named_with_those_that_are(
    artifacts: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.raises(ValueError, match=r"no version 7 in .*: there are 1, 2, 3"):
        list(verify_versions(artifacts, [1, 7]))
    empty = tmp_path_factory.mktemp("empty")
    (empty / "versions").mkdir()
    with pytest.raises(ValueError, match="there is none yet"):
        list(verify_versions(empty, [1]))


def test_what_is_no_version_is_a_stray_and_what_the_trainer_keeps_is_none(artifacts: Path) -> None:
    versions = artifacts / "versions"
    for name in (".staging-run-7", ".removed-4", ".deleting-5", "latest", "007", "-1", "9" * 19):
        (versions / name).mkdir()
    (versions / "12").write_text("a file")

    found = {stray.name: stray for stray in strays(artifacts)}

    assert list(found) == sorted(found)
    assert found.keys() == {
        *(".staging-run-7", ".removed-4", ".deleting-5", "latest", "007", "-1", "9" * 19, "12"),
    }
    staged = found[".staging-run-7"]
    assert staged.message == "is a leftover of run run-7, unless that publishes just now"
    assert found[".removed-4"].message == (
        "was version 4; `movierec artifacts gc`, and a trainer that starts or publishes, deletes "
        "it or, if it is in use, puts it back"
    )
    assert found[".deleting-5"].message == "is what is left of version 5, of no use any more"
    assert found["12"] == Stray("12", "has the name of a version, and is no folder")
    assert [report.version for report in verify_versions(artifacts)] == [1, 2, 3]


def test_names_that_lead_nowhere_are_no_versions(artifacts: Path) -> None:
    for name, target in (("4", "4"), ("5", "x" * 1_000), ("6", "nowhere")):
        (artifacts / "versions" / name).symlink_to(target)

    assert [report.version for report in verify_versions(artifacts)] == [1, 2, 3]
    assert [stray.name for stray in strays(artifacts)] == ["4", "5", "6"]
    assert check_control(artifacts).problems == ()


def test_what_is_said_to_serve_is_told_and_has_to_be_there(artifacts: Path) -> None:
    control = artifacts / "control"
    path = control / "activation.json"
    assert check_control(artifacts) == ControlReport(path)

    change_activation(control, lambda now: now.to_pin(2).to_label("stable", 1))
    assert check_control(artifacts) == ControlReport(
        path, generation=2, pinned=2, labels={"stable": 1}
    )

    change_activation(control, lambda now: now.to_pin(8).to_label("canary", 9))
    assert check_control(artifacts).problems == (
        "version 8 is pinned, and is not there",
        "version 9 has the label canary, and is not there",
    )


def test_a_control_folder_elsewhere_is_looked_at_instead(
    artifacts: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("control")
    change_activation(elsewhere, lambda now: now.to_pin(8))

    assert check_control(artifacts).problems == ()
    assert check_control(artifacts, elsewhere).pinned == 8


def test_an_activation_that_cannot_be_understood_or_read_is_a_problem(artifacts: Path) -> None:
    path = artifacts / "control" / "activation.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"policy": "ACTIVATION_POLICY_NEWER"}))
    (not_understood,) = check_control(artifacts).problems
    path.unlink()
    path.mkdir()
    (not_read,) = check_control(artifacts).problems

    assert str(path) in not_understood
    assert not_read == f"{path} is no activation: activation.json is there, but is no file"
