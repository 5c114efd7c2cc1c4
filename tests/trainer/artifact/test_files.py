"""Whatever lies in the place of a version's file makes a bad version, and holds nobody up."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from movierec.control.folder import make_control_folder
from movierec.v1 import trainer_pb2 as pb
from support.damage import change_manifest
from support.trainers import new_run, run_of, trainer
from support.versions import publish_by_hand
from trainer_service.artifact.files import read_file
from trainer_service.artifact.manifest import BadVersionError
from trainer_service.artifact.publishing import published_by
from trainer_service.artifact.reading import (
    MOST_MANIFEST_BYTES,
    gate_in,
    latest_version,
    read_manifest,
    read_version,
)
from trainer_service.artifact.retention import collect
from trainer_service.runs.store import RunStore


def to_nothing_in_a_circle(path: Path) -> None:
    path.symlink_to(path.name)


def to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def to_a_socket(path: Path) -> None:
    with inside(path.parent), socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path.name)  # as a whole, the path is longer than a socket's may be


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


NO_FILES = [os.mkfifo, Path.mkdir, to_nothing_in_a_circle, to_a_device, to_a_socket]
BRACKETS = b"[" * 100_000


def nested(path: Path) -> None:
    path.write_bytes(BRACKETS)


def nested_in_a_field(path: Path) -> None:
    path.write_bytes(b'{"gate":' * 100_000)


def too_large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(MOST_MANIFEST_BYTES + 1)


BAD_MANIFESTS = [*NO_FILES, nested, nested_in_a_field, too_large]

Making = Callable[[Path], object]


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """A volume with versions 1 and 2, of the runs of these names."""
    make_control_folder(tmp_path / "control")
    for number in (1, 2):
        assert publish_by_hand(tmp_path, f"run-{number}") == number
    return tmp_path


def put(volume: Path, name: str, make: Making) -> None:
    """Puts something else in the place of a file of version 2."""
    path = volume / "versions" / "2" / name
    path.unlink()
    make(path)


def collected(volume: Path, keep_for: timedelta = timedelta(0)) -> list[int]:
    found = collect(volume, volume / "control", keep_versions=1, keep_for=keep_for)
    return [removal.number for removal in found]


def assert_passed_over(volume: Path) -> None:
    """Version 2 is not the latest, nobody's, and no obstacle to removing old ones."""
    latest = latest_version(volume)
    assert latest
    assert latest.number == 1
    assert collected(volume, timedelta(hours=1)) == []
    assert publish_by_hand(volume, "run-3") == 3
    assert collected(volume) == [1, 2]


@pytest.mark.parametrize("make", NO_FILES)
def test_what_is_no_file_is_not_read(tmp_path: Path, make: Making) -> None:
    make(tmp_path / "movies.csv")
    with pytest.raises(BadVersionError, match=r"^movies\.csv is there, but is no file$"):
        read_file(tmp_path / "movies.csv", 100)


def test_a_file_is_read_up_to_the_largest_size_also_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("file")
    assert read_file(tmp_path / "link", 5) == b"12345"
    with pytest.raises(BadVersionError, match="link has 5 bytes, of which at most 4 are read"):
        read_file(tmp_path / "link", 4)
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "missing", 4)


@pytest.mark.parametrize("make", BAD_MANIFESTS)
def test_with_something_else_for_a_manifest_a_version_is_bad_and_passed_over(
    volume: Path, make: Making
) -> None:
    put(volume, "manifest.json", make)
    with pytest.raises(BadVersionError, match="manifest"):
        read_manifest(volume, 2)
    assert published_by(volume, "run-2") is None
    assert published_by(volume, "run-1") == 1
    assert_passed_over(volume)


@pytest.mark.parametrize("name", ["embeddings.npy", "movies.csv"])
@pytest.mark.parametrize("make", NO_FILES)
def test_with_something_else_for_a_file_a_version_is_bad_and_passed_over(
    volume: Path, name: str, make: Making
) -> None:
    put(volume, name, make)
    with pytest.raises(BadVersionError, match=f"^{name} is there, but is no file$"):
        read_version(volume, 2)
    assert published_by(volume, "run-2") == 2
    assert_passed_over(volume)


def test_a_file_that_has_grown_is_bad_and_one_that_is_not_named_too(volume: Path) -> None:
    with (volume / "versions" / "2" / "movies.csv").open("ab") as file:
        file.write(b"\n")
    with pytest.raises(BadVersionError, match=r"movies\.csv has .* bytes, of which at most"):
        read_version(volume, 2)
    change_manifest(volume / "versions" / "2", files=[])
    with pytest.raises(BadVersionError, match=r"names no embeddings\.npy"):
        read_version(volume, 2)


@pytest.mark.parametrize("figure", ["NaN", "Infinity", "-Infinity"])
def test_a_gate_whose_figures_are_none_makes_a_bad_version(volume: Path, figure: str) -> None:
    change_manifest(volume / "versions" / "2", gate={"passed": True, "margin": figure})
    with pytest.raises(BadVersionError, match="gate is none"):
        gate_in(read_manifest(volume, 2))
    assert_passed_over(volume)


@pytest.mark.parametrize("make", [*NO_FILES, Path.touch])
def test_what_has_a_versions_number_and_is_no_version_is_passed_over(
    volume: Path, make: Making
) -> None:
    make(volume / "versions" / "7")
    latest = latest_version(volume)
    assert latest
    assert latest.number == 2
    assert published_by(volume, "run-1") == 1
    collected(volume)
    assert latest_version(volume) is not None


@pytest.mark.parametrize("make", BAD_MANIFESTS)
def test_a_trainer_starts_whatever_a_run_that_was_interrupted_has_left(
    tmp_path: Path, make: Making
) -> None:
    artifacts = tmp_path / "artifacts"
    run = new_run(RunStore(artifacts / "runs"))
    publish_by_hand(artifacts, run.run_id)
    publish_by_hand(artifacts, "another")
    put(artifacts, "manifest.json", make)
    with trainer(tmp_path) as stub:
        found = run_of(stub, run.run_id)
    assert (found.state, found.version) == (pb.RUN_STATE_SUCCEEDED, 1)


def test_a_trainer_starts_although_a_gate_that_was_published_cannot_be_told(
    tmp_path: Path,
) -> None:
    artifacts = tmp_path / "artifacts"
    run = new_run(RunStore(artifacts / "runs"))
    publish_by_hand(artifacts, run.run_id)
    change_manifest(artifacts / "versions" / "1", gate={"passed": True, "margin": "NaN"})
    with trainer(tmp_path) as stub:
        assert run_of(stub, run.run_id).version == 0
