"""A training run and what happens in it."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from trainer_service.data import DataReport
from trainer_service.model.evaluation import TrainingMetrics
from trainer_service.model.progress import TrainingProgress
from trainer_service.model.settings import TrainingSettings


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    INTERRUPTED = "INTERRUPTED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_final(self) -> bool:
        """Whether nothing more can happen in the run."""
        return self in {RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED}


class RunPhase(StrEnum):
    """What a running run is doing."""

    READING = "READING"
    FITTING = "FITTING"
    EVALUATING = "EVALUATING"
    PUBLISHING = "PUBLISHING"


class RunError(BaseModel):
    """Why a run failed.

    Args:
        reason: UPPER_SNAKE.
        message: A sentence for people.
    """

    model_config = ConfigDict(frozen=True)

    reason: str
    message: str


class RunUpdate(BaseModel):
    """What the training process reports; only what is new is set."""

    model_config = ConfigDict(frozen=True)

    phase: RunPhase | None = None
    progress: TrainingProgress | None = None
    data: DataReport | None = None
    metrics: TrainingMetrics | None = None
    version: int | None = None
    error: RunError | None = None

    @property
    def news(self) -> dict[str, Any]:
        """What is set, by name."""
        names = RunUpdate.model_fields
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


class RunEvent(RunUpdate):
    """An entry of a run's log.

    Args:
        run_id: Whose.
        sequence: Counts from 1, without gaps.
        time: When, with a time zone.
        state: The run's state from then on.
    """

    run_id: str
    sequence: int
    time: datetime
    state: RunState


class Run(BaseModel):
    """A run, with the newest of everything that was reported."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    dataset: str
    settings: TrainingSettings
    request_id: str
    create_time: datetime
    state: RunState = RunState.QUEUED
    end_time: datetime | None = None
    phase: RunPhase | None = None
    progress: TrainingProgress | None = None
    data: DataReport | None = None
    metrics: TrainingMetrics | None = None
    version: int | None = None
    error: RunError | None = None

    def after(self, event: RunEvent) -> Self:
        """The run as it is once an event has happened."""
        changes = event.news | {"state": event.state}
        if event.state.is_final:
            changes["end_time"] = event.time
        return self.model_copy(update=changes)
