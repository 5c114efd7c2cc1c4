"""Publishing what a run has trained, without training again: real runs, real processes."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2

from movierec.v1 import trainer_pb2 as pb
from movierec.v1 import training_pb2
from support.datasets import write_two_tastes
from support.processes import training_processes
from support.servers import DEADLINE_S, until
from support.trainers import (
    ENDLESS,
    Stub,
    detail_of,
    phases_of,
    publish,
    reason_of,
    run_of,
    said,
    train,
    trainer,
)

LAST = "9" * 18
"""The last number there is: with a folder of that name, no version can be published."""

REQUEST: dict[str, Any] = {"request_id": "once", "force": True}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trainer")
    write_two_tastes(folder / "data" / "tastes")
    return folder


@pytest.fixture(scope="module")
def stub(folder: Path) -> Iterator[Stub]:
    with trainer(folder) as stub:
        yield stub


@pytest.fixture(scope="module")
def in_the_way(folder: Path) -> Path:
    """The folder that lets nothing be published, as long as it is there."""
    return folder / "artifacts" / "versions" / LAST


@pytest.fixture(scope="module")
def events(stub: Stub, in_the_way: Path) -> list[pb.RunEvent]:
    """Those of a run that could not publish; it could now."""
    in_the_way.mkdir(parents=True)
    events = train(stub, **REQUEST)
    in_the_way.rmdir()
    return events


@pytest.fixture
def failed(stub: Stub, events: list[pb.RunEvent]) -> pb.Run:
    """That run, as it stands."""
    return run_of(stub, events[-1].run_id)


def started(stub: Stub, settings: training_pb2.TrainingSettings = ENDLESS) -> str:
    """Starts a run that goes on until it is told otherwise."""
    call = stub.Train(pb.TrainRequest(dataset="tastes", settings=settings), timeout=DEADLINE_S)
    run_id = str(next(call).event.run_id)
    call.cancel()
    return run_id


def refused(stub: Stub, run_id: str) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        publish(stub, run_id)
    return caught.value


def test_a_run_that_cannot_publish_fails_with_the_reason_and_what_to_do(failed: pb.Run) -> None:
    assert (failed.state, failed.version) == (pb.RUN_STATE_FAILED, 0)
    assert failed.error.reason == "PUBLISH_FAILED"
    assert "no number is left" in failed.error.message
    assert f"`movierec publish {failed.run_id}`" in failed.error.message


def test_force_belongs_to_what_a_request_id_stands_for(stub: Stub, failed: pb.Run) -> None:
    assert failed.force
    *_, last = train(stub, **REQUEST)
    assert last.run_id == failed.run_id
    with pytest.raises(grpc.RpcError) as caught:
        train(stub, **REQUEST | {"force": False})
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert failed.run_id in said(caught.value)


def test_an_attempt_that_fails_leaves_the_run_failed(
    stub: Stub, failed: pb.Run, in_the_way: Path
) -> None:
    in_the_way.mkdir()
    *_, last = publish(stub, failed.run_id)
    in_the_way.rmdir()
    assert (last.state, last.error.reason) == (pb.RUN_STATE_FAILED, "PUBLISH_FAILED")


def test_an_attempt_that_is_cancelled_leaves_the_run_failed(stub: Stub, failed: pb.Run) -> None:
    call = stub.PublishRun(pb.PublishRunRequest(run_id=failed.run_id), timeout=DEADLINE_S)
    next(call)
    run = stub.CancelRun(pb.CancelRunRequest(run_id=failed.run_id), timeout=DEADLINE_S).run
    assert (run.state, run.error.reason) == (pb.RUN_STATE_FAILED, "PUBLISH_CANCELLED")


def test_data_that_has_changed_since_is_refused(stub: Stub, folder: Path, failed: pb.Run) -> None:
    write_two_tastes(folder / "data" / "tastes", seed=1)
    error = refused(stub, failed.run_id)
    write_two_tastes(folder / "data" / "tastes")
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reason_of(error) == "DATA_CHANGED"
    assert run_of(stub, failed.run_id).error.reason == "DATA_CHANGED"


def test_weights_that_are_not_there_are_refused(stub: Stub, folder: Path, failed: pb.Run) -> None:
    weights = folder / "artifacts" / "runs" / failed.run_id / "checkpoints"
    weights.rename(folder / "elsewhere")
    error = refused(stub, failed.run_id)
    (folder / "elsewhere").rename(weights)
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reason_of(error) == "WEIGHTS_NOT_KEPT"
    assert "holds 0 finished epochs of 2" in said(error)


def test_a_run_that_is_going_on_is_followed_instead_and_no_other_is_published_meanwhile(
    stub: Stub, failed: pb.Run
) -> None:
    going_on = started(stub)
    itself, other = refused(stub, going_on), refused(stub, failed.run_id)
    stub.CancelRun(pb.CancelRunRequest(run_id=going_on), timeout=DEADLINE_S)
    cancelled = refused(stub, going_on)

    assert itself.code() is cancelled.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reason_of(itself) == reason_of(cancelled) == "NOT_PUBLISHABLE"
    assert f"is RUNNING: follow it with `movierec follow {going_on}`" in said(itself)
    assert "was CANCELLED" in said(cancelled)
    assert other.code() is grpc.StatusCode.ABORTED
    assert detail_of(other, error_details_pb2.ErrorInfo).metadata["run_id"] == going_on


def test_a_run_that_was_never_trained_to_its_end_is_refused(stub: Stub) -> None:
    # Of quick epochs, some of which are soon finished.
    settings = training_pb2.TrainingSettings(min_ratings=10, epochs=1_000, patience=1_000, dim=4)
    going_on = started(stub, settings)
    following = stub.FollowRun(pb.FollowRunRequest(run_id=going_on), timeout=DEADLINE_S)
    next(reply for reply in following if reply.event.progress.epoch > 1)
    (process,) = training_processes()
    os.kill(process, signal.SIGKILL)
    assert [reply.event.state for reply in following][-1] == pb.RUN_STATE_FAILED
    error = refused(stub, going_on)
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reason_of(error) == "WEIGHTS_NOT_KEPT"
    assert "finished epochs of 1000" in said(error)


def test_a_run_that_failed_before_it_was_trained_is_refused_and_stays_as_it_is(
    stub: Stub, folder: Path
) -> None:
    empty = folder / "data" / "empty"
    empty.mkdir()
    (empty / "movie.csv").write_text("movieId,title,genres\n")
    (empty / "rating.csv").write_text("")
    with pytest.raises(grpc.RpcError):
        train(stub, "empty", request_id="read-in-vain")
    (run, *_) = stub.ListRuns(pb.ListRunsRequest(), timeout=DEADLINE_S).runs
    assert (run.request_id, run.state) == ("read-in-vain", pb.RUN_STATE_FAILED)
    error = refused(stub, run.run_id)
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reason_of(error) == "NOT_PUBLISHABLE"
    assert "has FAILED before anything of it was trained" in said(error)
    assert run_of(stub, run.run_id) == run


def test_a_run_that_is_not_there_is_not_found(stub: Stub) -> None:
    assert refused(stub, "no-such-run").code() is grpc.StatusCode.NOT_FOUND


def test_at_last_it_is_published_without_training_or_measuring_again(
    stub: Stub, folder: Path, failed: pb.Run
) -> None:
    past = stub.FollowRun(pb.FollowRunRequest(run_id=failed.run_id), timeout=DEADLINE_S)
    past_count = len(list(past))
    weights = folder / "artifacts" / "runs" / failed.run_id / "checkpoints"
    assert weights.exists()

    events = publish(stub, failed.run_id)
    assert phases_of(events) == ["READING", "EVALUATING", "PUBLISHING"]
    assert not any(event.HasField("progress") or event.HasField("metrics") for event in events)
    assert [event.sequence - past_count for event in events] == list(range(1, len(events) + 1))
    run = run_of(stub, failed.run_id)
    assert (run.state, run.version) == (pb.RUN_STATE_SUCCEEDED, events[-1].version)
    assert not run.HasField("error")
    assert run.metrics == failed.metrics
    manifest = folder / "artifacts" / "versions" / str(run.version) / "manifest.json"
    assert f'"run_id": "{run.run_id}"' in manifest.read_text()
    assert '"forced": true' in manifest.read_text()
    until(weights.exists, lambda there: not there)

    error = refused(stub, failed.run_id)
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert f"has SUCCEEDED, and published version {run.version}" in said(error)
