"""The quality gate and the retention in real runs, on the sample."""

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from movierec.v1 import trainer_pb2 as pb
from movierec.v1 import training_pb2
from support.servers import until
from support.trainers import Stub, phases_of, publish, reason_of, run_of, said, train, trainer
from trainer_service.sample import write_sample

GOOD = training_pb2.TrainingSettings(min_ratings=50, epochs=6, dim=32, ease_up_to=0)
SHRUNK = training_pb2.TrainingSettings(min_ratings=600, epochs=6, dim=32, ease_up_to=0)
BAD = training_pb2.TrainingSettings(
    min_ratings=50, epochs=1, dim=2, co_liked_weight=0, ease_up_to=0
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trainer")
    write_sample(folder / "data" / "sample")
    return folder


@pytest.fixture(scope="module")
def stub(folder: Path) -> Iterator[Stub]:
    with trainer(folder, keep_versions=1, keep_for_s=0) as stub:
        yield stub


@pytest.fixture(scope="module")
def good(stub: Stub) -> pb.Run:
    """The first run, which has found the tastes."""
    return run_of(stub, train(stub, "sample", settings=GOOD)[-1].run_id)


@pytest.fixture(scope="module")
def bad(stub: Stub, good: pb.Run) -> pb.Run:
    """The second one, which has not."""
    assert good.version == 1
    return run_of(stub, train(stub, "sample", settings=BAD)[-1].run_id)


def versions(folder: Path) -> set[str]:
    return {path.name for path in (folder / "artifacts" / "versions").glob("[!.]*")}


def keeps_weights(folder: Path, run: pb.Run) -> bool:
    return (folder / "artifacts" / "runs" / run.run_id / "checkpoints").exists()


def test_the_first_version_passes_and_says_that_there_was_nothing_to_hold_it_against(
    good: pb.Run,
) -> None:
    assert good.gate.passed
    assert not good.gate.forced
    assert (good.gate.against_version, good.gate.note) == (
        0,
        "nothing was compared: no version was active",
    )


def test_a_worse_version_is_published_and_rejected_with_both_figures(
    bad: pb.Run, folder: Path
) -> None:
    gate = bad.gate
    assert (bad.state, bad.version) == (pb.RUN_STATE_SUCCEEDED, 2)
    assert (gate.passed, gate.forced, gate.against_version) == (False, False, 1)
    assert gate.against_ndcg_at_100 - gate.ndcg_at_100 > gate.margin > 0
    assert gate.user_count == bad.metrics.ranking.user_count
    # Over the same users and movies that the run was measured on.
    assert gate.ndcg_at_100 == pytest.approx(bad.metrics.ranking.ndcg_at_100)
    assert '"gate"' in (folder / "artifacts" / "versions" / "2" / "manifest.json").read_text()


def test_weights_are_kept_of_the_rejected_version_alone(
    good: pb.Run, bad: pb.Run, folder: Path
) -> None:
    until(lambda: keeps_weights(folder, good), lambda kept: not kept)
    assert keeps_weights(folder, bad)


def test_a_rejected_version_is_not_published_again_without_force(stub: Stub, bad: pb.Run) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        publish(stub, bad.run_id)
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reason_of(caught.value) == "NOT_PUBLISHABLE"
    assert "the quality gate rejected its version 2" in said(caught.value)


def test_a_version_whose_catalogue_shrank_is_rejected_for_what_it_lacks(
    stub: Stub, good: pb.Run, bad: pb.Run
) -> None:
    run = run_of(stub, train(stub, "sample", settings=SHRUNK)[-1].run_id)
    assert run.data.kept_movie_count < good.data.kept_movie_count / 4
    assert (run.version, run.gate.against_version, run.gate.passed) == (bad.version + 1, 1, False)
    # Over its own movies alone nobody could be asked.
    assert not run.metrics.HasField("ranking")
    assert run.gate.user_count == good.metrics.ranking.user_count


def test_with_force_it_is_published_as_another_version_and_old_ones_are_removed(
    stub: Stub, bad: pb.Run, folder: Path
) -> None:
    """Until then the first one is kept: it is what "latest" means."""
    until(lambda: versions(folder), lambda left: left == {"1", "3"})
    events = publish(stub, bad.run_id, force=True)
    assert phases_of(events) == ["READING", "EVALUATING", "PUBLISHING"]
    run = run_of(stub, bad.run_id)
    assert (run.state, run.version, run.force) == (pb.RUN_STATE_SUCCEEDED, 4, True)
    assert (run.gate.passed, run.gate.forced, run.gate.against_version) == (False, True, 1)
    # That comes after the run has ended, which does not wait for it.
    until(lambda: versions(folder), lambda left: left == {"4"})
    until(lambda: keeps_weights(folder, run), lambda kept: not kept)
