"""What a manifest holds of the domain's values, as messages of the contract, and back."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from movierec.v1 import training_pb2
from trainer_service.data import DataReport
from trainer_service.model.evaluation import TrainingMetrics
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


def gate_result(gate: GateResult) -> training_pb2.GateResult:
    """How a version compares with the active one, as a message."""
    return training_pb2.GateResult(**gate.model_dump())


def gate_of(message: training_pb2.GateResult) -> GateResult:
    """The same, back from a message."""
    names = (field.name for field in message.DESCRIPTOR.fields)
    known = {name: getattr(message, name) for name in names if name in GateResult.model_fields}
    return GateResult(**known)
