"""Real volumes that fill up, turn read-only or vanish under a run."""

from collections.abc import Callable
from pathlib import Path

import grpc
import pytest

from movierec.v1 import trainer_pb2 as pb
from movierec.v1 import training_pb2
from support.datasets import two_tastes, write_two_tastes
from support.mounts import Volume, fill, volume
from support.trainers import phases_of, publish, reason_of, said, train, trainer
from support.versions import publish_by_hand
from trainer_service.artifact.publishing import prepare_volume
from trainer_service.errors import CheckpointError, PublishError
from trainer_service.model.fitting import fit
from trainer_service.model.history import History, HistoryFolder
from trainer_service.model.progress import TrainingProgress
from trainer_service.model.settings import FittingSettings
from trainer_service.model.split import split_ratings

__all__ = ["volume"]

WIDE = training_pb2.TrainingSettings(min_ratings=10, epochs=2, dim=1_024)
"""20 movies with as many dimensions take 80 KiB, which the volume of 64 KiB does not have."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a trainer has its data; its runs go here, and its versions to the volume."""
    write_two_tastes(tmp_path / "data" / "tastes")
    return tmp_path


def names(versions: Path) -> set[str]:
    return {path.name for path in versions.iterdir()}


def test_a_full_volume_fails_the_run_and_what_was_trained_is_published_when_there_is_room(
    folder: Path, volume: Volume
) -> None:
    """And not to the empty folder that is there when the volume has vanished."""
    versions = volume.path / "versions"
    with trainer(folder, artifacts_dir=volume.path, runs_dir=folder / "runs") as stub:
        *_, failed = train(stub, settings=WIDE)
        assert (failed.state, failed.error.reason) == (pb.RUN_STATE_FAILED, "PUBLISH_FAILED")
        assert f"written to {versions}: No space left on device" in failed.error.message
        assert f"`movierec publish {failed.run_id}`" in failed.error.message
        assert names(versions) == set()

        volume.vanish()
        *_, failed = publish(stub, failed.run_id)
        assert (failed.state, failed.error.reason) == (pb.RUN_STATE_FAILED, "PUBLISH_FAILED")
        assert f"written to {versions}: the volume has vanished" in failed.error.message
        assert names(volume.path) == set()

        volume.come_back()
        volume.resize("8m")
        events = publish(stub, failed.run_id)
    assert (events[-1].state, events[-1].version) == (pb.RUN_STATE_SUCCEEDED, 1)
    assert "FITTING" not in phases_of(events)
    assert names(versions) == {".claimed", "1"}


def test_while_the_volume_is_away_nothing_is_made_in_its_place(
    folder: Path, volume: Volume
) -> None:
    """Neither by a run nor by a call; with the volume, all is there again."""
    with trainer(folder, artifacts_dir=volume.path, runs_dir=folder / "runs") as stub:
        volume.vanish()
        *_, failed = train(stub)
        assert (failed.state, failed.error.reason) == (pb.RUN_STATE_FAILED, "PUBLISH_FAILED")
        assert failed.error.message == (
            f"no version can be written to {volume.path}/versions: the volume has vanished; "
            f"nothing was trained: bring it back, and train again"
        )
        assert names(volume.path) == set()
        volume.come_back()


def test_while_the_folder_of_runs_is_away_no_run_begins_and_none_is_published(
    folder: Path, volume: Volume
) -> None:
    volume.resize("8m")
    last = volume.path / "versions" / ("9" * 18)  # after which there is no number
    with trainer(folder, artifacts_dir=volume.path) as stub:
        last.mkdir()
        *_, failed = train(stub)
        assert failed.error.reason == "PUBLISH_FAILED"
        last.rmdir()
        volume.vanish()
        calls: list[Callable[[], object]] = [
            lambda: train(stub),
            lambda: publish(stub, failed.run_id),
        ]
        for call in calls:
            with pytest.raises(grpc.RpcError) as caught:
                call()
            assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
            assert reason_of(caught.value) == "STORAGE_FAILED"
            assert f"no run can be kept in {volume.path}/runs: No such file" in said(caught.value)
        assert names(volume.path) == set()
        volume.come_back()
        *_, published = publish(stub, failed.run_id)
    assert (published.state, published.version) == (pb.RUN_STATE_SUCCEEDED, 1)


def test_a_volume_that_is_in_the_place_of_the_one_with_the_runs_gets_none_of_them(
    folder: Path, volume: Volume
) -> None:
    runs = volume.path / "runs"
    with trainer(folder, runs_dir=runs) as stub:
        volume.vanish()
        runs.mkdir()
        (runs / ".lock").touch()
        with pytest.raises(grpc.RpcError) as caught:
            train(stub)
        assert "it is not the folder that this trainer has locked" in said(caught.value)
        assert names(runs) == {".lock"}


@pytest.mark.parametrize("accident", ["fills up", "vanishes"])
def test_weights_that_cannot_be_kept_any_more_end_the_fitting_with_the_folder_and_the_reason(
    folder: Path, volume: Volume, accident: str
) -> None:
    volume.resize("256k")
    split = split_ratings(two_tastes(folder / "tastes").ratings, 0.2)
    settings = FittingSettings(min_ratings=0, epochs=3, batch_size=128, dim=8)
    checkpoints = volume.path / "checkpoints"

    def report(progress: TrainingProgress) -> None:
        if (progress.epoch, progress.epoch_share) == (2, 1):
            if accident == "vanishes":
                volume.vanish()
            else:
                fill(volume.path)

    with pytest.raises(CheckpointError) as caught:
        fit(split, settings, checkpoints, report)
    reason = "No such file or directory" if accident == "vanishes" else "No space left on device"
    assert f"kept in {checkpoints}: {reason}" in caught.value.message
    if accident == "vanishes":
        assert names(volume.path) == set()
        volume.come_back()
    history = History.model_validate_json((checkpoints / "history.json").read_bytes())
    assert history.epochs_done == 2
    assert HistoryFolder(checkpoints).read(history.key) == history


def test_a_run_that_cannot_be_kept_is_refused_with_the_folder_and_the_reason(
    folder: Path, volume: Volume
) -> None:
    with trainer(folder, runs_dir=volume.path / "runs") as stub:
        fill(volume.path)
        with pytest.raises(grpc.RpcError) as caught:
            train(stub)
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reason_of(caught.value) == "STORAGE_FAILED"
    assert f"kept in {volume.path}/runs: No space left on device" in said(caught.value)


def test_a_read_only_volume_takes_no_version_and_leaves_the_one_that_is_there(
    volume: Volume,
) -> None:
    assert publish_by_hand(volume.path, "first") == 1
    before = names(volume.path / "versions")
    volume.be_read_only()
    with pytest.raises(PublishError, match="Read-only file system"):
        publish_by_hand(volume.path, "second")
    volume.be_read_only(read_only=False)
    assert names(volume.path / "versions") == before
    assert publish_by_hand(volume.path, "second") == 2


def test_a_read_only_volume_without_versions_is_found_out_at_the_start(volume: Volume) -> None:
    volume.be_read_only()
    with pytest.raises(OSError, match=r"no version can be kept in .*: Read-only file system"):
        prepare_volume(volume.path)


@pytest.mark.parametrize("free_kib", range(0, 16, 4))
def test_a_volume_that_fills_up_at_any_file_takes_nothing_and_later_all(
    volume: Volume, free_kib: int
) -> None:
    """A version has three files, each of which takes a page of 4 KiB."""
    versions = volume.path / "versions"
    versions.mkdir()
    ballast = volume.path / "ballast"
    ballast.write_bytes(bytes((64 - free_kib) * 1024))
    if free_kib < 12:
        with pytest.raises(PublishError, match="No space left on device"):
            publish_by_hand(volume.path)
        assert names(versions) <= {".claimed"}
        ballast.unlink()
    assert publish_by_hand(volume.path) > 0
    assert len(names(versions)) == 2
