"""What a manifest holds of the domain's values, as messages of the contract, and back."""

from datetime import datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from movierec.v1 import training_pb2
from trainer_service.data import DataReport
from trainer_service.model.evaluation import RankingMetrics, TrainingMetrics
from trainer_service.model.gate import GateResult
from trainer_service.model.settings import TrainingSettings


def timestamp(time: datetime) -> Timestamp:
    """A time with a zone as a message."""
    message = Timestamp()
    message.FromDatetime(time)
    return message


def data_report(report: DataReport) -> training_pb2.DataReport:
    """What was found in a data set, as a message."""
    fields = report.model_dump(exclude={"bad_rows"})
    return training_pb2.DataReport(
        **fields,
        bad_rows=[
            training_pb2.BadRows(
                kind=training_pb2.BadRowKind.Value(f"BAD_ROW_KIND_{rows.kind}"),
                file=rows.file,
                count=rows.count,
                first_lines=rows.first_lines,
            )
            for rows in report.bad_rows
        ],
    )


def training_settings(settings: TrainingSettings) -> training_pb2.TrainingSettings:
    """How a run is trained, as a message."""
    return training_pb2.TrainingSettings(**settings.model_dump(exclude_none=True))


def training_metrics(metrics: TrainingMetrics) -> training_pb2.TrainingMetrics:
    """What was measured, as a message."""
    return training_pb2.TrainingMetrics(**metrics.model_dump(exclude_none=True))


def training_metrics_of(message: training_pb2.TrainingMetrics) -> TrainingMetrics:
    """The same, back from a message; rankings of versions before 0.2 are left out.

    Those have no standard errors.
    """
    fields: dict[str, Any] = {}
    for field, value in message.ListFields():
        if field.name not in TrainingMetrics.model_fields:
            continue  # of a later version
        if not isinstance(value, training_pb2.RankingMetrics):
            fields[field.name] = value
        elif value.HasField("ndcg_at_100_standard_error"):
            names = RankingMetrics.model_fields
            fields[field.name] = {name: getattr(value, name) for name in names}
    # What is 0 is not listed where a field has no presence.
    required = {"best_epoch": message.best_epoch, "loss": message.loss}
    return TrainingMetrics(**{**required, **fields})


def gate_result(gate: GateResult) -> training_pb2.GateResult:
    """How a version compares with the active one, as a message."""
    return training_pb2.GateResult(**gate.model_dump())


def gate_of(message: training_pb2.GateResult) -> GateResult:
    """The same, back from a message."""
    names = (field.name for field in message.DESCRIPTOR.fields)
    known = {name: getattr(message, name) for name in names if name in GateResult.model_fields}
    return GateResult(**known)
