"""The commands for the trainer: what they ask for, print, and exit with."""

import json
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NoReturn

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from movierec.v1 import trainer_pb2, training_pb2
from support.client_drivers import Movierec
from support.known_messages import (
    DATA_MESSAGE,
    METRICS_MESSAGE,
    NOON_STAMP,
    PROGRESS_MESSAGE,
    RUN_MESSAGE,
    event,
    followed,
)
from support.scripted_servers import Script
from trainer_service.model.settings import TrainingSettings

SUCCEEDED = event(trainer_pb2.RUN_STATE_SUCCEEDED, 9, version=4)


def fitting(epoch: int, share: float, val_loss: float | None) -> trainer_pb2.TrainResponse:
    progress = trainer_pb2.TrainingProgress(
        epoch=epoch,
        epoch_count=2,
        epoch_share=share,
        loss=2 / epoch,
        val_loss=val_loss,
        ratings_per_second=312_345,
        time_left=Duration(seconds=200 // epoch),
    )
    return event(
        trainer_pb2.RUN_STATE_RUNNING, phase=trainer_pb2.RUN_PHASE_FITTING, progress=progress
    )


def a_whole_run() -> list[trainer_pb2.TrainResponse]:
    running = trainer_pb2.RUN_STATE_RUNNING
    return [
        event(trainer_pb2.RUN_STATE_QUEUED),
        event(running, phase=trainer_pb2.RUN_PHASE_READING),
        event(running, phase=trainer_pb2.RUN_PHASE_READING, data=DATA_MESSAGE),
        fitting(1, 0.5, None),
        fitting(1, 1.0, 3.0),
        fitting(1, 1.0, 3.0),
        fitting(2, 0.5, 3.0),
        fitting(2, 1.0, 2.5),
        event(running, phase=trainer_pb2.RUN_PHASE_EVALUATING, metrics=METRICS_MESSAGE),
        SUCCEEDED,
    ]


def test_train_away_from_a_terminal_prints_the_data_a_line_an_epoch_and_the_figures(
    movierec: Movierec, script: Script
) -> None:
    script.on("Train", a_whole_run())

    done = movierec("train", "ml", "--min-ratings", "50", "--seed", "7", "--request-id", "q")

    assert done.exit_code == 0
    assert script.requests == [
        trainer_pb2.TrainRequest(
            dataset="ml",
            settings=training_pb2.TrainingSettings(min_ratings=50, seed=7),
            request_id="q",
        )
    ]
    assert [line.split() for line in done.stdout.splitlines()] == [
        line.split()
        for line in (
            "run r1",
            "reading",
            "data in the form kaggle-ml-20m, 110 rows of ratings",
            "ratings users movies",
            "in the data 100 10 20",
            "trained on 80 9 5",
            "",
            "rows not used file rows first lines",
            "bad rating rating.csv 10 2, 30",
            "epoch 1/2 loss 2.0000 val 3.0000 312k ratings/s 3 min 20 s left",
            "epoch 2/2 loss 1.0000 val 2.5000 312k ratings/s 1 min 40 s left",
            "evaluating",
            "from epoch 2: loss 1.5000, validation 1.7500",
            "RMSE on held-out ratings: 0.875 ±0.062 stars",
            "held-out users: 4, given 80 % of the movies that they like, or one",
            "from one: mean",
            "NDCG@100 Recall@20 Recall@50 NDCG@100 coverage rank",
            "this model 0.375 ±0.010 0.250 0.500 0.200 ±0.010 62.5 % 123",
            "EASE 0.500 ±0.010 0.250 0.500 0.150 ±0.010 62.5 % 123",
            "item cosine 0.250 ±0.010 0.250 0.500 0.100 ±0.010 62.5 % 123",
            "popularity 0.125 ±0.010 0.250 0.500 0.300 ±0.010 62.5 % 123",
            "note: few users",
            "version 4 is published",
        )
    ]


def test_train_and_follow_as_json_print_every_event(movierec: Movierec, script: Script) -> None:
    script.on("Train", a_whole_run())
    script.on("FollowRun", followed(*a_whole_run()))

    trained = movierec("train", "ml", "--json")
    watched = movierec("follow", "r1", "--json")

    events = [json.loads(line) for line in trained.stdout.splitlines()]
    assert trained.stdout == watched.stdout
    assert [event["state"] for event in events] == ["QUEUED", *["RUNNING"] * 8, "SUCCEEDED"]
    assert events[2]["data"]["bad_rows"][0]["first_lines"] == [2, 30]
    assert events[-1]["version"] == 4


def test_every_setting_that_train_has_a_flag_for_is_sent(
    movierec: Movierec, script: Script
) -> None:
    script.on("Train", [SUCCEEDED])
    told: dict[str, Any] = dict(
        min_ratings=50,
        epochs=3,
        dim=8,
        seed=7,
        co_liked_weight=0.5,
        holdout=0.25,
        patience=4,
        ease_up_to=0,
        few_seeds=0.75,
    )

    flags = [f"--{name.replace('_', '-')}={value}" for name, value in told.items()]
    movierec("train", "ml", *flags)

    assert script.requests[0].settings == training_pb2.TrainingSettings(**told)


def test_the_defaults_that_the_help_of_train_states_are_the_trainers(movierec: Movierec) -> None:
    stated = re.findall(
        r"--([a-z-]+) [^\n]+ default ([\d,./]+)\.\n", movierec("train", "--help").stdout
    )

    fields = TrainingSettings.model_fields
    defaults = {name: float(Fraction(text.replace(",", ""))) for name, text in stated}
    assert defaults == {
        name.replace("_", "-"): fields[name].default
        for name in (
            *("min_ratings", "dim", "seed", "co_liked_weight"),
            *("few_seeds", "holdout", "patience", "ease_up_to"),
        )
    }


def test_train_can_only_check_the_data(movierec: Movierec, script: Script) -> None:
    script.on("Train", [trainer_pb2.TrainResponse(event=trainer_pb2.RunEvent(data=DATA_MESSAGE))])

    done = movierec("train", "ml", "--validate-only")

    assert script.requests[0].validate_only
    assert done.stdout.startswith("data in the form kaggle-ml-20m")
    assert done.stdout.endswith("ml can be trained on\n")


def test_a_run_that_fails_exits_with_1_and_its_sentence(movierec: Movierec, script: Script) -> None:
    error = trainer_pb2.RunError(reason="WORKER_KILLED", message="a worker was killed")
    script.on("Train", [event(trainer_pb2.RUN_STATE_FAILED, error=error)])

    done = movierec("train", "ml")

    assert (done.exit_code, done.stderr) == (1, "run r1 failed: a worker was killed\n")


def test_losing_sight_of_a_run_says_that_it_goes_on(
    movierec: Movierec, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("movierec_client.rests.RestOfRun.patience_s", 0.0)

    def answer(_request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        yield event(trainer_pb2.RUN_STATE_RUNNING)
        context.abort(grpc.StatusCode.UNAVAILABLE, "going away")

    def away(_request: Any, context: grpc.ServicerContext) -> NoReturn:
        context.abort(grpc.StatusCode.UNAVAILABLE, "going away")

    script.on("Train", answer)
    script.on("FollowRun", away)

    done = movierec("train", "ml")

    assert done.exit_code == 1
    assert "cannot be reached (going away)" in done.stderr
    assert "`movierec follow r1` shows it, `movierec cancel r1` ends it" in done.stderr


def test_runs_lists_each_with_its_outcome(movierec: Movierec, script: Script) -> None:
    going_on = trainer_pb2.Run(
        run_id="r2",
        state=trainer_pb2.RUN_STATE_RUNNING,
        dataset="ml",
        create_time=NOON_STAMP,
        progress=PROGRESS_MESSAGE,
    )
    failed = trainer_pb2.Run(
        run_id="r3",
        state=trainer_pb2.RUN_STATE_FAILED,
        error=trainer_pb2.RunError(reason="WORKER_KILLED", message="a worker was killed"),
    )
    script.on("ListRuns", trainer_pb2.ListRunsResponse(runs=[failed, going_on, RUN_MESSAGE]))

    table = movierec("runs")
    objects = [json.loads(line) for line in movierec("runs", "--json").stdout.splitlines()]

    assert [line.split() for line in table.stdout.splitlines()] == [
        ["run", "state", "data", "set", "started", "(UTC)", "outcome"],
        ["r3", "FAILED", "-", "WORKER_KILLED"],
        ["r2", "RUNNING", "ml", "2026-11-22", "12:00:00", "epoch", "2/3"],
        ["r1", "SUCCEEDED", "ml", "2026-11-22", "12:00:00", "version", "4"],
    ]
    assert [run["run_id"] for run in objects] == ["r3", "r2", "r1"]
    assert objects[1]["create_time"] == "2026-11-22T12:00:00+00:00"


def test_a_runs_id_is_not_folded_so_that_it_can_be_copied(
    movierec: Movierec, script: Script
) -> None:
    run_id = "20261122T120000-c0ffee"
    run = trainer_pb2.Run(
        run_id=run_id,
        state=trainer_pb2.RUN_STATE_INTERRUPTED,
        dataset="a-data-set-of-a-very-long-name-that-takes-much-room",
        create_time=NOON_STAMP,
        progress=PROGRESS_MESSAGE,
    )
    script.on("ListRuns", trainer_pb2.ListRunsResponse(runs=[run]))

    lines = movierec("runs").stdout.splitlines()

    assert max(map(len, lines)) <= 80
    assert lines[1].startswith(f"{run_id}  ")


def test_cancel_exits_with_1_when_it_was_too_late(movierec: Movierec, script: Script) -> None:
    cancelled = trainer_pb2.Run(run_id="r1", state=trainer_pb2.RUN_STATE_CANCELLED)
    script.on("CancelRun", trainer_pb2.CancelRunResponse(run=cancelled))
    in_time = movierec("cancel", "r1")
    script.on("CancelRun", trainer_pb2.CancelRunResponse(run=RUN_MESSAGE))
    too_late = movierec("cancel", "r1", "--json")

    assert (in_time.exit_code, in_time.stdout) == (0, "run r1 is cancelled\n")
    assert too_late.exit_code == 1
    assert json.loads(too_late.stdout)["state"] == "SUCCEEDED"
    assert too_late.stderr == "run r1 was not cancelled: it is SUCCEEDED\n"
