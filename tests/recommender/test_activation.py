"""An operator says which version serves: it does when the call returns, and from then on."""

import logging
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, ResourceInfo

from movierec.control.activation import read_activation
from movierec.v1 import control_pb2
from movierec.v1 import recommender_pb2 as pb
from support.control import change_activation
from support.recommenders import running_recommender
from support.servers import health_of, until
from support.statuses import detail, outcome, refused
from support.volumes import corrupt, publish, publish_bad, publish_held_back

LATEST = control_pb2.ACTIVATION_POLICY_LATEST
PINNED = control_pb2.ACTIVATION_POLICY_PINNED


@pytest.fixture
def control(versions: Path) -> Path:
    """The control folder."""
    return versions.parent / "control"


def test_a_pinned_version_serves_when_the_call_returns_and_newer_ones_do_not_replace_it(
    versions: Path,
) -> None:
    for _ in range(3):
        publish(versions)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_until_it_serves(3)
        answer = recommender.pin(1)
        assert answer.serving_version == 1
        assert recommender.answering() == 1
        assert answer.activation == control_pb2.Activation(generation=1, policy=PINNED, version=1)
        publish(versions)
        recommender.wait_for_states({4: "AVAILABLE", 3: "AVAILABLE", 2: "AVAILABLE", 1: "SERVING"})
        assert [version.pinned for version in recommender.versions()] == [False] * 3 + [True]
        assert recommender.report().activation == answer.activation


def test_going_back_to_the_latest_serves_the_newest_good_one_when_the_call_returns(
    versions: Path,
) -> None:
    publish(versions)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_until_it_serves(1)
        recommender.pin(1)
        publish(versions)
        publish_bad(versions, corrupt)
        answer = recommender.follow_the_latest()
        assert answer.serving_version == recommender.answering() == 2
        assert answer.activation == control_pb2.Activation(generation=2, policy=LATEST)
        assert recommender.states() == {3: "REJECTED", 2: "SERVING", 1: "AVAILABLE"}
        publish(versions)
        recommender.wait_until_it_serves(4)


def test_the_latest_may_be_asked_for_before_there_is_any_version(versions: Path) -> None:
    versions.mkdir(parents=True)
    with running_recommender(versions.parent) as recommender:
        assert recommender.follow_the_latest().serving_version == 0
        publish(versions)
        recommender.wait_until_it_serves(1)


def test_what_was_said_holds_over_a_restart_and_nothing_else_serves_before(
    versions: Path,
) -> None:
    for _ in range(3):
        publish(versions)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_until_it_serves(3)
        recommender.pin(1)
        recommender.label("canary", 2)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_until_it_serves(1)
        until(recommender.loaded, lambda loaded: 2 in loaded)
        # What had served before would still be in memory.
        assert recommender.loaded() == {1, 2}
        assert recommender.answering("canary") == 2


def test_a_label_is_put_on_a_version_moved_and_taken_away(versions: Path) -> None:
    for _ in range(4):
        publish(versions)
    with running_recommender(versions.parent, loaded_versions=1) as recommender:
        recommender.wait_until_it_serves(4)
        assert recommender.label("stable", 1).serving_version == 4
        assert recommender.answering("stable") == 1
        moved = recommender.label("stable", 2)
        assert dict(moved.activation.labels) == {"stable": 2}
        assert recommender.answering("stable") == 2
        recommender.label("a-canary", 2)
        labels = {version.version: list(version.labels) for version in recommender.versions()}
        assert labels == {4: [], 3: [], 2: ["a-canary", "stable"], 1: []}
        left = recommender.unlabel("stable")
        assert dict(left.activation.labels) == {"a-canary": 2}
        assert left.activation.generation == 4
        status = refused(lambda: recommender.answering("stable"))
        assert outcome(status) == ("NOT_FOUND", "VERSION_NOT_LOADED")
        assert recommender.answering("a-canary") == 2
        assert recommender.answering() == 4


def test_pinning_leaves_the_labels_and_labelling_leaves_what_serves(versions: Path) -> None:
    for _ in range(3):
        publish(versions)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_until_it_serves(3)
        recommender.label("x", 1)
        answer = recommender.pin(2)
        assert dict(answer.activation.labels) == {"x": 1}
        answer = recommender.label("y", 3)
        assert (answer.serving_version, answer.activation.version) == (2, 2)


def test_what_is_to_serve_is_waited_for_and_nothing_else_serves_meanwhile(
    versions: Path, control: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(2):
        publish(versions)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_until_it_serves(2)
        recommender.pin(1)
        publish(versions)
        recommender.wait_for_states({3: "AVAILABLE", 2: "AVAILABLE", 1: "SERVING"})
        assert recommender.loaded() == {1, 2}
        change_activation(control, lambda activation: activation.to_pin(None))
        recommender.wait_until_it_serves(3)
    said = [record.getMessage() for record in caplog.records]
    assert [text[8] for text in said if " serves, " in text] == ["2", "1", "3"]


@pytest.mark.parametrize("label", ["", "x"])
@pytest.mark.parametrize("number", [3, 0, -1, 10**18])
def test_a_version_that_is_not_on_the_volume_is_not_found_and_those_there_are_named(
    versions: Path, label: str, number: int
) -> None:
    publish(versions)
    publish(versions)
    shutil.copytree(versions / "1", versions / "-1")
    with running_recommender(versions.parent) as recommender:
        recommender.wait_for_states({2: "SERVING", 1: "AVAILABLE"})
        request = pb.ActivateVersionRequest(version=number, label=label)
        status = refused(lambda: recommender.activate(request))
        assert outcome(status) == ("NOT_FOUND", "VERSION_NOT_FOUND")
        assert status.message == f"version {number} is not on the volume; there are 2, 1"
        assert detail(status, ResourceInfo).resource_name == str(number)
        assert not recommender.report().activation.generation


def test_a_version_in_memory_that_is_no_longer_on_the_volume_is_not_found_either(
    versions: Path,
) -> None:
    publish(versions)
    publish(versions)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_until_it_serves(2)
        recommender.pin(1)
        shutil.rmtree(versions / "2")
        status = refused(lambda: recommender.pin(2))
        assert outcome(status) == ("NOT_FOUND", "VERSION_NOT_FOUND")
        assert recommender.answering() == 1


@pytest.mark.parametrize("label", ["", "x"])
def test_a_bad_version_is_refused_with_its_reason_and_nothing_changes(
    versions: Path, control: Path, label: str
) -> None:
    publish(versions)
    publish_bad(versions, corrupt)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_for_states({2: "REJECTED", 1: "SERVING"})
        request = pb.ActivateVersionRequest(version=2, label=label)
        status = refused(lambda: recommender.activate(request))
        assert outcome(status) == ("DATA_LOSS", "VERSION_REJECTED")
        assert detail(status, ErrorInfo).metadata["version_reason"] == "CHECKSUM"
        assert "version 2 must not be served: CHECKSUM: embeddings.npy is not" in status.message
        assert read_activation(control).generation == 0
        assert recommender.states() == {2: "REJECTED", 1: "SERVING"}


def test_a_bad_version_that_was_mended_is_looked_at_anew_on_every_replica(versions: Path) -> None:
    publish(versions)
    bad = publish_bad(versions, corrupt)
    with (
        running_recommender(versions.parent) as first,
        running_recommender(versions.parent) as second,
    ):
        for recommender in (first, second):
            recommender.wait_for_states({2: "REJECTED", 1: "SERVING"})
        corrupt(bad)
        assert first.pin(2).serving_version == 2
        second.wait_for_states({2: "SERVING", 1: "AVAILABLE"})


def test_a_version_that_the_gate_holds_back_never_becomes_the_latest_by_itself(
    versions: Path,
) -> None:
    publish(versions)
    publish_held_back(versions)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_for_states({2: "REJECTED", 1: "SERVING"})
        held_back = recommender.version(2)
        assert held_back.reason == "GATE"
        assert "0.250" in held_back.message
        assert "0.500" in held_back.message
        assert held_back.manifest.version == 2
        publish_held_back(versions, forced=True)
        recommender.wait_for_states({3: "SERVING", 2: "REJECTED", 1: "AVAILABLE"})


def test_a_version_that_the_gate_holds_back_may_be_pinned_and_labelled(versions: Path) -> None:
    publish(versions)
    publish_held_back(versions)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_for_states({2: "REJECTED", 1: "SERVING"})
        recommender.label("worse", 2)
        assert recommender.answering("worse") == 2
        labelled = recommender.version(2)
        assert (labelled.state, labelled.reason) == (pb.VERSION_STATE_REJECTED, "GATE")
        assert labelled.loaded
        assert recommender.pin(2).serving_version == 2
        pinned = recommender.version(2)
        assert (pinned.state, pinned.reason, pinned.message) == (pb.VERSION_STATE_SERVING, "", "")
        assert recommender.follow_the_latest().serving_version == 1
        recommender.wait_for_states({2: "REJECTED", 1: "SERVING"})


@pytest.mark.parametrize(
    ("request_", "field", "words"),
    [
        (pb.ActivateVersionRequest(), "target", "give a version, or latest, or a label"),
        (pb.ActivateVersionRequest(latest=False), "latest", "only true is"),
        (pb.ActivateVersionRequest(latest=True, label="x"), "label", "no label can be put on"),
        (pb.ActivateVersionRequest(version=1, label="1x"), "label", "'1x' is not legal; legal are"),
        (pb.ActivateVersionRequest(version=1, label="x\n"), "label", "not legal"),
        (pb.ActivateVersionRequest(version=1, label="x" * 65), "label", "1 to 64 letters"),
        (pb.ActivateVersionRequest(version=1, label="latest"), "label", "give another name"),
        (pb.ActivateVersionRequest(version=1, label="none"), "label", "give another name"),
        (pb.ActivateVersionRequest(label="a b"), "label", "'a b' is not legal"),
    ],
)
def test_a_request_that_is_not_legal_is_refused_by_its_field(
    versions: Path, request_: pb.ActivateVersionRequest, field: str, words: str
) -> None:
    publish(versions)
    with running_recommender(versions.parent) as recommender:
        status = refused(lambda: recommender.activate(request_))
        assert outcome(status) == ("INVALID_ARGUMENT", "INVALID_REQUEST")
        (violation,) = detail(status, BadRequest).field_violations
        assert violation.field == field
        assert words in violation.description


def test_a_label_that_is_not_there_cannot_be_taken_away(versions: Path) -> None:
    publish(versions)
    with running_recommender(versions.parent) as recommender:
        recommender.label("stable", 1)
        status = refused(lambda: recommender.unlabel("canary"))
        assert outcome(status) == ("NOT_FOUND", "LABEL_NOT_FOUND")
        assert status.message == "there is no label 'canary' to take away; there is stable"
        assert recommender.report().activation.generation == 1


def test_of_many_changes_at_once_on_two_replicas_each_takes_effect_whole(
    versions: Path, control: Path
) -> None:
    for _ in range(3):
        publish(versions)
    with (
        running_recommender(versions.parent) as first,
        running_recommender(versions.parent) as second,
    ):
        for recommender in (first, second):
            recommender.wait_until_it_serves(3)
        requests = [
            pb.ActivateVersionRequest(version=1 + i % 3, label=f"x{i % 4}" if i % 2 else "")
            for i in range(24)
        ]

        def change(position: int) -> pb.ActivateVersionResponse:
            return (first, second)[position % 4 // 2].activate(requests[position])

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(change, range(len(requests))))

        made = sorted(
            zip(answers, requests, strict=True), key=lambda pair: pair[0].activation.generation
        )
        expected = control_pb2.Activation(policy=LATEST)
        for generation, (answer, request) in enumerate(made, start=1):
            expected.generation = generation
            if request.label:
                expected.labels[request.label] = request.version
            else:
                expected.policy, expected.version = PINNED, request.version
                assert answer.serving_version == request.version
            assert answer.activation == expected
        for recommender in (first, second):
            until(recommender.report, lambda report: report.activation == expected)
            recommender.wait_until_it_serves(expected.version)
        assert read_activation(control).generation == len(requests)


def test_a_pinned_version_that_is_bad_at_a_start_leaves_nothing_serving_and_says_what_to_do(
    versions: Path,
) -> None:
    pinned = publish(versions)
    publish(versions)
    with running_recommender(versions.parent) as recommender:
        recommender.pin(1)
    corrupt(pinned)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_for_states({2: "AVAILABLE", 1: "REJECTED"})
        status = refused(recommender.answering)
        assert outcome(status) == ("UNAVAILABLE", "NO_VERSION")
        assert (
            "no version is loaded yet: version 1 is pinned and is REJECTED: CHECKSUM: "
            "embeddings.npy is not what the manifest's digest says; mend it and activate it again, "
            "or activate another version, or the latest"
        ) in status.message
        assert health_of(recommender.channel) == "NOT_SERVING"
        corrupt(pinned)
        assert recommender.pin(1).serving_version == 1
        assert health_of(recommender.channel) == "SERVING"


def test_it_recovers_when_another_version_is_to_serve(versions: Path) -> None:
    pinned = publish(versions)
    publish(versions)
    with running_recommender(versions.parent) as recommender:
        recommender.pin(1)
    corrupt(pinned)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_for_states({2: "AVAILABLE", 1: "REJECTED"})
        assert recommender.follow_the_latest().serving_version == 2
        assert health_of(recommender.channel) == "SERVING"
        assert recommender.answering() == 2


def test_a_pinned_version_that_is_not_there_serves_as_soon_as_it_is(versions: Path) -> None:
    pinned = publish(versions)
    publish(versions)
    with running_recommender(versions.parent) as recommender:
        recommender.pin(1)
    away = pinned.rename(versions / "away")
    with running_recommender(versions.parent) as recommender:
        recommender.wait_for_states({2: "AVAILABLE"})
        status = refused(recommender.answering)
        assert "version 1 is pinned and is not on the volume, where there is 2;" in status.message
        assert recommender.report().control_problem in status.message
        assert recommender.report().control_problem.startswith("version 1 is pinned and is not on")
        away.rename(pinned)
        recommender.wait_for_states({2: "AVAILABLE", 1: "SERVING"})
        assert not recommender.report().control_problem


def test_a_label_is_served_while_the_pinned_version_cannot_be(versions: Path) -> None:
    pinned = publish(versions)
    publish(versions)
    with running_recommender(versions.parent) as recommender:
        recommender.pin(1)
        recommender.label("canary", 2)
    corrupt(pinned)
    with running_recommender(versions.parent) as recommender:
        until(recommender.loaded, lambda loaded: 2 in loaded)
        assert recommender.answering("canary") == 2
        assert outcome(refused(recommender.answering)) == ("UNAVAILABLE", "NO_VERSION")


def test_while_something_serves_a_pinned_version_that_is_bad_changes_nothing(
    versions: Path, control: Path
) -> None:
    publish(versions)
    publish_bad(versions, corrupt)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_until_it_serves(1)
        change_activation(control, lambda activation: activation.to_pin(2))
        until(recommender.report, lambda report: report.activation.generation == 1)
        publish(versions)
        recommender.wait_for_states({3: "AVAILABLE", 2: "REJECTED", 1: "SERVING"})
        assert recommender.answering() == 1
        assert recommender.version(2).pinned
        problem = recommender.report().control_problem
        assert problem.startswith(
            "version 2 is pinned and is REJECTED: CHECKSUM: embeddings.npy is"
        )
        assert problem.endswith("activate another version, or the latest")
