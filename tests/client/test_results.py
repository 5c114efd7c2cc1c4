"""The values that are read: they hold what the contract tells, and None for the rest."""

import dataclasses
from typing import Any

import pytest

import movierec_client as mc
from movierec.v1 import control_pb2, recommender_pb2, trainer_pb2, training_pb2
from movierec_client import decoding


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (mc.TrainingSettings, training_pb2.TrainingSettings),
        (mc.TrainingMetrics, training_pb2.TrainingMetrics),
        (mc.RankingMetrics, training_pb2.RankingMetrics),
        (mc.GateResult, training_pb2.GateResult),
        (mc.Version, recommender_pb2.Version),
        (mc.Replica, control_pb2.Replica),
        (mc.Recommendation, recommender_pb2.Recommendation),
        (mc.Contribution, recommender_pb2.Contribution),
        (mc.RecommendHeader, recommender_pb2.RecommendHeader),
        (mc.CorrectedSeed, recommender_pb2.CorrectedSeed),
        (mc.UnresolvedExclusion, recommender_pb2.UnresolvedExclusion),
    ],
)
def test_values_have_the_fields_of_the_contract(value: type[Any], message: Any) -> None:
    names = {field.name for field in dataclasses.fields(value)}

    assert names == set(message.DESCRIPTOR.fields_by_name)


def test_what_was_not_measured_or_not_told_is_none_and_not_zero() -> None:
    # So it stands in what was published before there were standard errors.
    metrics = training_pb2.TrainingMetrics(
        best_epoch=2,
        loss=1.5,
        ranking=training_pb2.RankingMetrics(
            user_count=4, recall_at_20=0.25, recall_at_50=0.5, ndcg_at_100=0.375
        ),
    )

    run = decoding.run(trainer_pb2.Run(metrics=metrics))

    later = (run.settings.patience, run.settings.ease_up_to, run.settings.few_seeds)
    assert later == (None, None, None)
    assert run.metrics
    assert told(run.metrics) == {"best_epoch": 2, "loss": 1.5, "ranking": run.metrics.ranking}
    assert told(run.metrics.ranking) == {
        "user_count": 4,
        "recall_at_20": 0.25,
        "recall_at_50": 0.5,
        "ndcg_at_100": 0.375,
    }


@pytest.mark.parametrize(
    "field",
    [field for field in training_pb2.RankingMetrics.DESCRIPTOR.fields if field.has_presence],
    ids=lambda field: field.name,
)
def test_a_figure_of_a_ranking_that_was_measured_as_zero_is_zero_and_not_none(field: Any) -> None:
    ranking = training_pb2.RankingMetrics(**{field.name: 0})

    run = decoding.run(trainer_pb2.Run(metrics=training_pb2.TrainingMetrics(ranking=ranking)))

    assert run.metrics
    figures = ["user_count", "recall_at_20", "recall_at_50", "ndcg_at_100", field.name]
    assert told(run.metrics.ranking) == dict.fromkeys(figures, 0)


def told(value: Any) -> dict[str, Any]:
    """The fields that are something."""
    fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return {name: field for name, field in fields.items() if field not in (None, ())}
