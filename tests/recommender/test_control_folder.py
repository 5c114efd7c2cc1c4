"""What is wrong with the control folder is said, and no call is lost by it."""

import logging
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest

from movierec.control.files import replace_file
from movierec.control.folder import make_control_folder
from movierec.control.replicas import live_replicas
from support.control import change_activation
from support.mounts import Volume, fill, volume
from support.recommenders import AskedRecommender, running_recommender
from support.servers import health_of, until, wait_until_serving
from support.services import AS_ANYBODY, started
from support.statuses import outcome, refused
from support.volumes import publish

__all__ = ["volume"]  # a fixture

WAITS = (
    "; nothing is served before it is known what is to be: mend the file, or remove it to follow "
    "the latest version"
)

ENDLESS = '{"policy": "ACTIVATION_POLICY_LATEST", "generation": "9223372036854775807"}'

MALFORMED = ["{", "[]", ENDLESS, '{"policy": 7}', '{"policy": "ACTIVATION_POLICY_PINNED"}', "\x00"]


@pytest.fixture
def control(versions: Path) -> Path:
    """The control folder of a volume with three versions."""
    for _ in range(3):
        publish(versions)
    folder = versions.parent / "control"
    make_control_folder(folder)
    return folder


def to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def warnings_about(caplog: pytest.LogCaptureFixture, words: str) -> int:
    return sum(
        record.levelno == logging.WARNING and words in record.getMessage()
        for record in caplog.records
    )


@pytest.mark.parametrize("content", MALFORMED)
def test_an_activation_that_cannot_be_understood_changes_nothing_and_is_warned_of_once(
    versions: Path, control: Path, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    with running_recommender(versions.parent) as recommender:
        recommender.wait_until_it_serves(3)
        said = recommender.pin(2).activation
        replace_file(control / "activation.json", content.encode())
        problem = until(lambda: recommender.report().control_problem, bool)
        assert "activation.json" in problem
        assert "version 2 goes on to be followed" in problem
        recommender.wait_for_looks()
        publish(versions)
        recommender.wait_for_states({4: "AVAILABLE", 3: "AVAILABLE", 2: "SERVING", 1: "AVAILABLE"})
        assert recommender.report().activation == said
        assert warnings_about(caplog, "activation.json") == 1


def test_another_content_that_cannot_be_understood_is_warned_of_again(
    versions: Path, control: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with running_recommender(versions.parent) as recommender:
        recommender.wait_until_it_serves(3)
        for count, policy in enumerate((7, 8), start=1):  # the sentence is the same
            replace_file(control / "activation.json", f'{{"policy": {policy}}}'.encode())
            until(lambda: warnings_about(caplog, "activation.json"), lambda n: n == count)  # noqa: B023
        (control / "activation.json").unlink()
        until(recommender.report, lambda report: not report.control_problem)


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, to_itself, to_a_device])
def test_at_a_start_nothing_serves_while_what_is_no_file_is_in_the_place_of_the_activation(
    versions: Path, control: Path, caplog: pytest.LogCaptureFixture, make: Callable[[Path], object]
) -> None:
    """Both the log and the list of versions say so."""
    activation = control / "activation.json"
    make(activation)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_for_states({3: "AVAILABLE", 2: "AVAILABLE", 1: "AVAILABLE"})
        problem = recommender.report().control_problem
        assert problem.startswith(f"{activation} is no activation: ")
        assert problem.endswith(WAITS)
        assert warnings_about(caplog, f"{activation} is no activation") == 1
        status = refused(lambda: recommender.pin(1))
        assert outcome(status) == ("FAILED_PRECONDITION", "CONTROL_NOT_WRITABLE")
        assert "nothing was changed: mend the file, or remove it" in status.message
        activation.rename(control / "aside")
        recommender.wait_until_it_serves(3)
        until(lambda: recommender.report().control_problem, lambda problem: not problem)
        assert recommender.pin(1).serving_version == 1


@pytest.mark.parametrize("make", [os.mkfifo, to_a_device])
def test_what_was_said_goes_on_to_be_followed_when_something_that_is_no_file_takes_its_place(
    versions: Path, control: Path, make: Callable[[Path], object]
) -> None:
    with running_recommender(versions.parent) as recommender:
        recommender.wait_until_it_serves(3)
        recommender.pin(2)
        make(control / "aside")
        (control / "aside").rename(control / "activation.json")
        problem = until(lambda: recommender.report().control_problem, bool)
        assert problem.endswith("; version 2 goes on to be followed")
        assert recommender.answering() == 2


@pytest.mark.parametrize("content", MALFORMED)
def test_at_a_start_nothing_serves_before_the_activation_can_be_understood(
    versions: Path, control: Path, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    """It may well be a rollback, which the latest version would undo."""
    said = change_activation(control, lambda activation: activation.to_pin(1))
    activation = control / "activation.json"
    kept = activation.read_bytes()
    activation.write_text(content)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_for_states({3: "AVAILABLE", 2: "AVAILABLE", 1: "AVAILABLE"})
        recommender.wait_for_looks()
        status = refused(recommender.answering)
        assert outcome(status) == ("UNAVAILABLE", "NO_VERSION")
        assert "activation.json" in status.message
        assert WAITS in status.message
        assert health_of(recommender.channel) == "NOT_SERVING"
        assert not recommender.report().HasField("activation")
        assert recommender.report().control_problem.endswith(WAITS)
        assert warnings_about(caplog, WAITS) == 1
        replace_file(activation, kept)
        recommender.wait_until_it_serves(1)
        assert health_of(recommender.channel) == "SERVING"
        assert recommender.report().activation.generation == said.generation


def test_an_activation_that_cannot_be_understood_is_not_overwritten(
    versions: Path, control: Path
) -> None:
    (control / "activation.json").write_text("{")
    with running_recommender(versions.parent) as recommender:
        recommender.wait_for_states({3: "AVAILABLE", 2: "AVAILABLE", 1: "AVAILABLE"})
        status = refused(lambda: recommender.pin(1))
        assert outcome(status) == ("FAILED_PRECONDITION", "CONTROL_NOT_WRITABLE")
        assert "activation.json is no activation" in status.message
        assert "mend the file, or remove it" in status.message
        assert (control / "activation.json").read_text() == "{"


def test_a_folder_in_the_place_of_the_lock_is_named(versions: Path, control: Path) -> None:
    name = ".activation.json.lock"
    with running_recommender(versions.parent) as recommender:
        recommender.wait_until_it_serves(3)
        (control / name).mkdir()
        status = refused(lambda: recommender.pin(1))
        assert outcome(status) == ("FAILED_PRECONDITION", "CONTROL_NOT_WRITABLE")
        assert status.message == (
            f"{control / name} is a folder, where a file belongs; nothing was changed: remove it"
        )
        (control / name).rmdir()
        assert recommender.pin(1).serving_version == 1


def test_an_activation_that_cannot_be_read_just_now_is_waited_for_at_a_start_and_not_later(
    versions: Path, control: Path
) -> None:
    change_activation(control, lambda activation: activation.to_pin(1))
    activation = control / "activation.json"
    kept = activation.rename(control / "kept")
    activation.symlink_to("x" * 1_000)  # leads to a name that no volume takes
    with running_recommender(versions.parent) as recommender:
        recommender.wait_for_states({3: "AVAILABLE", 2: "AVAILABLE", 1: "AVAILABLE"})
        recommender.wait_for_looks()
        status = refused(recommender.answering)
        assert outcome(status) == ("UNAVAILABLE", "NO_VERSION")
        assert "activation.json cannot be read (File name too long)" in status.message
        assert not recommender.report().HasField("activation")
        kept.replace(activation)
        recommender.wait_until_it_serves(1)
        assert recommender.loaded() == {1}
        activation.rename(kept)
        activation.symlink_to("x" * 1_000)
        until(recommender.report, lambda report: "too long" in report.control_problem)
        publish(versions)
        recommender.wait_for_states({4: "AVAILABLE", 3: "AVAILABLE", 2: "AVAILABLE", 1: "SERVING"})


def test_where_no_folder_can_be_it_serves_all_the_same_and_says_so_once(
    versions: Path, control: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree(control)
    control.write_text("a file in its place")
    with running_recommender(versions.parent) as recommender:
        recommender.wait_until_it_serves(3)
        problem = until(
            lambda: recommender.report().control_problem, lambda text: "written" in text
        )
        assert "serves all the same" in problem
        assert "MOVIEREC_CONTROL_DIR" in problem
        (itself,) = recommender.report().replicas
        assert itself.serving_version == 3
        assert recommender.version(3).serving_replica_count == 1
        publish(versions)
        recommender.wait_until_it_serves(4)
        status = refused(lambda: recommender.pin(1))
        assert outcome(status) == ("FAILED_PRECONDITION", "CONTROL_NOT_WRITABLE")
        assert f"the control folder {control} cannot be written to (File exists)" in status.message
        assert recommender.answering() == 4
        assert warnings_about(caplog, "cannot be written to") == 1


def test_where_nothing_may_be_written_it_serves_all_the_same_and_says_who_may_not(
    control: Path, tmp_path: Path
) -> None:
    (control / "replicas").chmod(0o555)
    control.chmod(0o555)
    with (
        started("recommender_service", tmp_path, by=AS_ANYBODY) as service,
        grpc.insecure_channel(service.address) as channel,
    ):
        wait_until_serving(channel)
        recommender = AskedRecommender(service.address, channel)
        problem = until(lambda: recommender.report().control_problem, bool)
        assert "cannot be written to (Permission denied)" in problem
        status = refused(lambda: recommender.pin(1))
        assert outcome(status) == ("FAILED_PRECONDITION", "CONTROL_NOT_WRITABLE")
        assert "(Permission denied); nothing was changed" in status.message
        assert recommender.answering() == 3
    control.chmod(0o755)
    (control / "replicas").chmod(0o755)
    assert [path.name for path in control.rglob("*")] == ["replicas"]


def test_at_a_start_nothing_serves_before_the_activation_may_be_read(
    control: Path, tmp_path: Path
) -> None:
    change_activation(control, lambda activation: activation.to_pin(1))
    (control / "activation.json").chmod(0o000)
    with (
        started("recommender_service", tmp_path, by=AS_ANYBODY) as service,
        grpc.insecure_channel(service.address) as channel,
    ):
        recommender = AskedRecommender(service.address, channel)
        recommender.wait_for_states({3: "AVAILABLE", 2: "AVAILABLE", 1: "AVAILABLE"})
        status = refused(recommender.answering)
        assert outcome(status) == ("UNAVAILABLE", "NO_VERSION")
        assert "cannot be read (Permission denied); nothing is served" in status.message
        assert "let the recommender's user read it" in recommender.report().control_problem
        (control / "activation.json").chmod(0o444)
        recommender.wait_until_it_serves(1)


@pytest.mark.usefixtures("control")
def test_files_of_a_version_that_may_not_be_read_have_it_set_aside_until_it_is_activated(
    versions: Path, tmp_path: Path
) -> None:
    (versions / "3" / "embeddings.npy").chmod(0o000)
    (versions / "2").chmod(0o000)
    with (
        started("recommender_service", tmp_path, by=AS_ANYBODY) as service,
        grpc.insecure_channel(service.address) as channel,
    ):
        wait_until_serving(channel)
        recommender = AskedRecommender(service.address, channel)
        recommender.wait_for_states({3: "REJECTED", 2: "REJECTED", 1: "SERVING"})
        for number, name in ((3, "embeddings.npy"), (2, "manifest.json")):
            status = refused(lambda: recommender.pin(number))  # noqa: B023
            assert outcome(status) == ("DATA_LOSS", "VERSION_REJECTED")
            assert recommender.version(number).reason == "UNREADABLE"
            assert recommender.version(number).message.startswith(f"{name} ")
        (versions / "3" / "embeddings.npy").chmod(0o444)
        assert recommender.pin(3).serving_version == 3
    (versions / "2").chmod(0o755)


def test_a_control_folder_of_its_own_may_lie_anywhere(versions: Path, tmp_path: Path) -> None:
    publish(versions)
    control = tmp_path / "elsewhere"
    make_control_folder(control)
    with running_recommender(versions.parent, control_dir=control) as recommender:
        recommender.wait_until_it_serves(1)
        recommender.pin(1)
        (replica,) = until(
            lambda: live_replicas(control), lambda found: [one.generation for one in found] == [1]
        )
        assert replica.serving_version == 1
        assert not (versions.parent / "control").exists()
        assert recommender.report().look_time.ToDatetime(UTC) <= datetime.now(UTC)
        shutil.rmtree(versions / "1")
        assert outcome(refused(lambda: recommender.pin(1)))[0] == "NOT_FOUND"


def test_on_a_full_volume_a_replica_is_alive_with_what_it_has_and_says_to_make_room(
    versions: Path, volume: Volume
) -> None:
    publish(versions)
    make_control_folder(volume.path)
    with running_recommender(versions.parent, control_dir=volume.path) as recommender:
        recommender.wait_until_it_serves(1)
        (said,) = until(
            lambda: live_replicas(volume.path),
            lambda found: [one.serving_version for one in found] == [1],
        )
        fill(volume.path)
        problem = until(lambda: recommender.report().control_problem, bool)
        assert problem == (
            f"the control folder {volume.path} has no room (No space left on device), so that "
            f"others see this replica as it was: make room on its volume"
        )
        assert refused(lambda: recommender.pin(1)).message.endswith(": make room on its volume")
        then = datetime.now(UTC).timestamp() - 60
        os.utime(volume.path / "replicas" / f"{said.replica_id}.json", (then, then))
        (itself,) = until(lambda: live_replicas(volume.path), bool)
        assert (itself.replica_id, itself.serving_version) == (said.replica_id, 1)
        (volume.path / "ballast").unlink()
        until(lambda: recommender.report().control_problem, lambda problem: not problem)
