"""Runs on disk."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trainer_service.model.settings import TrainingSettings
from trainer_service.runs.run import Run, RunEvent, RunPhase, RunState
from trainer_service.runs.store import RunStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RunStore]:
    store = RunStore(tmp_path / "runs")
    store.lock()
    yield store
    store.unlock()


@pytest.fixture
def run(store: RunStore) -> Run:
    return store.create("sample", TrainingSettings(dim=8), "request-1")


def event(run: Run, sequence: int, state: RunState = RunState.RUNNING) -> RunEvent:
    return RunEvent(
        run_id=run.run_id,
        sequence=sequence,
        time=datetime(2026, 1, 1, tzinfo=UTC),
        state=state,
        phase=RunPhase.FITTING,
    )


def test_a_run_comes_back_as_it_was_saved(store: RunStore, run: Run) -> None:
    changed = run.after(event(run, 1, RunState.CANCELLED))
    store.save(changed)
    assert store.runs() == [changed]
    assert changed.end_time == datetime(2026, 1, 1, tzinfo=UTC)


def test_every_run_gets_an_id_of_its_own(store: RunStore) -> None:
    ids = {store.create("sample", TrainingSettings(), "").run_id for _ in range(20)}
    assert len(ids) == 20


def test_a_store_that_was_never_written_to_has_no_runs(store: RunStore) -> None:
    assert store.runs() == []


def test_events_come_back_in_order(store: RunStore, run: Run) -> None:
    events = [event(run, i) for i in range(1, 4)]
    for item in events:
        store.append(item)
    assert store.events(run.run_id) == events


def test_a_last_line_that_a_kill_cut_short_is_left_out_and_the_log_goes_on(
    store: RunStore, run: Run
) -> None:
    store.append(event(run, 1))
    with (store.folder(run.run_id) / "events.jsonl").open("a") as file:
        file.write('{"run_id": "cut sh')
    store.append(event(run, 2))
    assert [item.sequence for item in store.events(run.run_id)] == [1, 2]


def test_a_run_that_cannot_be_read_does_not_hide_the_others(store: RunStore, run: Run) -> None:
    broken = store.create("sample", TrainingSettings(), "")
    (store.folder(broken.run_id) / "run.json").write_text("{")
    assert store.runs() == [run]


def test_a_run_whose_folder_has_vanished_is_not_saved_into_a_new_one(
    store: RunStore, run: Run
) -> None:
    shutil.rmtree(store.root)
    with pytest.raises(FileNotFoundError):
        store.save(run)
    with pytest.raises(FileNotFoundError):
        store.append(event(run, 1))
    assert not store.root.exists()


def test_no_run_is_made_in_another_folder_than_the_one_that_was_locked(store: RunStore) -> None:
    """As when a volume has vanished, and another or none was mounted in its place."""
    away = store.root.rename(store.root.with_name("away"))
    with pytest.raises(FileNotFoundError):
        store.create("sample", TrainingSettings(), "")
    assert not store.root.exists()
    another = RunStore(store.root)
    another.lock()
    with pytest.raises(OSError, match="not the folder that this trainer has locked"):
        store.create("sample", TrainingSettings(), "")
    another.unlock()
    assert [path.name for path in store.root.iterdir()] == [".lock"]
    shutil.rmtree(store.root)
    away.rename(store.root)
    assert store.create("sample", TrainingSettings(), "").dataset == "sample"


def test_weights_are_discarded_with_all_that_is_beside_them_left(store: RunStore, run: Run) -> None:
    checkpoints = store.checkpoints(run.run_id)
    checkpoints.mkdir()
    (checkpoints / "epoch-0001.weights.h5").write_text("weights")
    store.discard_checkpoints(run.run_id)
    store.discard_checkpoints(run.run_id)
    assert not checkpoints.exists()
    assert store.runs() == [run]


def test_a_folder_that_nobody_can_write_to_is_named_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    with pytest.raises(OSError, match=r"no run can be kept in .*/runs: .*MOVIEREC_RUNS_DIR"):
        RunStore(tmp_path / "runs").lock()
