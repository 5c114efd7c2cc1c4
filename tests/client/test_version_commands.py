"""The commands for versions: what they ask for, print, and exit with."""

import json
from typing import Any

import pytest

from movierec.v1 import artifact_pb2, recommender_pb2
from support.client_drivers import Movierec
from support.known_messages import (
    GATE,
    MANIFEST_MESSAGE,
    NOON_STAMP,
    VERSION_MESSAGE,
    activation,
    fleet,
    rejected,
)
from support.scripted_servers import Script

NOON = "2026-11-22 12:00:00"
HELD_BACK = "its NDCG@100 is 0.375, and 0.438 for version 3, which is more than 0.031 higher"


def widths(output: str) -> list[int]:
    return [len(line) for line in output.splitlines()]


def words(output: str) -> list[str]:
    """The lines, with single spaces."""
    return [" ".join(line.split()) for line in output.splitlines()]


def test_versions_lists_what_serves_what_is_pinned_and_what_has_which_label(
    movierec: Movierec, script: Script
) -> None:
    answer = fleet(
        *(4, 4, 6),
        versions=[
            rejected(7, "CHECKSUM", "it does not add up"),
            recommender_pb2.Version(
                version=6,
                state=recommender_pb2.VERSION_STATE_REJECTED,
                reason="GATE",
                message=HELD_BACK,
                manifest=MANIFEST_MESSAGE,
                labels=["candidate"],
            ),
            VERSION_MESSAGE,
        ],
        activation=activation(4, 9, stable=4, canary=4, candidate=6),
        control_problem="the control folder cannot be written: others do not see this recommender",
    )
    script.on("ListVersions", answer)

    done = movierec("versions")

    assert done.exit_code == 0
    table, below = done.stdout.splitlines()[:-8], words(done.stdout)[-6:]
    assert max(map(len, table)) <= 80
    assert words(done.stdout)[:2] == [
        "version state made (UTC) movies NDCG@100 data set",
        "7 REJECTED - - - -",
    ]
    assert below == [
        "version 6 serves on 1 of 3 replicas, version 4 on 2",
        "version 4 is pinned; `movierec activate latest` goes back to the latest",
        "labels: canary on version 4, candidate on version 6, stable on version 4",
        "the control folder cannot be written: others do not see this recommender",
        "version 7 is REJECTED, CHECKSUM: it does not add up",
        f"version 6 is REJECTED, GATE: {HELD_BACK}",
    ]


def states(output: str) -> str:
    """The column of the states, read downwards."""
    heading, *lines = output.splitlines()
    column = slice(heading.index("state"), heading.index("(UTC)") + len("(UTC)") - len(NOON))
    return "".join(line[column] for line in lines if not line.startswith("version"))


def test_the_state_of_a_version_names_its_pin_and_its_labels_in_full(
    movierec: Movierec, script: Script
) -> None:
    labels = ["a-label-as-long-as-a-label-may-be-which-is-64-characters-in-all.", "stable"]
    version = recommender_pb2.Version()
    version.CopyFrom(VERSION_MESSAGE)
    version.labels[:] = labels
    script.on("ListVersions", fleet(4, versions=[version]))

    done = movierec("versions")

    assert max(widths(done.stdout)) <= 80
    assert "".join(states(done.stdout).split()) == f"SERVING,pinned,{labels[0]},stable"
    (first,) = [line for line in words(done.stdout) if NOON in line]
    assert first.endswith(f"{NOON} 5 0.375 ml")


@pytest.mark.parametrize(
    ("serving", "line"),
    [
        ((7,), "version 7 serves on 1 of 1 replica"),
        ((7, 7), "version 7 serves on 2 of 2 replicas"),
        ((0,), "nothing serves on 1 of 1 replica"),
        ((6, 0, 7, 6), "version 7 serves on 1 of 4 replicas, version 6 on 2, nothing on 1"),
    ],
)
def test_one_line_says_on_how_many_replicas_what_serves(
    movierec: Movierec, script: Script, serving: tuple[int, ...], line: str
) -> None:
    script.on("ListVersions", fleet(*serving, look_time=NOON_STAMP))

    assert movierec("versions").stdout == f"there are no versions yet\n{line}\n"


def test_while_the_folder_of_versions_was_never_read_none_is_said_to_be_missing(
    movierec: Movierec, script: Script
) -> None:
    script.on("ListVersions", fleet(0))

    assert movierec("versions").stdout == (
        "the folder of versions is not there or cannot be read: if a trainer was ever started, "
        "is its volume mounted?\nnothing serves on 1 of 1 replica\n"
    )


def test_a_version_that_cannot_be_read_just_now_is_listed_with_the_reason(
    movierec: Movierec, script: Script
) -> None:
    unread = recommender_pb2.Version(
        version=5, state=recommender_pb2.VERSION_STATE_LOADING, message="it cannot be read just now"
    )
    script.on("ListVersions", fleet(4, versions=[unread, VERSION_MESSAGE]))

    assert "\nversion 5 is LOADING, it cannot be read just now\n" in movierec("versions").stdout


def test_versions_as_json_has_labels_and_counts_and_the_fleet_in_a_line_of_its_own(
    movierec: Movierec, script: Script
) -> None:
    problem = "the control folder cannot be written"
    answer = fleet(4, versions=[VERSION_MESSAGE], control_problem=problem)
    script.on("ListVersions", answer)

    done = movierec("versions", "--json")

    version, told = [json.loads(line) for line in done.stdout.splitlines()]
    assert (version["kind"], told["kind"]) == ("version", "fleet")
    assert [replica["serving_version"] for replica in told["replicas"]] == [4]
    assert told["activation"]["pinned"] is None
    assert told["control_problem"] == problem
    assert version["labels"] == ["canary", "stable"]
    assert (version["pinned"], version["loaded"]) == (True, True)
    assert version["serving_replica_count"] == 2
    assert version["manifest"]["gate"] == GATE
    assert done.stderr == f"{problem}\n"


@pytest.mark.parametrize(
    ("arguments", "request_", "answer"),
    [
        (
            ["7"],
            dict(version=7),
            (activation(7), 7, "version 7 is pinned, and serves"),
        ),
        (
            ["7"],
            dict(version=7),
            (activation(7), 6, "version 7 is pinned; version 6 serves"),
        ),
        (
            ["latest"],
            dict(latest=True),
            (activation(), 9, "the latest version is to serve; version 9 serves"),
        ),
        (
            ["latest"],
            dict(latest=True),
            (activation(), 0, "the latest version is to serve; nothing serves yet"),
        ),
        (
            ["7", "--label", "stable"],
            dict(version=7, label="stable"),
            (activation(stable=7), 9, "the label stable is on version 7"),
        ),
        (
            ["none", "--label", "stable"],
            dict(label="stable"),
            (activation(), 9, "the label stable is taken away"),
        ),
    ],
)
def test_activate_asks_for_it_and_says_what_serves(
    movierec: Movierec,
    script: Script,
    arguments: list[str],
    request_: dict[str, Any],
    answer: tuple[Any, int, str],
) -> None:
    now, serving, said = answer
    message = recommender_pb2.ActivateVersionResponse(activation=now, serving_version=serving)
    script.on("ActivateVersion", message)

    done = movierec("activate", *arguments)

    assert (done.exit_code, done.stdout) == (0, f"{said}\n")
    assert script.requests == [recommender_pb2.ActivateVersionRequest(**request_)]


@pytest.mark.parametrize("version", ["7", "latest", "none"])
def test_activate_with_an_empty_label_pins_nothing(
    movierec: Movierec, script: Script, version: str
) -> None:
    done = movierec("activate", version, "--label", "")

    assert done.exit_code != 0
    assert "label is '': give 1 to 64 letters" in done.stderr
    assert script.requests == []


def test_what_is_legal_with_a_label_is_told_without_the_latest(
    movierec: Movierec, script: Script
) -> None:
    done = movierec("activate", "newest", "--label", "x")

    assert done.exit_code == 2
    assert 'give a number or "none"' in " ".join(done.stderr.replace("│", "").split())
    assert script.requests == []


def test_activate_as_json_is_what_is_to_serve(movierec: Movierec, script: Script) -> None:
    message = recommender_pb2.ActivateVersionResponse(
        activation=activation(7, 3, stable=6), serving_version=7
    )
    script.on("ActivateVersion", message)

    done = movierec("activate", "7", "--json")

    assert json.loads(done.stdout) == {
        "generation": 3,
        "pinned": 7,
        "labels": {"stable": 6},
        "serving_version": 7,
    }


@pytest.mark.parametrize("arguments", [["none"], ["newest"], ["-7"], ["7.5", "--label", "x"], []])
def test_activating_what_is_no_version_is_wrong_usage(
    movierec: Movierec, script: Script, arguments: list[str]
) -> None:
    done = movierec("activate", *arguments)

    assert done.exit_code == 2
    assert script.requests == []


@pytest.mark.parametrize(
    ("given", "selector"),
    [
        ("7", recommender_pb2.VersionSelector(number=7)),
        ("stable", recommender_pb2.VersionSelector(label="stable")),
        ("\uff17", recommender_pb2.VersionSelector(label="\uff17")),
    ],
)
def test_commands_ask_another_version_by_its_number_or_a_label(
    movierec: Movierec, script: Script, given: str, selector: recommender_pb2.VersionSelector
) -> None:
    header = recommender_pb2.RecommendHeader(model_version=7)
    script.on("Recommend", [recommender_pb2.RecommendResponse(header=header)])
    script.on("SearchMovies", recommender_pb2.SearchMoviesResponse())
    script.on("GetModel", recommender_pb2.GetModelResponse(manifest=MANIFEST_MESSAGE))

    for command in (["recommend", "heat"], ["search", "heat"], ["model"]):
        assert movierec(*command, "--version", given).exit_code == 0

    assert [request.version for request in script.requests] == [selector] * 3


def test_model_tells_a_version_that_serves_from_one_that_is_only_loaded(
    movierec: Movierec, script: Script
) -> None:
    answer = recommender_pb2.GetModelResponse(manifest=MANIFEST_MESSAGE, load_time=NOON_STAMP)
    script.on("GetModel", answer)

    serving = movierec("model").stdout
    asked_for = movierec("model", "--version", "4").stdout

    assert serving.startswith("version 4, serving since 2026-11-22 12:00:00 UTC\n")
    assert asked_for.startswith("version 4, loaded 2026-11-22 12:00:00 UTC\n")
    assert serving.endswith(
        "quality gate: NDCG@100 0.375, version 3: 0.438 (96 users, margin 0.031)\n"
    )


def test_model_of_a_version_from_before_the_gate_says_nothing_of_it(
    movierec: Movierec, script: Script
) -> None:
    manifest = artifact_pb2.ArtifactManifest(version=4)
    script.on("GetModel", recommender_pb2.GetModelResponse(manifest=manifest))

    assert "gate" not in movierec("model").stdout
    assert json.loads(movierec("model", "--json").stdout)["manifest"]["gate"] is None
