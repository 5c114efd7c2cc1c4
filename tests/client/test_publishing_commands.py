"""What becomes of a version that was trained: published, held back, waited for."""

import json
from typing import Any

import pytest

from movierec.v1 import trainer_pb2, training_pb2
from support.client_drivers import Movierec
from support.known_messages import GATE, event, fleet, followed, rejected
from support.scripted_servers import Script

SUCCEEDED = event(trainer_pb2.RUN_STATE_SUCCEEDED, 9, version=4)
PINNED = (
    "version 4 does not serve: version 3 is pinned; "
    "`movierec activate latest` goes back to the latest\n"
)
HELD_BACK = "its NDCG@100 is 0.375, and 0.438 for version 3, which is more than 0.031 higher"


def gated(**changes: Any) -> list[trainer_pb2.TrainResponse]:
    """A run that publishes version 4, with what the gate says of it."""
    gate = training_pb2.GateResult(**GATE | changes)
    publishing = event(
        trainer_pb2.RUN_STATE_RUNNING, 8, phase=trainer_pb2.RUN_PHASE_PUBLISHING, gate=gate
    )
    return [publishing, SUCCEEDED]


FIGURES = "NDCG@100 0.375, version 3: 0.438 (96 users, margin 0.031)"


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        (
            dict(passed=False, forced=False),
            [
                f"version 4 is published, but held back: {FIGURES}",
                "`movierec activate 4` serves it all the same;",
                "`movierec publish r1 --force` publishes it past the gate",
            ],
        ),
        (
            dict(passed=False, forced=True),
            ["version 4 is published, forced past the quality gate", f"quality gate: {FIGURES}"],
        ),
        (
            dict(passed=True, forced=True),
            ["version 4 is published", f"quality gate: {FIGURES}"],
        ),
        (
            dict(passed=True, forced=False, against_version=0, note="nothing was compared: none"),
            ["version 4 is published", "quality gate: nothing was compared: none"],
        ),
        (
            dict(passed=False, forced=False, against_version=0, note="nothing was compared: I/O"),
            [
                "version 4 is published, but held back: nothing was compared: I/O",
                "`movierec activate 4` serves it all the same;",
                "`movierec publish r1` asks the gate again;",
                "`movierec publish r1 --force` publishes it past the gate",
            ],
        ),
    ],
    ids=[
        "held back",
        "forced",
        "forced for nothing",
        "nothing to compare with",
        "not to be compared",
    ],
)
@pytest.mark.parametrize("command", [("train", "ml"), ("follow", "r1"), ("publish", "r1")])
def test_a_version_that_is_published_is_told_with_what_the_gate_says(
    movierec: Movierec,
    script: Script,
    command: tuple[str, str],
    changes: dict[str, Any],
    lines: list[str],
) -> None:
    events = gated(**changes)
    script.on("Train", events)
    script.on("FollowRun", followed(*events))
    script.on("PublishRun", [trainer_pb2.PublishRunResponse(event=one.event) for one in events])

    done = movierec(*command)

    assert done.exit_code == 0
    assert done.stdout.splitlines() == ["run r1", "publishing", *lines]


def test_publish_says_whether_to_force_and_prints_every_event_as_json(
    movierec: Movierec, script: Script
) -> None:
    script.on("PublishRun", [trainer_pb2.PublishRunResponse(event=one.event) for one in gated()])

    done = movierec("publish", "r1", "--force", "--json")
    movierec("publish", "r1")

    assert script.requests == [
        trainer_pb2.PublishRunRequest(run_id="r1", force=True),
        trainer_pb2.PublishRunRequest(run_id="r1"),
    ]
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["state"] for one in events] == ["RUNNING", "SUCCEEDED"]
    assert events[0]["gate"] == GATE
    assert events[1]["version"] == 4


def test_runs_says_of_a_version_that_it_is_held_back(movierec: Movierec, script: Script) -> None:
    gate = training_pb2.GateResult(**GATE | dict(forced=False))
    runs = [trainer_pb2.Run(run_id="r1", version=4, gate=gate)]
    script.on("ListRuns", trainer_pb2.ListRunsResponse(runs=runs))

    assert movierec("runs").stdout.endswith("version 4, held back\n")


def test_train_waits_until_every_recommender_serves_what_it_published(
    movierec: Movierec, script: Script
) -> None:
    script.on("Train", [SUCCEEDED])
    looks = [fleet(4, 3), fleet(4, 4)]
    script.on("ListVersions", lambda _request, _context: looks.pop(0))

    done = movierec("train", "ml", "--wait", "--force")

    assert script.requests[0].force
    assert (done.exit_code, looks) == (0, [])
    assert done.stdout.endswith("version 4 is published\nversion 4 serves on 2 of 2 replicas\n")


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_train_that_waits_says_that_others_may_not_be_seen(
    movierec: Movierec, script: Script, flags: list[str]
) -> None:
    script.on("Train", [SUCCEEDED])
    script.on("ListVersions", fleet(4, control_problem="the control folder cannot be read"))

    done = movierec("train", "ml", "--wait", *flags)

    assert done.exit_code == 0
    said = " ".join(done.stderr.split())
    assert "others may serve another version: the control folder cannot be read" in said


def test_train_that_waits_as_json_prints_events_alone(movierec: Movierec, script: Script) -> None:
    script.on("Train", [SUCCEEDED])
    script.on("ListVersions", fleet(4))

    done = movierec("train", "ml", "--wait", "--json")

    assert done.exit_code == 0
    assert [json.loads(line)["version"] for line in done.stdout.splitlines()] == [4]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            fleet(3, versions=[rejected(4, "GATE", HELD_BACK)]),
            f"version 4 does not serve: it is REJECTED, GATE: {HELD_BACK}\n",
        ),
        (
            fleet(3, pinned=3),
            PINNED,
        ),
    ],
)
def test_train_that_waits_for_what_will_not_serve_exits_with_1_and_says_why(
    movierec: Movierec, script: Script, answer: Any, sentence: str
) -> None:
    script.on("Train", [SUCCEEDED])
    script.on("ListVersions", answer)

    done = movierec("train", "ml", "--wait")

    assert (done.exit_code, done.stderr) == (1, sentence)
    assert "version 4 is published" in done.stdout


def test_train_that_only_checks_the_data_waits_for_nothing(
    movierec: Movierec, script: Script
) -> None:
    script.on("Train", [trainer_pb2.TrainResponse()])

    assert movierec("train", "ml", "--validate-only", "--wait").exit_code == 0
    assert len(script.requests) == 1
