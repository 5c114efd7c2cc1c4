"""Which version is active, and what is no version."""

import hashlib
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from movierec.control.activation import ControlError
from recommender_service.artifact.loading import load_version
from recommender_service.errors import BadVersionError as RejectedError
from support.control import change_activation
from support.damage import change_manifest, facts_of, flip_bit, npy, replace_file
from support.versions import TITLES, publication, publish, publish_by_hand
from trainer_service.artifact.manifest import (
    BadVersionError,
    WrittenFile,
    decode_manifest,
    encode_manifest,
)
from trainer_service.artifact.reading import (
    active_version,
    gate_in,
    latest_version,
    metrics_in,
    read_manifest,
    read_version,
)
from trainer_service.model.evaluation import RankingMetrics, TrainingMetrics
from trainer_service.model.gate import GateResult

GATE = GateResult(
    against_version=7,
    user_count=99,
    ndcg_at_100=0.25,
    against_ndcg_at_100=0.5,
    margin=0.125,
    passed=False,
    forced=True,
    note="a note",
)


CIRCLE = publication().embeddings
HEADER = b"movie_id,title,year,genres,rating_count\n"
MOVIE = b"1,A,1999,Drama,7\n"


def archive(array: NDArray[np.float32]) -> bytes:
    """Several arrays in one file, of which there is one."""
    buffer = io.BytesIO()
    np.savez(buffer, array)
    return buffer.getvalue()


def is_served(folder: Path) -> bool:
    """Whether a recommender takes a version; what it does not is not the latest here either."""
    try:
        return load_version(folder).number > 0
    except RejectedError:
        return False


def publish_gated(artifacts_dir: Path, *, passed: bool, forced: bool = False) -> int:
    gate = GateResult(passed=passed, forced=forced)
    return publish(artifacts_dir, publication(run_id=f"{passed}-{forced}", gate=gate))


def latest(artifacts_dir: Path) -> int | None:
    version = latest_version(artifacts_dir)
    return version.number if version else None


def active(artifacts_dir: Path) -> int | None:
    version = active_version(artifacts_dir, artifacts_dir / "control")
    return version.number if version else None


def test_a_version_is_read_as_it_was_published(tmp_path: Path) -> None:
    told = publication(gate=GATE)
    publish(tmp_path, told)
    version = read_version(tmp_path, 1)
    assert version.number == version.manifest.version == 1
    assert version.manifest.run_id == told.run_id
    np.testing.assert_array_equal(version.embeddings, told.embeddings)
    assert version.movie_ids.tolist() == [10, 20, 30, 40, 50, 60]
    assert gate_in(version.manifest) == GATE


def test_a_version_that_was_never_gated_says_nothing_of_it(tmp_path: Path) -> None:
    publish_by_hand(tmp_path)
    assert gate_in(read_manifest(tmp_path, 1)) is None
    assert b"gate" not in (tmp_path / "versions" / "1" / "manifest.json").read_bytes()


def test_the_latest_is_the_highest_number_that_passed_was_forced_or_never_gated(
    tmp_path: Path,
) -> None:
    assert latest(tmp_path) is None
    publish_by_hand(tmp_path)
    assert latest(tmp_path) == 1
    publish_gated(tmp_path, passed=False)
    assert latest(tmp_path) == 1
    publish_gated(tmp_path, passed=True)
    assert latest(tmp_path) == 3
    publish_gated(tmp_path, passed=False, forced=True)
    assert latest(tmp_path) == 4


@pytest.mark.parametrize("name", ["manifest.json", "embeddings.npy", "movies.csv"])
def test_a_damaged_version_is_not_the_latest(tmp_path: Path, name: str) -> None:
    publish_by_hand(tmp_path, "good")
    publish_by_hand(tmp_path, "bad")
    path = tmp_path / "versions" / "2" / name
    flip_bit(path, path.stat().st_size // 2)
    assert latest(tmp_path) == 1
    path.unlink()
    assert latest(tmp_path) == 1


def test_the_pinned_version_is_active_also_an_older_or_a_rejected_one(tmp_path: Path) -> None:
    publish_by_hand(tmp_path)
    publish_gated(tmp_path, passed=False)
    publish_gated(tmp_path, passed=True)
    assert active(tmp_path) == 3
    for pinned in (1, 2):
        change_activation(tmp_path / "control", lambda now, pinned=pinned: now.to_pin(pinned))  # type: ignore[misc]
        assert active(tmp_path) == pinned


def test_in_the_place_of_a_pinned_version_that_is_bad_or_missing_stands_no_other(
    tmp_path: Path,
) -> None:
    publish_by_hand(tmp_path, "one")
    publish_by_hand(tmp_path, "two")
    change_activation(tmp_path / "control", lambda now: now.to_pin(1))
    (tmp_path / "versions" / "1" / "movies.csv").write_text("movie_id\n")
    with pytest.raises(BadVersionError, match=r"movies\.csv has 9 bytes, and the manifest says"):
        active(tmp_path)
    change_activation(tmp_path / "control", lambda now: now.to_pin(9))
    with pytest.raises(FileNotFoundError):
        active(tmp_path)
    (tmp_path / "control" / "activation.json").write_text("{")
    with pytest.raises(ControlError):
        active(tmp_path)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"format": 2}, "format 2 and version 1"),
        ({"version": "7"}, "format 1 and version 7"),
        ({"digest": "0" * 64}, "not what its own digest says"),
        ({"digest": ""}, "not what its own digest says"),
    ],
)
def test_a_manifest_of_another_format_number_or_digest_is_none(
    tmp_path: Path, changed: dict[str, object], said: str
) -> None:
    publish_by_hand(tmp_path)
    folder = tmp_path / "versions" / "1"
    if "digest" in changed:
        facts = json.loads((folder / "manifest.json").read_bytes()) | changed
        (folder / "manifest.json").write_text(json.dumps(facts))
    else:
        change_manifest(folder, **changed)
    with pytest.raises(BadVersionError, match=said):
        read_version(tmp_path, 1)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"format": "one"}'])
def test_what_is_no_json_of_a_manifest_is_none(content: bytes) -> None:
    with pytest.raises(BadVersionError, match="manifest is none"):
        decode_manifest(content, version=1)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("embeddings.npy", b"no array", "cannot be understood"),
        ("embeddings.npy", npy(np.array([{}], dtype=object)), "cannot be understood"),
        ("embeddings.npy", npy(np.ones((6, 3), dtype=np.float32)), r"float32 \(6, 3\) and"),
        ("embeddings.npy", npy(np.ones((6, 2))), r"float64 \(6, 2\) and"),
        ("embeddings.npy", npy(CIRCLE) + b"more", "goes on after its array"),
        ("embeddings.npy", npy(2 * CIRCLE), "rows that are not of length 1"),
        ("embeddings.npy", npy(np.nan * CIRCLE), "rows that are not of length 1"),
        ("embeddings.npy", npy(np.float32(3e38) * CIRCLE), "rows that are not of length 1"),
        ("embeddings.npy", archive(CIRCLE), "cannot be understood"),
        ("movies.csv", b"", "cannot be understood"),
        ("movies.csv", HEADER + MOVIE, r"movies.csv 1 movies; the manifest says \(6, 2\)"),
        ("movies.csv", HEADER + 6 * MOVIE, "no movie, or one twice"),
        ("movies.csv", b"movie_id\n1\n", "has the columns movie_id"),
        ("movies.csv", HEADER + b"1\n", "cannot be understood"),
        ("movies.csv", HEADER + b"x,A,,,1\n", "cannot be understood"),
        ("movies.csv", HEADER + b"1,A,MCM,,1\n", "cannot be understood"),
        ("movies.csv", HEADER + b"1,A,,,many\n", "cannot be understood"),
        ("movies.csv", HEADER + b"9" * 30 + b",A,,,1\n", "cannot be understood"),
        ("movies.csv", HEADER + b"1,\xff,,,1\n", "cannot be understood"),
        ("movies.csv", HEADER + b"-1,A,,,1\n", "a number that cannot be, with movie -1"),
        ("movies.csv", HEADER + b"1,A,10000,,1\n", "a number that cannot be, with movie 1"),
        ("movies.csv", HEADER + b"1,A,,,-1\n", "a number that cannot be, with movie 1"),
    ],
)
def test_files_that_are_signed_and_make_no_sense_are_no_version(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    publish_by_hand(tmp_path)
    folder = tmp_path / "versions" / "1"
    replace_file(folder, name, content)
    with pytest.raises(BadVersionError, match=said):
        read_version(tmp_path, 1)
    assert latest(tmp_path) is None
    assert not is_served(folder)


def entry(name: str, content: bytes, **changed: object) -> dict[str, object]:
    """What a manifest says of a file."""
    digest = hashlib.sha256(content).hexdigest()
    return {"name": name, "size_bytes": len(content), "sha256": digest} | changed


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"movie_count": 5}, r"the manifest says \(5, 2\)"),
        ({"movie_count": 7}, r"the manifest says \(7, 2\)"),
        ({"dim": 3}, r"the manifest says \(6, 3\)"),
    ],
)
def test_a_manifest_that_is_signed_and_says_another_shape_makes_a_bad_version(
    tmp_path: Path, changed: dict[str, int], said: str
) -> None:
    publish_by_hand(tmp_path)
    folder = tmp_path / "versions" / "1"
    change_manifest(folder, **changed)
    with pytest.raises(BadVersionError, match=said):
        read_version(tmp_path, 1)
    assert latest(tmp_path) is None
    assert not is_served(folder)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([entry("notes", b"new")], None),
        ([entry("notes", b"old")], "notes is not what the manifest's digest says"),
        ([entry("notes", b"new", size_bytes=4)], "notes has 3 bytes, and the manifest says 4"),
        ([entry("notes", b"new", size_bytes=2)], "notes has 3 bytes, of which at most 2"),
        ([entry("notes", b"new")] * 2, "names a file twice, or one that is not in its folder"),
        ([entry("../1/notes", b"new")], "names a file twice, or one that is not in its folder"),
        ([entry("..", b"")], "names a file twice, or one that is not in its folder"),
        ([entry("", b"")], "names a file twice, or one that is not in its folder"),
        ([entry("no\0tes", b"new")], "names a file twice, or one that is not in its folder"),
    ],
)
def test_every_file_that_a_manifest_names_has_to_be_what_it_says(
    tmp_path: Path, more: list[dict[str, object]], said: str | None
) -> None:
    publish_by_hand(tmp_path)
    folder = tmp_path / "versions" / "1"
    (folder / "notes").write_bytes(b"new")
    change_manifest(folder, files=[*facts_of(folder)["files"], *more])
    if said:
        with pytest.raises(BadVersionError, match=said):
            read_version(tmp_path, 1)
    assert latest(tmp_path) == (None if said else 1)
    assert is_served(folder) == (said is None)


def test_a_file_that_a_manifest_names_has_to_be_there(tmp_path: Path) -> None:
    publish_by_hand(tmp_path)
    folder = tmp_path / "versions" / "1"
    change_manifest(folder, files=[*facts_of(folder)["files"], entry("notes", b"new")])
    assert latest(tmp_path) is None
    assert not is_served(folder)


@pytest.mark.parametrize("zeros", ["dataset", "run_id", "note", "file"])
def test_the_digest_is_filled_in_at_its_own_place_whatever_else_is_zeros(zeros: str) -> None:
    gate = GATE.model_copy(update={"note": '"digest": "' + "0" * 64} if zeros == "note" else {})
    told = publication(run_id="0" * 64 if zeros == "run_id" else "run-1", gate=gate)
    if zeros == "dataset":
        object.__setattr__(told, "dataset", "0" * 64)
    files = [WrittenFile("movies.csv", 1, "0" * 64 if zeros == "file" else "1" * 64)]
    content = encode_manifest(told, version=1, created=datetime.now(UTC), files=files)
    manifest = decode_manifest(content, version=1)
    assert manifest.digest != "0" * 64
    assert gate_in(manifest) == gate
    assert manifest.run_id == told.run_id
    assert len(TITLES) == manifest.movie_count


def test_what_was_measured_reads_back_as_it_was(tmp_path: Path) -> None:
    ranking = RankingMetrics(**dict.fromkeys(RankingMetrics.model_fields, 0.25) | {"user_count": 4})
    told = TrainingMetrics(best_epoch=0, loss=0.0, rmse=0.8, ranking=ranking, notes=("so", "it is"))
    number = publish(tmp_path, replace(publication(), metrics=told))

    assert metrics_in(read_manifest(tmp_path, number)) == told


def test_movies_read_back_as_they_were(tmp_path: Path) -> None:
    told = publication()
    found = read_version(tmp_path, publish(tmp_path, told))

    assert found.movies == told.movies.movies
    assert found.rating_counts.tolist() == told.rating_counts.tolist()
