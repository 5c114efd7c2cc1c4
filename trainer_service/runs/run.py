"""A training run and what happens in it."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from trainer_service.data import DataReport
from trainer_service.errors import NotPublishableError
from trainer_service.model.evaluation import TrainingMetrics
from trainer_service.model.gate import GateResult
from trainer_service.model.progress import TrainingProgress
from trainer_service.model.settings import FittingSettings, TrainingSettings


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
    settings_used: FittingSettings | None = None
    progress: TrainingProgress | None = None
    data: DataReport | None = None
    metrics: TrainingMetrics | None = None
    gate: GateResult | None = None
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
    """A run, with the newest of everything that was reported.

    What has no default is as it was asked for. `force` is, too; `publish_only` says
    that the run was taken up again to publish what it had trained, and
    `publish_force` whether that was asked for with force. `settings_used` are the
    settings with what follows the size of the data filled in, once that is known.
    """

    model_config = ConfigDict(frozen=True)

    run_id: str
    dataset: str
    settings: TrainingSettings
    request_id: str
    create_time: datetime
    force: bool = False
    publish_only: bool = False
    publish_force: bool = False
    state: RunState = RunState.QUEUED
    end_time: datetime | None = None
    phase: RunPhase | None = None
    settings_used: FittingSettings | None = None
    progress: TrainingProgress | None = None
    data: DataReport | None = None
    metrics: TrainingMetrics | None = None
    gate: GateResult | None = None
    version: int | None = None
    error: RunError | None = None

    @property
    def is_forced(self) -> bool:
        """Whether its version is to count as if it had passed the quality gate."""
        return self.force or self.publish_force

    @property
    def was_rejected(self) -> bool:
        """Whether it has published a version that the quality gate rejected."""
        return self.state is RunState.SUCCEEDED and not (self.gate is None or self.gate.is_open)

    @property
    def is_compared(self) -> bool:
        """Whether the quality gate has held its version against another one."""
        return self.gate is not None and self.gate.against_version > 0

    @property
    def is_spent(self) -> bool:
        """Whether it has ended, and nothing of it can be published any more."""
        if self.state is RunState.SUCCEEDED:
            return not self.was_rejected
        return self.state is RunState.CANCELLED

    @property
    def has_fitted(self) -> bool:
        """Whether it has begun to fit, so that something that was trained may be kept of it.

        To take it up to publish clears its phase, but not what was told while it was fitted.
        """
        if self.publish_only or self.phase not in {None, RunPhase.READING}:
            return True
        return any(told is not None for told in (self.settings_used, self.progress, self.metrics))

    def failed(self, told: RunUpdate) -> RunUpdate:
        """The error that it ends with, with what can be done where that follows from the run.

        Only from the evaluation on its weights are those of a fitting that came to its end.
        """
        has_trained = self.metrics is not None or self.phase in {
            RunPhase.EVALUATING,
            RunPhase.PUBLISHING,
        }
        error = told.error
        if error is None or error.reason != "WORKER_KILLED" or not has_trained:
            return RunUpdate(error=error)
        sentence = f"{error.message}; `movierec publish {self.run_id}` publishes what was trained"
        return RunUpdate(error=RunError(reason=error.reason, message=sentence))

    def after(self, event: RunEvent) -> Self:
        """The run as it is once an event has happened."""
        changes = event.news | {"state": event.state}
        if event.state.is_final:
            changes["end_time"] = event.time
        return self.model_copy(update=changes)

    def to_publish(self, *, force: bool) -> Self:
        """The run as it is taken up again to publish what it has trained.

        Args:
            force: Whether its version is to count as if it had passed the quality gate.

        Raises:
            NotPublishableError: It has not failed, or before it was fitted, and its version was
                not rejected, or in a comparison, and without force.
        """
        has_failed = self.state is RunState.FAILED and self.has_fitted
        # A gate that could not compare is asked again.
        may_pass = self.was_rejected and (force or not self.is_compared)
        if not (has_failed or may_pass):
            raise NotPublishableError(
                f"run {self.run_id} {self._why_nothing_is_published}",
                metadata={"run_id": self.run_id, "state": self.state},
            )
        return self.model_copy(
            update={
                "state": RunState.RUNNING,
                "publish_only": True,
                "publish_force": self.publish_force or force,
                "phase": None,
                "end_time": None,
                "error": None,
            }
        )

    @property
    def _why_nothing_is_published(self) -> str:
        if self.was_rejected:
            return (
                f"has SUCCEEDED, and the quality gate rejected its version {self.version}: "
                f"`movierec publish {self.run_id} --force` publishes it as another version, in "
                f"spite of the gate"
            )
        if self.state is RunState.SUCCEEDED:
            return f"has SUCCEEDED, and published version {self.version}: there is nothing to do"
        if self.state is RunState.FAILED:
            return "has FAILED before anything of it was trained: mend what failed, and train again"
        if self.state is RunState.CANCELLED:
            return "was CANCELLED, and nothing of it is kept: train again"
        return f"is {self.state}: follow it with `movierec follow {self.run_id}`"
