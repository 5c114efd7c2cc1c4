"""Runs: what each state allows, and what becomes of them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from trainer_service.errors import NotPublishableError
from trainer_service.model.gate import GateResult
from trainer_service.model.progress import TrainingProgress
from trainer_service.model.settings import FittingSettings, TrainingSettings
from trainer_service.runs.run import Run, RunError, RunEvent, RunPhase, RunState, RunUpdate

THEN = datetime(2026, 1, 1, tzinfo=UTC)
REJECTED = GateResult(passed=False, against_version=2)
UNCOMPARED = GateResult(passed=False, note="nothing was compared: I/O error")
PASSED = GateResult(passed=True)
FORCED = GateResult(passed=False, forced=True)

FITTING = FittingSettings(epochs=1, batch_size=64)
PROGRESS = TrainingProgress(
    epoch=1, epoch_count=2, epoch_share=0.5, loss=1.0, ratings_per_second=1.0, time_left_s=1.0
)


def run(**fields: Any) -> Run:
    return Run(
        run_id="r",
        dataset="sample",
        settings=TrainingSettings(),
        request_id="",
        create_time=THEN,
        **fields,
    )


def succeeded(gate: GateResult | None) -> Run:
    return run(state=RunState.SUCCEEDED, version=3, gate=gate, end_time=THEN)


FAILED = run(
    state=RunState.FAILED,
    phase=RunPhase.PUBLISHING,
    error=RunError(reason="PUBLISH_FAILED", message="no room"),
    end_time=THEN,
)


@pytest.mark.parametrize("force", [True, False])
def test_a_failed_run_is_taken_up_to_publish_with_its_error_cleared(
    force: bool,  # noqa: FBT001  # parametrised
) -> None:
    again = FAILED.to_publish(force=force)
    assert (again.state, again.publish_only, again.is_forced) == (RunState.RUNNING, True, force)
    assert (again.error, again.end_time, again.phase) == (None, None, None)


@pytest.mark.parametrize(
    "told",
    [
        {"phase": RunPhase.FITTING},
        {"phase": RunPhase.EVALUATING},
        # Of one that was taken up to publish before, and failed while it read.
        {"phase": RunPhase.READING, "settings_used": FITTING},
        {"phase": RunPhase.READING, "progress": PROGRESS},
    ],
)
def test_a_run_that_has_failed_once_it_was_fitting_is_taken_up_to_publish(
    told: dict[str, Any],
) -> None:
    again = run(state=RunState.FAILED, **told).to_publish(force=False)
    assert (again.state, again.publish_only) == (RunState.RUNNING, True)


def test_a_rejected_run_is_taken_up_to_publish_only_with_force() -> None:
    again = succeeded(REJECTED).to_publish(force=True)
    assert (again.state, again.publish_only, again.is_forced) == (RunState.RUNNING, True, True)
    assert again.version == 3
    with pytest.raises(NotPublishableError, match=r"rejected its version 3.*publish r --force"):
        succeeded(REJECTED).to_publish(force=False)


def test_a_run_that_the_gate_could_not_compare_is_taken_up_to_publish_without_force() -> None:
    again = succeeded(UNCOMPARED).to_publish(force=False)
    assert (again.state, again.publish_only, again.is_forced) == (RunState.RUNNING, True, False)


KILLED = RunError(reason="WORKER_KILLED", message="it was killed")


@pytest.mark.parametrize("phase", [RunPhase.EVALUATING, RunPhase.PUBLISHING])
def test_a_run_that_is_killed_once_it_is_trained_says_how_it_is_published(phase: RunPhase) -> None:
    error = run(state=RunState.RUNNING, phase=phase).failed(RunUpdate(error=KILLED)).error
    assert error
    assert error.reason == "WORKER_KILLED"
    assert error.message == "it was killed; `movierec publish r` publishes what was trained"


@pytest.mark.parametrize("phase", [None, RunPhase.READING, RunPhase.FITTING])
def test_a_run_that_is_killed_before_promises_nothing(phase: RunPhase | None) -> None:
    update = RunUpdate(error=KILLED)
    assert run(state=RunState.RUNNING, phase=phase).failed(update) == update


def test_force_once_asked_for_stays_when_the_attempt_fails() -> None:
    failed = FAILED.to_publish(force=True).model_copy(update={"state": RunState.FAILED})
    assert failed.to_publish(force=False).is_forced
    assert not failed.force


@pytest.mark.parametrize("force", [True, False])
@pytest.mark.parametrize(
    ("of", "said"),
    [
        (succeeded(None), "has SUCCEEDED, and published version 3"),
        (succeeded(PASSED), "has SUCCEEDED, and published version 3"),
        (succeeded(FORCED), "has SUCCEEDED, and published version 3"),
        (run(state=RunState.CANCELLED), "was CANCELLED"),
        (run(state=RunState.FAILED), "has FAILED before anything of it was trained"),
        (run(state=RunState.FAILED, phase=RunPhase.READING), "mend what failed, and train again"),
        (run(), "is QUEUED: follow it with `movierec follow r`"),
        (run(state=RunState.RUNNING), "is RUNNING"),
        (run(state=RunState.INTERRUPTED), "is INTERRUPTED"),
    ],
)
def test_any_other_run_is_not_published_and_the_sentence_says_where_it_stands(
    of: Run,
    said: str,
    force: bool,  # noqa: FBT001  # parametrised
) -> None:
    with pytest.raises(NotPublishableError, match=said) as caught:
        of.to_publish(force=force)
    assert caught.value.metadata == {"run_id": "r", "state": of.state}


@pytest.mark.parametrize(
    ("of", "spent"),
    [
        (succeeded(None), True),
        (succeeded(PASSED), True),
        (succeeded(FORCED), True),
        (run(state=RunState.CANCELLED), True),
        (succeeded(REJECTED), False),
        (FAILED, False),
        (run(state=RunState.RUNNING), False),
        (run(state=RunState.INTERRUPTED), False),
    ],
)
def test_a_run_is_spent_when_nothing_of_it_can_be_published_any_more(
    of: Run, *, spent: bool
) -> None:
    assert of.is_spent is spent


def test_a_second_publication_takes_the_place_of_the_first() -> None:
    again = succeeded(REJECTED).to_publish(force=True)
    told = RunEvent(run_id="r", sequence=1, time=THEN, state=RunState.RUNNING, gate=FORCED)
    done = RunEvent(run_id="r", sequence=2, time=THEN, state=RunState.SUCCEEDED, version=4)
    ended = again.after(told).after(done)
    assert (ended.version, ended.gate, ended.end_time) == (4, FORCED, THEN)
    assert ended.is_spent
    assert Run.model_validate_json(ended.model_dump_json()) == ended
