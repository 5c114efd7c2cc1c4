"""How well a model ranks, as the commands show it."""

import json
from typing import Any

import pytest

from movierec.v1 import artifact_pb2, recommender_pb2, trainer_pb2, training_pb2
from support.client_drivers import Movierec
from support.known_messages import METRICS_MESSAGE, RANKING, RANKINGS, event
from support.scripted_servers import Script


def answer_with(script: Script, metrics: training_pb2.TrainingMetrics) -> None:
    """Answers `movierec model`, and `movierec follow` with a run that measured so."""
    manifest = artifact_pb2.ArtifactManifest(version=4, metrics=metrics)
    script.on("GetModel", recommender_pb2.GetModelResponse(manifest=manifest))
    measured = event(trainer_pb2.RUN_STATE_SUCCEEDED, metrics=metrics).event
    script.on("FollowRun", [trainer_pb2.FollowRunResponse(event=measured)])


def rankings(**changes: Any) -> dict[str, Any]:
    """All rankings, with changes to each."""
    return {
        name: training_pb2.RankingMetrics(**figures | changes) for name, figures in RANKINGS.items()
    }


def shown(output: str) -> list[str]:
    """The lines from the line about the RMSE on, with single spaces."""
    lines = [" ".join(line.split()) for line in output.splitlines()]
    return lines[next(i for i, line in enumerate(lines) if line.startswith("RMSE")) :]


def test_model_shows_every_figure_with_its_standard_error(
    movierec: Movierec, script: Script
) -> None:
    answer_with(script, METRICS_MESSAGE)

    assert shown(movierec("model").stdout) == [
        "RMSE on held-out ratings: 0.875 ±0.062 stars",
        "",
        "held-out users: 4, given 80 % of the movies that they like",
        "NDCG@100 Recall@20 Recall@50 coverage mean rank",
        "this model 0.375 ±0.010 0.250 ±0.030 0.500 ±0.020 62.5 ±5.0 % 123 ±4",
        "EASE 0.500 ±0.010 0.250 ±0.030 0.500 ±0.020 62.5 ±5.0 % 123 ±4",
        "item cosine 0.250 ±0.010 0.250 ±0.030 0.500 ±0.020 62.5 ±5.0 % 123 ±4",
        "popularity 0.125 ±0.010 0.250 ±0.030 0.500 ±0.020 62.5 ±5.0 % 123 ±4",
        "",
        "held-out users: 4, given one movie that they like",
        "NDCG@100 Recall@20 Recall@50 coverage mean rank",
        "this model 0.200 ±0.010 0.250 ±0.030 0.500 ±0.020 62.5 ±5.0 % 123 ±4",
        "EASE 0.150 ±0.010 0.250 ±0.030 0.500 ±0.020 62.5 ±5.0 % 123 ±4",
        "item cosine 0.100 ±0.010 0.250 ±0.030 0.500 ±0.020 62.5 ±5.0 % 123 ±4",
        "popularity 0.300 ±0.010 0.250 ±0.030 0.500 ±0.020 62.5 ±5.0 % 123 ±4",
        "",
        "±: standard error. Coverage: share of all movies that are in anyone's top 20.",
        "Mean rank: by popularity, of what is in the top 20s; the most liked has 1.",
        "EASE's penalty: 250, chosen on the validation users.",
        "note: few users",
    ]


@pytest.mark.parametrize("command", [("model",), ("follow", "r1")])
def test_json_has_every_figure_by_its_name(
    movierec: Movierec, script: Script, command: tuple[str, ...]
) -> None:
    answer_with(script, METRICS_MESSAGE)

    printed = json.loads(movierec(*command, "--json").stdout)

    metrics = printed.get("manifest", printed)["metrics"]
    assert metrics == RANKINGS | {
        "best_epoch": 2,
        "loss": 1.5,
        "val_loss": 1.75,
        "rmse": 0.875,
        "rmse_standard_error": 0.0625,
        "ease_l2": 250,
        "notes": ["few users"],
    }


def test_a_scorer_that_was_not_measured_has_no_row(movierec: Movierec, script: Script) -> None:
    measured = rankings()
    del measured["ease"], measured["one_seed_ease"], measured["one_seed"]
    note = "EASE was not measured: there are too many movies"
    answer_with(script, training_pb2.TrainingMetrics(**measured, rmse=0.875, notes=[note]))

    *in_full, last = shown(movierec("model").stdout)
    at_a_glance = shown(movierec("follow", "r1").stdout)

    assert [line.split()[0] for line in in_full if "0.250" in line] == [
        *("this", "item", "popularity"),
        *("item", "popularity"),
    ]
    assert not any("EASE" in line for line in in_full)
    assert last == at_a_glance[-1] == f"note: {note}"
    assert "this model 0.375 ±0.010 0.250 0.500 - 62.5 % 123" in at_a_glance


def test_nothing_measured_shows_no_table(movierec: Movierec, script: Script) -> None:
    answer_with(script, training_pb2.TrainingMetrics(rmse=0.875, notes=["nobody is held out"]))

    for command in (("model",), ("follow", "r1")):
        assert shown(movierec(*command).stdout) == [
            "RMSE on held-out ratings: 0.875 stars",
            "note: nobody is held out",
        ]


def test_figures_that_an_earlier_trainer_did_not_measure_are_dashes(
    movierec: Movierec, script: Script
) -> None:
    earlier = training_pb2.RankingMetrics(
        user_count=4, recall_at_20=0.25, recall_at_50=0.5, ndcg_at_100=0.375
    )
    answer_with(script, training_pb2.TrainingMetrics(rmse=0.875, ranking=earlier))

    assert "this model 0.375 0.250 0.500 - -" in shown(movierec("model").stdout)
    assert "this model 0.375 0.250 0.500 - - -" in shown(movierec("follow", "r1").stdout)


def test_one_user_alone_has_no_standard_error(movierec: Movierec, script: Script) -> None:
    none = {name: 0 for name in RANKING if name.endswith("_standard_error")}
    answer_with(script, training_pb2.TrainingMetrics(rmse=0.875, **rankings(user_count=1, **none)))

    assert "this model 0.375 0.250 0.500 62.5 % 123" in shown(movierec("model").stdout)


@pytest.mark.parametrize(
    ("rank", "error", "expected"),
    [
        (24.25, 0.75, "24.2 ±0.8"),
        (99.9, 1, "99.9 ±1.0"),
        (100, 1.2, "100 ±1"),
        (2345, 67, "2,345 ±67"),
    ],
)
def test_ranks_have_three_digits_or_more(
    movierec: Movierec, script: Script, rank: float, error: float, expected: str
) -> None:
    changes = {"popularity_rank": rank, "popularity_rank_standard_error": error}
    answer_with(script, training_pb2.TrainingMetrics(rmse=0.875, **rankings(**changes)))

    assert movierec("model").stdout.count(f" {expected}\n") == len(RANKINGS)


@pytest.mark.parametrize("command", [("model",), ("follow", "r1")])
@pytest.mark.parametrize(
    "extreme",
    [
        dict(coverage=1.0, popularity_rank=1_234, popularity_rank_standard_error=123),
        dict(coverage=0.85, popularity_rank=12_345, popularity_rank_standard_error=123),
        dict(
            coverage=0.05,
            coverage_standard_error=0.01,
            popularity_rank=12_345,
            popularity_rank_standard_error=1_234,
        ),
    ],
    ids=["every movie is in a top 20", "many movies", "many movies, few users"],
)
def test_the_tables_fit_80_columns_with_nothing_cut(
    movierec: Movierec, script: Script, command: tuple[str, ...], extreme: dict[str, Any]
) -> None:
    measured = rankings(user_count=9_892, **extreme)
    answer_with(script, training_pb2.TrainingMetrics(best_epoch=1, rmse=0.8, **measured))

    output = movierec(*command).stdout

    assert max(map(len, output.splitlines())) <= 80
    assert "…" not in output
    rows = [line for line in output.splitlines() if line.startswith(("this", "item"))]
    assert len(rows) == (4 if command == ("model",) else 2)  # No row is folded.
