"""What a trainer makes of the runs that it finds when it starts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest

from movierec.control.activation import read_activation
from movierec.v1 import trainer_pb2 as pb
from support.control import change_activation
from support.datasets import write_two_tastes
from support.servers import DEADLINE_S, until
from support.trainers import new_run, reason_of, run_of, said, train, trainer
from support.trainers import publish as publish_run
from support.versions import publication, publish, publish_by_hand
from trainer_service.model.gate import GateResult
from trainer_service.runs.run import RunPhase, RunState
from trainer_service.runs.store import RunStore


def test_a_run_that_published_before_it_was_killed_has_succeeded(tmp_path: Path) -> None:
    run = new_run(RunStore(tmp_path / "artifacts" / "runs"))
    publish_by_hand(tmp_path / "artifacts", run.run_id)
    with trainer(tmp_path) as stub:
        found = run_of(stub, run.run_id)
    assert (found.state, found.version) == (pb.RUN_STATE_SUCCEEDED, 1)


@pytest.fixture
def published_again(tmp_path: Path) -> str:
    """A run that the service was killed in while it published another version, by force."""
    store = RunStore(tmp_path / "artifacts" / "runs")
    run = new_run(store)
    rejected = GateResult(passed=False)
    first = publication(run_id=run.run_id, gate=rejected)
    assert publish(tmp_path / "artifacts", first) == 1
    ended = run.model_copy(update=dict(state=RunState.SUCCEEDED, version=1, gate=rejected))
    store.save(ended.to_publish(force=True))
    return run.run_id


def test_a_run_that_published_again_before_it_was_killed_has_succeeded_with_that_version(
    tmp_path: Path, published_again: str
) -> None:
    forced = GateResult(passed=False, forced=True)
    publish(tmp_path / "artifacts", publication(run_id=published_again, gate=forced))
    with trainer(tmp_path) as stub:
        found = run_of(stub, published_again)
    assert (found.state, found.version) == (pb.RUN_STATE_SUCCEEDED, 2)
    assert found.gate.forced  # which the manifest says, and the service had not heard


def test_a_run_that_was_killed_before_it_published_again_is_not_taken_for_what_it_was(
    tmp_path: Path, published_again: str
) -> None:
    with trainer(tmp_path) as stub:
        request = pb.FollowRunRequest(run_id=published_again)
        states = [reply.event.state for reply in stub.FollowRun(request, timeout=DEADLINE_S)]
    # It is taken up again, and fails since there is no data set here.
    assert states == [pb.RUN_STATE_INTERRUPTED, pb.RUN_STATE_RUNNING, pb.RUN_STATE_FAILED]


def test_weights_that_a_kill_left_of_a_run_that_has_ended_go_at_the_next_start(
    tmp_path: Path,
) -> None:
    store = RunStore(tmp_path / "artifacts" / "runs")
    for state in (RunState.CANCELLED, RunState.FAILED):
        run = new_run(store, state)
        store.save(run.model_copy(update={"state": state}))
        store.checkpoints(run.run_id).mkdir()
    with trainer(tmp_path) as stub:
        runs = stub.ListRuns(pb.ListRunsRequest()).runs
    kept = {run.request_id: store.checkpoints(run.run_id).exists() for run in runs}
    assert kept == {"CANCELLED": False, "FAILED": True}


def test_weights_of_a_failed_run_are_kept_for_a_week_and_then_it_is_said_that_they_were_removed(
    tmp_path: Path,
) -> None:
    store = RunStore(tmp_path / "artifacts" / "runs")
    write_two_tastes(tmp_path / "data" / "tastes")
    runs = {}
    for days in (6, 8):
        run = new_run(store)
        ended = datetime.now(UTC) - timedelta(days=days)
        failed = dict(state=RunState.FAILED, phase=RunPhase.PUBLISHING, end_time=ended)
        store.save(run.model_copy(update=failed))
        store.checkpoints(run.run_id).mkdir()
        runs[days] = run.run_id
    with trainer(tmp_path) as stub:
        assert store.checkpoints(runs[6]).exists()
        assert not store.checkpoints(runs[8]).exists()
        with pytest.raises(grpc.RpcError) as caught:
            publish_run(stub, runs[8])
        assert reason_of(caught.value) == "WEIGHTS_NOT_KEPT"
        assert said(caught.value) == (
            f"the weights of run {runs[8]} were removed: they are kept for 604,800 s after a run "
            f"has ended (MOVIEREC_KEEP_WEIGHTS_S): train again"
        )
        assert run_of(stub, runs[8]).state == pb.RUN_STATE_FAILED


def test_weights_go_when_another_run_ends_and_their_time_is_over(tmp_path: Path) -> None:
    write_two_tastes(tmp_path / "data" / "tastes")
    store = RunStore(tmp_path / "artifacts" / "runs")
    last = tmp_path / "artifacts" / "versions" / ("9" * 18)  # after which there is no number
    with trainer(tmp_path, keep_weights_s=0) as stub:
        last.mkdir()
        *_, failed = train(stub)
        assert failed.error.reason == "PUBLISH_FAILED"
        until(store.checkpoints(failed.run_id).exists, lambda there: not there)
        last.rmdir()
        with pytest.raises(grpc.RpcError) as caught:
            publish_run(stub, failed.run_id)
        assert "were removed: they are kept for 0 s" in said(caught.value)


def test_a_trainer_makes_the_control_folder_of_a_new_volume(tmp_path: Path) -> None:
    with trainer(tmp_path):
        assert (tmp_path / "artifacts" / "control" / "replicas").is_dir()
    change_activation(tmp_path / "artifacts" / "control", lambda now: now.to_pin(1))
    with trainer(tmp_path):
        assert read_activation(tmp_path / "artifacts" / "control").pinned == 1


@pytest.mark.parametrize("name", ["control", "another", "empty"])
def test_a_trainer_makes_no_control_folder_where_there_are_versions_and_removes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """Be it that the right one is away, or that a wrong one was named."""
    artifacts = tmp_path / "artifacts"
    run = new_run(RunStore(artifacts / "runs"))
    for run_id in ("one", "two", run.run_id):
        publish_by_hand(artifacts, run_id)
    change_activation(artifacts / "control", lambda now: now.to_pin(1))
    if name != "another":
        (artifacts / "control").rename(tmp_path / "away")
    control = artifacts / name
    if name == "empty":  # where a volume was mounted
        control.mkdir()
    with trainer(tmp_path, control_dir=control, keep_versions=1, keep_for_s=0) as stub:
        assert run_of(stub, run.run_id).version == 3  # after which old versions are removed
        assert control.exists() == (name == "empty")
        assert not (control / "replicas").exists()
    what = "empty" if name == "empty" else "not there"
    assert f"it is {what}, and versions are there; bring it back (is its volume" in caplog.text
    assert "old versions could not be removed" in caplog.text
    assert {path.name for path in (artifacts / "versions").glob("[!.]*")} == {"1", "2", "3"}


def test_a_trainer_that_starts_puts_back_what_is_pinned_and_was_half_removed(
    tmp_path: Path,
) -> None:
    artifacts = tmp_path / "artifacts"
    for _ in range(3):
        publish_by_hand(artifacts)
    change_activation(artifacts / "control", lambda now: now.to_pin(1))
    versions = artifacts / "versions"
    for number in (1, 2):
        (versions / str(number)).rename(versions / f".removed-{number}")
    with trainer(tmp_path):
        assert {path.name for path in versions.iterdir()} == {".claimed", "1", "3"}


@pytest.mark.parametrize("in_the_way", [True, False])
def test_a_trainer_without_a_control_folder_starts_nonetheless(
    tmp_path: Path,
    in_the_way: bool,  # noqa: FBT001  # parametrised
) -> None:
    control = tmp_path / "not-mounted" / "control"
    if in_the_way:
        control.parent.mkdir()
        control.write_text("a file, where a folder should be")
    with trainer(tmp_path, control_dir=control):
        assert not control.is_dir()
    assert control.parent.exists() is in_the_way
