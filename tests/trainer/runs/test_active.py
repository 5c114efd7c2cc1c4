"""What the service's log says of the run that is going on."""

import logging
from datetime import UTC, datetime

import pytest

from trainer_service.model.gate import GateResult
from trainer_service.model.settings import TrainingSettings
from trainer_service.runs.active import ActiveRun
from trainer_service.runs.log import RunLog
from trainer_service.runs.run import Run, RunError, RunPhase, RunState

RUN = Run(
    run_id="r1",
    dataset="sample",
    settings=TrainingSettings(),
    request_id="",
    create_time=datetime(2026, 1, 1, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("changes", "level", "sentence"),
    [
        ({"state": RunState.RUNNING}, "INFO", "run r1 trains on sample"),
        ({"state": RunState.SUCCEEDED, "version": 3}, "INFO", "run r1 has published version 3"),
        (
            {"state": RunState.SUCCEEDED, "version": 3, "gate": GateResult(passed=False)},
            "WARNING",
            "run r1 has published version 3, which the quality gate rejected",
        ),
        (
            {"state": RunState.FAILED, "error": RunError(reason="WORKER_KILLED", message="killed")},
            "WARNING",
            "run r1 failed: killed",
        ),
        ({"state": RunState.INTERRUPTED}, "INFO", "run r1 is interrupted"),
        ({"state": RunState.CANCELLED}, "INFO", "run r1 is cancelled"),
    ],
)
def test_what_a_run_comes_to_is_logged(
    caplog: pytest.LogCaptureFixture, changes: dict[str, object], level: str, sentence: str
) -> None:
    caplog.set_level(logging.INFO)
    active = ActiveRun(RUN, RunLog((), closed=False))
    active.become(RUN.model_copy(update=changes))
    ((_, number, said),) = caplog.record_tuples
    assert (logging.getLevelName(number), said) == (level, sentence)
    assert active.run.state is changes["state"]


def test_what_happens_in_a_run_meanwhile_is_not(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    active = ActiveRun(RUN, RunLog((), closed=False))
    active.become(RUN.model_copy(update={"phase": RunPhase.FITTING}))
    assert caplog.records == []
    assert active.run.phase is RunPhase.FITTING
