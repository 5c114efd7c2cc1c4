"""The trainer, through the generated stubs: a real server, real training processes."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2

from movierec.v1 import trainer_pb2 as pb
from movierec.v1 import training_pb2
from support.datasets import write_two_tastes
from support.processes import is_alive, training_processes
from support.servers import DEADLINE_S, serving
from support.services import started
from support.trainers import (
    ENDLESS,
    Stub,
    detail_of,
    said,
    settings_for,
    train,
    trainer,
)
from trainer_service.service.building import Trainer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trainer")
    write_two_tastes(folder / "data" / "tastes")
    damaged = write_two_tastes(folder / "data" / "damaged")
    with (damaged / "rating.csv").open("a") as file:
        file.write('x,1,3.0,""\n1,99,3.0,""\n1,2,9.0,""\n')
    empty = folder / "data" / "empty"
    empty.mkdir()
    (empty / "movie.csv").write_text("movieId,title,genres\n")
    (empty / "rating.csv").write_text("")
    (folder / "data" / "nothing").mkdir()
    return folder


@pytest.fixture(scope="module")
def stub(folder: Path) -> Iterator[Stub]:
    with trainer(folder) as stub:
        yield stub


def refused(stub: Stub, dataset: str = "tastes", **fields: object) -> grpc.RpcError:
    try:
        events = train(stub, dataset, **fields)
    except grpc.RpcError as error:
        return error
    raise AssertionError(f"it was not refused, and ended with {events[-1]}")


@pytest.fixture(scope="module")
def events(stub: Stub) -> list[pb.RunEvent]:
    """Those of a run on the damaged data, from the first to the last."""
    return train(stub, "damaged", request_id="the-first")


@pytest.fixture(scope="class")
def endless(stub: Stub) -> Iterator[str]:
    """A run that goes on until it is told otherwise; it is fitting."""
    call = stub.Train(pb.TrainRequest(dataset="tastes", settings=ENDLESS), timeout=DEADLINE_S)
    first_progress = next(reply.event for reply in call if reply.event.HasField("progress"))
    call.cancel()
    yield first_progress.run_id
    stub.CancelRun(pb.CancelRunRequest(run_id=first_progress.run_id), timeout=DEADLINE_S)


def test_a_run_reads_fits_evaluates_publishes_and_succeeds(events: list[pb.RunEvent]) -> None:
    phases = [event.phase for event in events if event.phase]
    assert phases == [
        pb.RUN_PHASE_READING,
        pb.RUN_PHASE_FITTING,
        pb.RUN_PHASE_EVALUATING,
        pb.RUN_PHASE_PUBLISHING,
    ]
    assert events[0].state == pb.RUN_STATE_QUEUED
    assert (events[-1].state, events[-1].version) == (pb.RUN_STATE_SUCCEEDED, 1)


def test_events_count_from_1_without_gaps(events: list[pb.RunEvent]) -> None:
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))


def test_progress_tells_every_epoch_with_both_losses(events: list[pb.RunEvent]) -> None:
    finished = [event.progress for event in events if event.progress.epoch_share == 1]
    assert [(progress.epoch, progress.epoch_count) for progress in finished] == [(1, 2), (2, 2)]
    assert all(p.loss > 0 and p.val_loss > 0 and p.ratings_per_second > 0 for p in finished)


def test_bad_rows_are_counted_by_kind_with_their_lines(
    events: list[pb.RunEvent], folder: Path
) -> None:
    report = next(event.data for event in events if event.HasField("data"))
    lines = (folder / "data" / "damaged" / "rating.csv").read_text().count("\n")
    kinds = {rows.kind: (rows.file, rows.count, list(rows.first_lines)) for rows in report.bad_rows}
    assert kinds == {
        training_pb2.BAD_ROW_KIND_BAD_ID: ("rating.csv", 1, [lines - 2]),
        training_pb2.BAD_ROW_KIND_UNKNOWN_MOVIE: ("rating.csv", 1, [lines - 1]),
        training_pb2.BAD_ROW_KIND_BAD_RATING: ("rating.csv", 1, [lines]),
    }
    assert report.form == "kaggle-ml-20m"


def test_the_published_version_names_its_run(events: list[pb.RunEvent], folder: Path) -> None:
    manifest = (folder / "artifacts" / "versions" / "1" / "manifest.json").read_text()
    assert f'"run_id": "{events[0].run_id}"' in manifest


def test_the_same_request_id_joins_the_same_run(stub: Stub, events: list[pb.RunEvent]) -> None:
    assert train(stub, "damaged", request_id="the-first") == events


def test_the_same_request_id_with_other_settings_is_refused(
    stub: Stub, events: list[pb.RunEvent]
) -> None:
    error = refused(stub, "tastes", request_id="the-first")
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert events[0].run_id in said(error)


def test_a_run_can_be_got_as_it_ended(stub: Stub, events: list[pb.RunEvent]) -> None:
    run = stub.GetRun(pb.GetRunRequest(run_id=events[0].run_id)).run
    assert (run.state, run.version, run.dataset) == (pb.RUN_STATE_SUCCEEDED, 1, "damaged")
    assert run.settings.epochs == 2
    assert run.settings.batch_size == 128  # not asked for: it follows from the data
    assert run.metrics.rmse > 0
    assert run.end_time.ToDatetime() > run.create_time.ToDatetime()


def test_a_run_can_be_followed_from_the_middle(stub: Stub, events: list[pb.RunEvent]) -> None:
    request = pb.FollowRunRequest(run_id=events[0].run_id, after_sequence=3)
    found = [reply.event for reply in stub.FollowRun(request, timeout=DEADLINE_S)]
    assert found == events[3:]


class TestWhileARunIsGoingOn:
    def test_losing_the_stream_does_not_end_the_run(self, stub: Stub, endless: str) -> None:
        request = pb.FollowRunRequest(run_id=endless)
        following = stub.FollowRun(request, timeout=DEADLINE_S)
        progress = [next(following).event for _ in range(10)][-1]
        following.cancel()
        assert progress.state == pb.RUN_STATE_RUNNING
        assert stub.GetRun(pb.GetRunRequest(run_id=endless)).run.state == pb.RUN_STATE_RUNNING

    def test_a_second_run_meanwhile_is_aborted_with_the_id_of_the_first(
        self, stub: Stub, endless: str
    ) -> None:
        error = refused(stub)
        assert error.code() is grpc.StatusCode.ABORTED
        info = detail_of(error, error_details_pb2.ErrorInfo)
        assert (info.reason, info.metadata["run_id"]) == ("RUN_IN_PROGRESS", endless)

    def test_a_request_can_be_validated_while_a_run_is_going_on(
        self, stub: Stub, endless: str
    ) -> None:
        (event,) = train(stub, validate_only=True)
        assert event.run_id == ""
        assert event.data.kept_movie_count == 20

    def test_a_cancelled_run_publishes_nothing_and_its_followers_hear_of_it(
        self, stub: Stub, endless: str, folder: Path
    ) -> None:
        before = sorted((folder / "artifacts" / "versions").iterdir())
        following = stub.FollowRun(pb.FollowRunRequest(run_id=endless), timeout=DEADLINE_S)
        run = stub.CancelRun(pb.CancelRunRequest(run_id=endless), timeout=DEADLINE_S).run
        assert run.state == pb.RUN_STATE_CANCELLED
        assert [reply.event.state for reply in following][-1] == pb.RUN_STATE_CANCELLED
        assert sorted((folder / "artifacts" / "versions").iterdir()) == before


def test_a_run_that_has_ended_is_not_cancelled(stub: Stub, events: list[pb.RunEvent]) -> None:
    run = stub.CancelRun(pb.CancelRunRequest(run_id=events[0].run_id)).run
    assert run.state == pb.RUN_STATE_SUCCEEDED


def test_a_killed_training_process_is_a_failed_run_and_the_service_goes_on(
    stub: Stub, endless: str
) -> None:
    following = stub.FollowRun(pb.FollowRunRequest(run_id=endless), timeout=DEADLINE_S)
    (process,) = training_processes()
    os.kill(process, signal.SIGKILL)
    last = [reply.event for reply in following][-1]
    assert (last.state, last.error.reason) == (pb.RUN_STATE_FAILED, "WORKER_KILLED")
    assert "SIGKILL" in last.error.message
    assert train(stub)[-1].state == pb.RUN_STATE_SUCCEEDED


def test_validating_trains_nothing_and_reports_the_data(stub: Stub) -> None:
    runs = stub.ListRuns(pb.ListRunsRequest()).runs
    (event,) = train(stub, "damaged", validate_only=True)
    assert sum(rows.count for rows in event.data.bad_rows) == 3
    assert stub.ListRuns(pb.ListRunsRequest()).runs == runs


def test_runs_are_listed_newest_first_page_by_page(stub: Stub, events: list[pb.RunEvent]) -> None:
    refused(stub, "empty")  # a run that fails soon
    first = stub.ListRuns(pb.ListRunsRequest(page_size=1))
    rest = stub.ListRuns(pb.ListRunsRequest(page_token=first.next_page_token))
    ids = [run.run_id for run in (*first.runs, *rest.runs)]
    assert len(ids) >= 2
    assert ids == sorted(ids, reverse=True)
    assert ids[-1] == events[0].run_id


@pytest.mark.parametrize(
    ("settings", "field", "legal"),
    [
        (dict(dim=0), "settings.dim", "from 1 to 1,024"),
        (dict(epochs=-1), "settings.epochs", "from 1 to 1,000"),
        (dict(learning_rate=-1.0), "settings.learning_rate", "above 0 to 1"),
        (dict(holdout=1.0), "settings.holdout", "from 0 to 0.4"),
        (dict(co_liked_weight=float("nan")), "settings.co_liked_weight", "from 0 to 1,000"),
        (dict(min_ratings=-1), "settings.min_ratings", "from 0 to 1,000,000,000"),
    ],
)
def test_a_setting_out_of_range_is_refused_with_its_legal_values(
    stub: Stub, settings: dict[str, float], field: str, legal: str
) -> None:
    error = refused(stub, settings=training_pb2.TrainingSettings(**settings))  # type: ignore[arg-type]  # named per case
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    (violation,) = detail_of(error, error_details_pb2.BadRequest).field_violations
    assert violation.field == field
    assert legal in violation.description


@pytest.mark.parametrize("name", ["", "..", "../data/tastes", "/etc", "a\0b"])
def test_a_name_that_leaves_the_data_folder_is_no_data_set(stub: Stub, name: str) -> None:
    error = refused(stub, name)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "tastes" in said(error)


def test_a_data_set_that_is_not_there_is_refused_with_what_is(stub: Stub) -> None:
    error = refused(stub, "taste")
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "damaged, empty, nothing, tastes" in said(error)


def test_a_folder_without_movielens_is_refused_with_the_forms_that_work(stub: Stub) -> None:
    error = refused(stub, "nothing")
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "movie.csv and rating.csv" in said(error)


@pytest.mark.parametrize("validate_only", [True, False])
def test_an_empty_file_is_a_failed_precondition(stub: Stub, validate_only: bool) -> None:  # noqa: FBT001  # parametrised
    error = refused(stub, "empty", validate_only=validate_only)
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "movie.csv" in said(error)


def test_a_threshold_that_no_movie_passes_says_what_would_work(stub: Stub) -> None:
    error = refused(stub, settings=training_pb2.TrainingSettings())
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    found = re.search(
        r"no movie has more than 5,000 ratings; the most rated has (\d+)", said(error)
    )
    assert found
    assert detail_of(error, error_details_pb2.ErrorInfo).reason == "NO_MOVIE_OVER_THRESHOLD"


def test_a_name_longer_than_any_folders_is_no_data_set(stub: Stub) -> None:
    error = refused(stub, "x" * 3_000)
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "there is no data set" in said(error)


@pytest.mark.parametrize("validate_only", [True, False])
@pytest.mark.parametrize("request_id", ["with space", "x" * 65, "é"])
def test_a_request_id_that_is_none_is_refused(
    stub: Stub,
    request_id: str,
    validate_only: bool,  # noqa: FBT001  # parametrised
) -> None:
    error = refused(stub, request_id=request_id, validate_only=validate_only)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "request_id" in said(error)


@pytest.mark.parametrize("method", ["GetRun", "CancelRun", "FollowRun"])
def test_a_run_that_is_not_there_is_not_found(stub: Stub, method: str) -> None:
    request = getattr(pb, f"{method}Request")(run_id="no-such-run")
    call = getattr(stub, method)
    with pytest.raises(grpc.RpcError) as caught:
        list(call(request))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    resource = detail_of(caught.value, error_details_pb2.ResourceInfo)
    assert resource.resource_name == "no-such-run"


def test_a_second_trainer_on_the_same_runs_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with (
        serving(lambda: Trainer(settings_for(tmp_path))),
        pytest.raises(OSError, match=r"another trainer keeps its runs in .*MOVIEREC_RUNS_DIR"),
        serving(lambda: Trainer(settings_for(tmp_path))),
    ):
        pass


def test_a_second_trainer_ends_with_the_one_sentence(tmp_path: Path) -> None:
    write_two_tastes(tmp_path / "data" / "tastes")
    with started("trainer_service", tmp_path):
        second = subprocess.run(
            [sys.executable, "-m", "trainer_service", "--listen", "127.0.0.1:0"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
    assert (second.returncode, second.stdout) == (1, "")
    (line,) = second.stderr.splitlines()
    assert line.startswith("trainer: another trainer keeps its runs in ")


def test_a_run_that_the_service_was_stopped_in_is_interrupted_and_taken_up_again(
    tmp_path: Path,
) -> None:
    write_two_tastes(tmp_path / "data" / "tastes")
    request = pb.TrainRequest(dataset="tastes", settings=ENDLESS, request_id="survivor")
    with serving(lambda: Trainer(settings_for(tmp_path))) as address:
        channel = grpc.insecure_channel(address)
        call = Stub(channel).Train(request, timeout=DEADLINE_S)
        run_id = next(reply.event for reply in call if reply.event.HasField("progress")).run_id
        (process,) = training_processes()
    assert [reply.event.state for reply in call][-1] == pb.RUN_STATE_INTERRUPTED
    assert not is_alive(process)
    channel.close()

    with (
        serving(lambda: Trainer(settings_for(tmp_path))) as address,
        grpc.insecure_channel(address) as channel,
    ):
        stub = Stub(channel)
        following = stub.FollowRun(pb.FollowRunRequest(run_id=run_id), timeout=DEADLINE_S)
        states = []
        for reply in following:
            states.append(reply.event.state)
            if pb.RUN_STATE_INTERRUPTED in states and reply.event.HasField("progress"):
                break
        assert states[-1] == pb.RUN_STATE_RUNNING
        run = stub.CancelRun(pb.CancelRunRequest(run_id=run_id), timeout=DEADLINE_S).run
        assert run.state == pb.RUN_STATE_CANCELLED
