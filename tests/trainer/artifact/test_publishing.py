"""Publishing: whole or not at all, under a number that nobody gets again."""

import csv
import hashlib
import io
import json
import shutil
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from google.protobuf import json_format

from movierec.v1.artifact_pb2 import ArtifactManifest
from support.versions import TITLES, publication, publish, publish_by_hand
from trainer_service.artifact import publishing
from trainer_service.artifact.publishing import claim_number, prepare_volume, published_by
from trainer_service.errors import PublishError


def manifest_of(folder: Path) -> ArtifactManifest:
    return json_format.Parse((folder / "manifest.json").read_text(), ArtifactManifest())


def test_a_version_has_three_files_under_its_number(tmp_path: Path) -> None:
    assert publish_by_hand(tmp_path) == 1
    folder = tmp_path / "versions" / "1"
    assert sorted(path.name for path in folder.iterdir()) == [
        "embeddings.npy",
        "manifest.json",
        "movies.csv",
    ]


def test_the_embeddings_are_float32_unit_rows_without_pickle(tmp_path: Path) -> None:
    publish_by_hand(tmp_path)
    vectors = np.load(tmp_path / "versions" / "1" / "embeddings.npy", allow_pickle=False)
    assert (vectors.dtype, vectors.shape) == (np.dtype("float32"), (len(TITLES), 2))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-6)


def test_row_i_of_the_movies_describes_row_i_of_the_embeddings(tmp_path: Path) -> None:
    publish_by_hand(tmp_path)
    with (tmp_path / "versions" / "1" / "movies.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["movie_id", "title", "year", "genres", "rating_count"]
    assert rows[0] == ["10", "Toy Story (1995)", "1995", "", "60"]
    assert rows[1] == ["20", "Toy Story 2 (1999)", "1999", "Comedy|Drama", "50"]
    assert len(rows) == len(TITLES)


def test_the_manifest_holds_everything_that_is_known_of_the_version(tmp_path: Path) -> None:
    publish_by_hand(tmp_path, run_id="run-7")
    manifest = manifest_of(tmp_path / "versions" / "1")
    assert (manifest.format, manifest.version, manifest.run_id) == (1, 1, "run-7")
    assert (manifest.movie_count, manifest.dim, manifest.dataset) == (6, 2, "by-hand")
    assert manifest.settings.batch_size == 128
    assert {field.name for field, _ in manifest.settings.ListFields()} == {
        field.name for field in manifest.settings.DESCRIPTOR.fields
    }
    assert manifest.metrics.notes == ["measured by hand"]


def test_sizes_and_digests_are_those_of_the_files(tmp_path: Path) -> None:
    publish_by_hand(tmp_path)
    folder = tmp_path / "versions" / "1"
    for entry in manifest_of(folder).files:
        content = (folder / entry.name).read_bytes()
        assert entry.size_bytes == len(content)
        assert entry.sha256 == hashlib.sha256(content).hexdigest()


def test_the_manifests_digest_is_that_of_its_bytes_with_zeros_in_its_place(tmp_path: Path) -> None:
    publish_by_hand(tmp_path)
    content = (tmp_path / "versions" / "1" / "manifest.json").read_bytes()
    digest = json.loads(content)["digest"]
    unsigned = content.replace(digest.encode(), b"0" * 64)
    assert hashlib.sha256(unsigned).hexdigest() == digest


def test_numbers_grow_by_one_and_are_never_used_again(tmp_path: Path) -> None:
    assert [publish_by_hand(tmp_path, f"run-{i}") for i in range(3)] == [1, 2, 3]
    shutil.rmtree(tmp_path / "versions" / "3")
    assert publish_by_hand(tmp_path, "run-4") == 4


def test_folders_that_are_no_versions_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "versions" / "seven").mkdir(parents=True)
    (tmp_path / "versions" / "²").mkdir()
    assert publish_by_hand(tmp_path) == 1


def test_a_number_that_no_version_can_have_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "versions" / ("9" * 20)).mkdir(parents=True)
    (tmp_path / "versions" / "007").mkdir()
    assert publish_by_hand(tmp_path) == 1


def test_a_stray_folder_with_the_last_number_is_said_to_be_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "versions" / ("9" * 18)).mkdir(parents=True)
    with pytest.raises(PublishError, match=f"no number is left above {'9' * 18}: remove that"):
        publish_by_hand(tmp_path)


def test_a_version_is_found_by_the_run_that_published_it(tmp_path: Path) -> None:
    assert published_by(tmp_path, "run-2") is None
    for run_id in ("run-1", "run-2", "run-3"):
        publish_by_hand(tmp_path, run_id)
    (tmp_path / "versions" / "3" / "manifest.json").write_text("{")
    assert published_by(tmp_path, "run-2") == 2
    assert published_by(tmp_path, "run-4") is None


def test_what_a_run_has_published_before_is_not_what_it_has_published_since(
    tmp_path: Path,
) -> None:
    publish_by_hand(tmp_path, "run-1")
    publish_by_hand(tmp_path, "run-2")
    assert published_by(tmp_path, "run-1", after=1) is None
    publish_by_hand(tmp_path, "run-1")
    assert published_by(tmp_path, "run-1", after=1) == 3
    assert published_by(tmp_path, "run-1") == 3


def test_what_a_killed_attempt_of_the_run_has_staged_is_no_obstacle(tmp_path: Path) -> None:
    staging = tmp_path / "versions" / ".staging-run-1"
    staging.mkdir(parents=True)
    (staging / "embeddings.npy").write_text("torn")
    assert publish_by_hand(tmp_path, "run-1") == 1
    assert not staging.exists()


def test_titles_come_back_as_they_were_whatever_is_in_them(tmp_path: Path) -> None:
    titles = ("a,b", 'say "hi"', "two\nlines", "\rback", "é", " spaces ")
    publish(tmp_path, publication(titles))
    content = (tmp_path / "versions" / "1" / "movies.csv").read_bytes().decode()
    rows = list(csv.reader(io.StringIO(content, newline=""), strict=True))[1:]
    assert tuple(row[1] for row in rows) == titles


def claim_many(artifacts_dir: Path) -> list[int]:
    return [claim_number(artifacts_dir) for _ in range(100)]


def test_publishers_side_by_side_never_take_the_same_number(tmp_path: Path) -> None:
    prepare_volume(tmp_path)
    with ProcessPoolExecutor(4) as pool:
        claimed = pool.map(claim_many, [tmp_path] * 4)
        assert sorted(chain(*claimed)) == list(range(1, 401))


def test_nothing_but_versions_and_claims_is_left_behind(tmp_path: Path) -> None:
    publish_by_hand(tmp_path)
    assert sorted(path.name for path in (tmp_path / "versions").iterdir()) == [".claimed", "1"]


def test_a_volume_that_is_a_file_is_refused_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "artifacts").write_text("no folder")
    with pytest.raises(OSError, match=r"no version can be kept in .*/versions: Not a directory"):
        prepare_volume(tmp_path / "artifacts")
    with pytest.raises(PublishError, match="the volume has vanished"):
        publishing.publish(tmp_path / "artifacts", publication())


def test_a_new_volume_is_made_where_what_it_is_to_lie_in_is_there(tmp_path: Path) -> None:
    prepare_volume(tmp_path / "artifacts")
    assert (tmp_path / "artifacts" / "versions").is_dir()
    with pytest.raises(OSError, match=r"what it is to lie in is not there; mount the volume"):
        prepare_volume(tmp_path / "away" / "artifacts")
    assert not (tmp_path / "away").exists()


def test_a_volume_that_is_away_is_not_made_anew_by_a_publication(tmp_path: Path) -> None:
    publish_by_hand(tmp_path, "first")
    (tmp_path / "versions").rename(tmp_path / "away")
    with pytest.raises(PublishError, match=r"vanished; what was trained is kept: .*publish run-1"):
        publishing.publish(tmp_path, publication())
    with pytest.raises(FileNotFoundError):
        claim_number(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["away"]
    (tmp_path / "away").rename(tmp_path / "versions")
    assert publish_by_hand(tmp_path, "second") == 2


@pytest.mark.parametrize("bad", [0.0, 2.0, float("nan")])
def test_vectors_that_are_not_of_unit_length_are_never_published(bad: float) -> None:
    vectors = np.full((len(TITLES), 1), 1, dtype=np.float32)
    vectors[3] = bad
    with pytest.raises(ValueError, match="row 3 has length"):
        publication(embeddings=vectors)


def test_parts_that_do_not_fit_together_are_no_version(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="6 movies"):
        publish(tmp_path, publication(embeddings=np.ones((5, 1), dtype=np.float32)))
