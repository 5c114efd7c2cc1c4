"""Runs as messages of the contract, and settings back."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration
from pydantic import BaseModel, ValidationError

from movierec.chassis.errors import InvalidRequestError, Violation
from movierec.chassis.legal import violations
from movierec.v1 import trainer_pb2, training_pb2
from trainer_service.artifact.messages import (
    data_report,
    gate_result,
    timestamp,
    training_metrics,
    training_settings,
)
from trainer_service.data import DataReport
from trainer_service.model.progress import TrainingProgress
from trainer_service.model.settings import TrainingSettings
from trainer_service.runs.reporting import ReportFile
from trainer_service.runs.run import Run, RunError, RunEvent, RunPhase, RunState

CHUNK_BYTES = 256 * 1024
"""Of a file in a message."""


def settings_of(
    message: training_pb2.TrainingSettings, prefix: str = "settings."
) -> TrainingSettings:
    """The settings that a request asks for; those that it leaves out take their defaults.

    Args:
        message: The settings.
        prefix: What stands before a field's name in the request.

    Raises:
        InvalidRequestError: One is out of its range.
    """
    given = {field.name: value for field, value in message.ListFields()}
    try:
        return TrainingSettings.model_validate(given)
    except ValidationError as error:
        found = [
            Violation(f"{prefix}{item.field}", item.description)
            for item in violations(error, TrainingSettings)
        ]
        raise InvalidRequestError(*found) from None


def training_progress(progress: TrainingProgress) -> trainer_pb2.TrainingProgress:
    """How far a fitting is, as a message."""
    fields: dict[str, Any] = progress.model_dump(exclude_none=True)
    time_left = Duration()
    time_left.FromTimedelta(timedelta(seconds=fields.pop("time_left_s")))
    return trainer_pb2.TrainingProgress(**fields, time_left=time_left)


def run_error(error: RunError) -> trainer_pb2.RunError:
    """Why a run failed, as a message."""
    return trainer_pb2.RunError(reason=error.reason, message=error.message)


def run_state(state: RunState) -> trainer_pb2.RunState.ValueType:
    """A run's state, as the contract's number."""
    return trainer_pb2.RunState.Value(f"RUN_STATE_{state}")


def run_phase(phase: RunPhase) -> trainer_pb2.RunPhase.ValueType:
    """A run's phase, as the contract's number."""
    return trainer_pb2.RunPhase.Value(f"RUN_PHASE_{phase}")


def run_event(event: RunEvent) -> trainer_pb2.RunEvent:
    """An entry of a run's log, as a message."""
    return trainer_pb2.RunEvent(
        run_id=event.run_id,
        sequence=event.sequence,
        event_time=timestamp(event.time),
        state=run_state(event.state),
        **_news(event.news),
    )


def validated(report: DataReport) -> trainer_pb2.RunEvent:
    """What a request that only validates is answered with: no run's event."""
    now = timestamp(datetime.now(UTC))
    return trainer_pb2.RunEvent(event_time=now, data=data_report(report))


def run(value: Run) -> trainer_pb2.Run:
    """A run, as a message."""
    return trainer_pb2.Run(
        run_id=value.run_id,
        state=run_state(value.state),
        dataset=value.dataset,
        settings=training_settings(value.settings_used or value.settings),
        request_id=value.request_id,
        force=value.is_forced,
        create_time=timestamp(value.create_time),
        end_time=timestamp(value.end_time) if value.end_time else None,
        **_news({name: getattr(value, name) for name in _ENCODERS}),
    )


def report_file(file: ReportFile) -> Iterator[trainer_pb2.GetInsightsResponse]:
    """A file of a report, as messages; also an empty one is one."""
    about = trainer_pb2.InsightsFile(
        name=file.name, size_bytes=len(file.content), sha256=file.sha256
    )
    yield trainer_pb2.GetInsightsResponse(file=about, content=file.content[:CHUNK_BYTES])
    for start in range(CHUNK_BYTES, len(file.content), CHUNK_BYTES):
        content = file.content[start : start + CHUNK_BYTES]
        yield trainer_pb2.GetInsightsResponse(content=content)


def _version(number: int) -> int:
    return number


_ENCODERS: Mapping[str, Any] = {
    "phase": run_phase,
    "progress": training_progress,
    "data": data_report,
    "metrics": training_metrics,
    "gate": gate_result,
    "version": _version,
    "error": run_error,
}


def _news(news: Mapping[str, BaseModel | int | str | None]) -> dict[str, Any]:
    """What events tell of, encoded; the settings stand in the run."""
    return {
        name: encode(news[name]) for name, encode in _ENCODERS.items() if news.get(name) is not None
    }
