"""Messages of the contract hold all that the domain's values hold."""

from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor
from pydantic import BaseModel

from movierec.v1 import training_pb2
from trainer_service.artifact.messages import gate_of, gate_result, training_metrics
from trainer_service.model.evaluation import RankingMetrics, TrainingMetrics
from trainer_service.model.gate import GateResult


@pytest.mark.parametrize(
    ("twin", "message"),
    [
        (TrainingMetrics, training_pb2.TrainingMetrics.DESCRIPTOR),
        (RankingMetrics, training_pb2.RankingMetrics.DESCRIPTOR),
        (GateResult, training_pb2.GateResult.DESCRIPTOR),
    ],
)
def test_twins_have_the_same_fields(twin: type[BaseModel], message: Descriptor) -> None:
    assert set(twin.model_fields) == set(message.fields_by_name)


def test_every_figure_arrives_in_the_message() -> None:
    figures: dict[str, Any] = {
        name: place for place, name in enumerate(RankingMetrics.model_fields, start=1)
    }
    rankings = [
        field.name for field in training_pb2.TrainingMetrics.DESCRIPTOR.fields if field.message_type
    ]
    assert len(rankings) == 8
    metrics = TrainingMetrics(
        best_epoch=2,
        loss=1.5,
        val_loss=1.25,
        rmse=0.875,
        rmse_standard_error=0.0625,
        ease_l2=200,
        notes=("few users",),
        **{name: RankingMetrics(**figures | {"user_count": i}) for i, name in enumerate(rankings)},
    )
    message = training_metrics(metrics)
    for field, value in message.ListFields():
        if field.message_type:
            told = {twin.name: getattr(value, twin.name) for twin in value.DESCRIPTOR.fields}
            assert told == getattr(metrics, field.name).model_dump()
        else:
            assert (tuple(value) if field.name == "notes" else value) == getattr(
                metrics, field.name
            )
    assert len(message.ListFields()) == len(TrainingMetrics.model_fields)


def test_what_was_not_measured_is_absent() -> None:
    message = training_metrics(TrainingMetrics(best_epoch=1, loss=1.5))
    assert [field.name for field, _ in message.ListFields()] == ["best_epoch", "loss"]


def test_what_the_gate_found_arrives_in_the_message_and_comes_back() -> None:
    gate = GateResult(
        against_version=2,
        user_count=30,
        ndcg_at_100=0.25,
        against_ndcg_at_100=0.5,
        margin=0.125,
        passed=True,
        forced=True,
        note="why",
    )
    message = gate_result(gate)
    assert len(message.ListFields()) == len(GateResult.model_fields)
    assert (message.against_version, message.margin, message.note) == (2, 0.125, "why")
    assert gate_of(message) == gate
