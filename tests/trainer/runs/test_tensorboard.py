"""Files for TensorBoard, as TensorBoard's own readers see them."""

from pathlib import Path

import numpy as np
import pytest
from google.protobuf import text_format
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.projector import projector_config_pb2, projector_plugin

from movierec.v1 import trainer_pb2 as pb
from movierec.v1 import training_pb2
from support.datasets import write_two_tastes
from support.servers import DEADLINE_S
from support.trainers import events_of, trainer
from trainer_service.data import Movie, MovieTable
from trainer_service.model.evaluation import TrainingMetrics
from trainer_service.runs import tensorboard
from trainer_service.runs.store import RunStore
from trainer_service.runs.tensorboard import TensorBoardFolder

Points = list[tuple[int, float]]


def points_in(folder: Path) -> dict[str, Points]:
    """What TensorBoard shows of the event files of a folder: steps and values by tag."""
    read = EventAccumulator(str(folder))
    read.Reload()
    tags = read.Tags()["scalars"]
    return {tag: [(one.step, one.value) for one in read.Scalars(tag)] for tag in tags}


def table(*titles: str) -> MovieTable:
    return MovieTable(
        tuple(Movie(index, title, ("Drama", "War")) for index, title in enumerate(titles, 1))
    )


def test_losses_are_scalars_by_epoch_with_training_beside_validation(tmp_path: Path) -> None:
    board = TensorBoardFolder(tmp_path / "tensorboard")

    board.add_epoch(1, {"loss": 4.0, "val_loss": 5.0, "rating_loss": 0.5})
    board.add_epoch(2, {"loss": 3.0, "val_loss": 4.5, "rating_loss": 0.25})

    assert points_in(tmp_path / "tensorboard") == {
        "loss/training": [(1, 4.0), (2, 3.0)],
        "loss/validation": [(1, 5.0), (2, 4.5)],
        "rating_loss/training": [(1, 0.5), (2, 0.25)],
    }


def test_a_run_that_goes_on_appends_and_what_was_not_kept_is_not_shown_twice(
    tmp_path: Path,
) -> None:
    killed = TensorBoardFolder(tmp_path)
    for epoch in (1, 2, 3):
        killed.add_epoch(epoch, {"loss": 1.0})
    taken_up = TensorBoardFolder(tmp_path)
    for epoch in (3, 4):
        taken_up.add_epoch(epoch, {"loss": 2.0})

    assert points_in(tmp_path) == {"loss/training": [(1, 1.0), (2, 1.0), (3, 2.0), (4, 2.0)]}


def test_what_was_measured_is_told_once_however_often_it_is_measured(tmp_path: Path) -> None:
    metrics = TrainingMetrics(best_epoch=7, loss=1.0, rmse=0.5)

    for _ in range(2):
        TensorBoardFolder(tmp_path).tell_evaluation(metrics)

    assert points_in(tmp_path / "evaluation") == {"rmse": [(7, 0.5)]}
    assert len(list((tmp_path / "evaluation").iterdir())) == 1


def test_the_projector_shows_the_best_known_movies_with_title_year_and_genres(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensorboard, "MOST_PROJECTED", 3)
    titles = ["Little known (1990)", "Tab\there (1995)", "Line\n\r\u2028here", "Amélie (2001)"]
    vectors = np.arange(8, dtype=np.float32).reshape(4, 2) / np.float32(3)

    counts = np.array([1, 30, 20, 10])
    TensorBoardFolder(tmp_path).project(table(*titles), counts, vectors)

    config = text_format.Parse(
        (tmp_path / "projector_config.pbtxt").read_text(), projector_config_pb2.ProjectorConfig()
    )
    (shown,) = config.embeddings
    tensor = projector_plugin._read_tensor_tsv_file(str(tmp_path / shown.tensor_path))  # noqa: SLF001
    np.testing.assert_allclose(tensor, vectors[1:], rtol=1e-4)
    assert (tmp_path / shown.metadata_path).read_text(encoding="utf-8").split("\n") == [
        "title\tyear\tgenres\tratings",
        "Tab here (1995)\t1995\tDrama, War\t30",
        "Line here\t\tDrama, War\t20",
        "Amélie (2001)\t2001\tDrama, War\t10",
        "",
    ]


def test_a_folder_that_cannot_be_written_is_logged_and_costs_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "tensorboard").write_text("in the way")
    board = TensorBoardFolder(tmp_path / "tensorboard")

    board.add_epoch(1, {"loss": 1.0})
    board.tell_evaluation(TrainingMetrics(best_epoch=1, loss=1.0))
    board.project(table("Heat (1995)"), np.array([1]), np.ones((1, 2), dtype=np.float32))

    assert len(caplog.records) == 3
    assert "tensorboard is not as it should be for TensorBoard: " in caplog.text


def test_without_the_setting_no_run_has_a_folder_for_them(tmp_path: Path) -> None:
    assert RunStore(tmp_path).tensorboard("r1") is None
    assert RunStore(tmp_path, tensorboard=True).tensorboard("r1") == tmp_path / "r1" / "tensorboard"


def test_a_run_that_was_interrupted_has_each_epoch_once_and_all_that_was_measured(
    tmp_path: Path,
) -> None:
    write_two_tastes(tmp_path / "data" / "tastes")
    settings = training_pb2.TrainingSettings(min_ratings=10, epochs=15, dim=4)
    settings.batch_size = 1  # so that it is interrupted in time
    with trainer(tmp_path, tensorboard=True) as stub:
        request = pb.TrainRequest(dataset="tastes", settings=settings)
        run_id = next(
            response.event.run_id
            for response in stub.Train(request, timeout=DEADLINE_S)
            if response.event.progress.epoch_share == 1
        )
    with trainer(tmp_path, tensorboard=True) as stub:
        events = events_of(stub.FollowRun(pb.FollowRunRequest(run_id=run_id), timeout=DEADLINE_S))

    folder = tmp_path / "artifacts" / "runs" / run_id / "tensorboard"
    assert pb.RUN_STATE_INTERRUPTED in [event.state for event in events]
    assert events[-1].state == pb.RUN_STATE_SUCCEEDED
    points = points_in(folder)
    losses = {
        event.progress.epoch: event.progress.loss
        for event in events
        if event.progress.epoch_share == 1
    }
    assert len(list(folder.glob("events.*"))) == 2
    assert [step for step, _ in points["loss/training"]] == list(range(1, 16))
    assert dict(points["loss/training"]).items() >= losses.items()
    assert {"loss/validation", "co_liked_loss/training", "rating_loss/validation"} <= points.keys()
    measured = points_in(folder / "evaluation")
    assert {"rmse", "from_most_ndcg_at_100/this_model", "from_one_recall_at_20/popularity"} <= (
        measured.keys()
    )
    assert len((folder / "movies.tsv").read_text().splitlines()) == 20
    assert len((folder / "metadata.tsv").read_text().splitlines()) == 21
