"""A trainer that is killed in the middle of a run, and started again."""

import os
import select
import signal
from pathlib import Path

import grpc
import pytest

from movierec.v1 import trainer_pb2 as pb
from movierec.v1 import trainer_pb2_grpc, training_pb2
from support.datasets import write_two_tastes
from support.processes import training_processes
from support.servers import DEADLINE_S
from support.services import started

# Epochs enough to be killed between two of them.
SETTINGS = training_pb2.TrainingSettings(
    min_ratings=10, epochs=40, dim=4, batch_size=8, patience=1_000
)


def ends(process: int) -> bool:
    """Whether a process that is no child of ours ends before the deadline."""
    poll = select.poll()
    descriptor = os.pidfd_open(process)
    try:
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(DEADLINE_S * 1_000))
    finally:
        os.close(descriptor)


def test_a_trainer_killed_in_a_run_takes_it_up_after_the_last_finished_epoch_to_the_same_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each process compiles for itself, as it does outside of the tests.
    monkeypatch.delenv("TF_XLA_FLAGS", raising=False)
    write_two_tastes(tmp_path / "data" / "tastes")
    request = pb.TrainRequest(dataset="tastes", settings=SETTINGS, request_id="once")
    with (
        started("trainer_service", tmp_path) as trainer,
        grpc.insecure_channel(trainer.address) as channel,
    ):
        call = trainer_pb2_grpc.TrainerServiceStub(channel).Train(request, timeout=DEADLINE_S)
        run_id = next(reply.event for reply in call if reply.event.progress.epoch > 1).run_id
        (training,) = training_processes(trainer.process.pid)
        trainer.stop(signal.SIGKILL)
        assert ends(training)

    with (
        started("trainer_service", tmp_path) as trainer,
        grpc.insecure_channel(trainer.address) as channel,
    ):
        stub = trainer_pb2_grpc.TrainerServiceStub(channel)
        events = [reply.event for reply in stub.Train(request, timeout=DEADLINE_S)]
        never_killed = pb.TrainRequest(dataset="tastes", settings=SETTINGS)
        *_, last = stub.Train(never_killed, timeout=DEADLINE_S)

    states = [event.state for event in events]
    assert {event.run_id for event in events} == {run_id}
    assert (states[-1], events[-1].version) == (pb.RUN_STATE_SUCCEEDED, 1)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    interrupted = states.index(pb.RUN_STATE_INTERRUPTED)
    taken_up = next(event.progress for event in events[interrupted:] if event.progress.epoch)
    assert taken_up.epoch > 1
    assert last.event.version == 2
    first, second = (
        (tmp_path / "artifacts" / "versions" / number / "embeddings.npy").read_bytes()
        for number in "12"
    )
    assert first == second


def test_a_trainer_killed_while_it_publishes_a_run_again_takes_that_up_and_trains_nothing(
    tmp_path: Path,
) -> None:
    write_two_tastes(tmp_path / "data" / "tastes")
    # With a folder of the last number that there is, nothing can be published.
    in_the_way = tmp_path / "artifacts" / "versions" / ("9" * 18)
    in_the_way.mkdir(parents=True)
    quick = training_pb2.TrainingSettings(min_ratings=10, epochs=2, dim=4)
    with (
        started("trainer_service", tmp_path) as trainer,
        grpc.insecure_channel(trainer.address) as channel,
    ):
        stub = trainer_pb2_grpc.TrainerServiceStub(channel)
        request = pb.TrainRequest(dataset="tastes", settings=quick)
        *_, failed = (reply.event for reply in stub.Train(request, timeout=DEADLINE_S))
        assert failed.error.reason == "PUBLISH_FAILED"
        in_the_way.rmdir()
        publish = pb.PublishRunRequest(run_id=failed.run_id, force=True)
        call = stub.PublishRun(publish, timeout=DEADLINE_S)
        assert any(reply.event.phase == pb.RUN_PHASE_READING for reply in call)
        (publishing,) = training_processes(trainer.process.pid)
        trainer.stop(signal.SIGKILL)
        assert ends(publishing)

    with (
        started("trainer_service", tmp_path) as trainer,
        grpc.insecure_channel(trainer.address) as channel,
    ):
        stub = trainer_pb2_grpc.TrainerServiceStub(channel)
        follow = pb.FollowRunRequest(run_id=failed.run_id, after_sequence=failed.sequence)
        events = [reply.event for reply in stub.FollowRun(follow, timeout=DEADLINE_S)]
        run = stub.GetRun(pb.GetRunRequest(run_id=failed.run_id), timeout=DEADLINE_S).run

    assert pb.RUN_STATE_INTERRUPTED in {event.state for event in events}
    assert pb.RUN_PHASE_FITTING not in {event.phase for event in events}
    expected = range(failed.sequence + 1, failed.sequence + len(events) + 1)
    assert [event.sequence for event in events] == list(expected)
    assert (run.state, run.version, run.force) == (pb.RUN_STATE_SUCCEEDED, 1, True)
    assert run.gate.forced
