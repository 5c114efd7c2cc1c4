"""A volume that hangs loses no call, and holds up neither an answer nor the end."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo

from movierec.v1 import recommender_pb2 as pb
from recommender_service.artifact.questions import PATIENCE_S
from support.control import change_activation
from support.hanging import all_of, hanging, has_ended, needs_strace
from support.recommenders import AskedRecommender
from support.servers import DEADLINE_S, health_of, until, wait_until_serving
from support.services import Running, started
from support.statuses import detail, outcome, refused
from support.volumes import publish


@pytest.fixture
def recommender(versions: Path, tmp_path: Path) -> Iterator[tuple[Running, AskedRecommender]]:
    """A process that serves 2, has pinned it, and has a label on 1."""
    publish(versions)
    publish(versions)
    flags = ("--artifacts-dir", str(versions.parent), "--poll-interval-s", "0.05")
    with (
        started("recommender_service", tmp_path, *flags) as service,
        grpc.insecure_channel(service.address) as channel,
    ):
        wait_until_serving(channel)
        asked = AskedRecommender(service.address, channel)
        asked.pin(2)
        asked.label("stable", 1)
        yield service, asked


def wait_until_it_is_known(recommender: AskedRecommender) -> None:
    """Asks until it is known that the volume does not answer."""
    until(lambda: recommender.report().control_problem, lambda text: "no answer" in text)


def test_what_serves_goes_on_while_the_volume_hangs_and_all_is_well_when_it_answers_again(
    recommender: tuple[Running, AskedRecommender], versions: Path
) -> None:
    needs_strace()
    service, asked = recommender
    before = asked.report()
    with hanging(service.process.pid, all_of(versions.parent)):
        status = refused(lambda: asked.pin(1))  # nobody knows of the silence yet
        assert outcome(status) == ("UNAVAILABLE", "VOLUME_SILENT")
        wait_until_it_is_known(asked)
        assert asked.answering() == asked.answering(2) == 2
        assert asked.answering("stable") == 1
        assert asked.stub.SearchMovies(pb.SearchMoviesRequest(query="heat")).movies
        assert asked.stub.GetModel(pb.GetModelRequest()).manifest.version == 2
        assert health_of(asked.channel) == "SERVING"
        now = asked.report()
        assert (now.activation, now.versions) == (before.activation, before.versions)
        for request in (
            pb.ActivateVersionRequest(version=1),
            pb.ActivateVersionRequest(version=2),
            pb.ActivateVersionRequest(version=2, label="x"),
            pb.ActivateVersionRequest(label="stable"),
            pb.ActivateVersionRequest(latest=True),
        ):
            # Now that it is known, nobody has to find it out anew.
            status = refused(lambda: asked.activate(request, timeout_s=PATIENCE_S - 1))  # noqa: B023
            assert outcome(status) == ("UNAVAILABLE", "VOLUME_SILENT")
            assert "nothing was changed: try again" in status.message
            assert detail(status, RetryInfo).retry_delay.ToSeconds() == 5
    publish(versions)
    asked.wait_for_states({3: "AVAILABLE", 2: "SERVING", 1: "AVAILABLE"})
    assert asked.report().activation == before.activation
    assert asked.pin(3).serving_version == 3
    until(lambda: asked.report().control_problem, lambda problem: not problem)


def test_the_process_ends_in_order_while_the_volume_hangs(
    recommender: tuple[Running, AskedRecommender], versions: Path
) -> None:
    needs_strace()
    service, asked = recommender
    with hanging(service.process.pid, all_of(versions.parent)):
        wait_until_it_is_known(asked)
        service.process.send_signal(signal.SIGTERM)
        # It is the tracer that still has to be told of its threads' ends.
        until(lambda: has_ended(service.process.pid), bool)
    assert service.process.wait(DEADLINE_S) == 0
    assert service.process.stderr
    assert "Traceback" not in service.process.stderr.read()


def test_a_version_whose_loading_hangs_holds_up_nothing_else(
    recommender: tuple[Running, AskedRecommender], versions: Path
) -> None:
    needs_strace()
    service, asked = recommender
    asked.follow_the_latest()
    with hanging(service.process.pid, [versions / "3" / "movies.csv"]):
        publish(versions)
        asked.wait_for_states({3: "LOADING", 2: "SERVING", 1: "AVAILABLE"})
        assert asked.answering() == 2
        assert asked.answering("stable") == 1
        # What another replica has said is followed.
        said = change_activation(
            versions.parent / "control", lambda activation: activation.to_label("too", 1)
        )
        until(asked.report, lambda report: report.activation.generation == said.generation)
        assert asked.answering("too") == 1
        assert asked.pin(1).serving_version == 1
    asked.follow_the_latest()
    asked.wait_for_states({3: "SERVING", 2: "AVAILABLE", 1: "AVAILABLE"})


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("activation.json", "activation.json is there, but is no file; version 2 goes on"),
        ("replicas/a-pipe.json", ""),
    ],
)
def test_a_pipe_in_the_place_of_a_file_of_the_control_folder_holds_up_nothing(
    recommender: tuple[Running, AskedRecommender], versions: Path, name: str, problem: str
) -> None:
    service, asked = recommender
    pipe = versions.parent / "control" / "pipe"
    os.mkfifo(pipe)
    pipe.rename(versions.parent / "control" / name)
    until(lambda: asked.report().control_problem, lambda said: problem in said)
    publish(versions)
    asked.wait_for_states({3: "AVAILABLE", 2: "SERVING", 1: "AVAILABLE"})
    assert asked.answering() == 2
    assert asked.answering("stable") == 1
    assert service.stop(signal.SIGTERM) == 0
