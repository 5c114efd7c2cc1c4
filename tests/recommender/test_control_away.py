"""A control folder that is away, or says less than it did: what was said last goes on."""

import logging
from pathlib import Path

import pytest

from movierec.control.files import replace_file
from movierec.control.folder import make_control_folder
from movierec.control.replicas import live_replicas
from support.control import change_activation
from support.mounts import Volume, volume
from support.recommenders import running_recommender
from support.servers import health_of, until
from support.statuses import outcome, refused
from support.volumes import publish

__all__ = ["volume"]  # a fixture


@pytest.fixture
def control(versions: Path) -> Path:
    """The control folder of a volume with three versions."""
    for _ in range(3):
        publish(versions)
    folder = versions.parent / "control"
    make_control_folder(folder)
    return folder


def warnings_about(caplog: pytest.LogCaptureFixture, words: str) -> int:
    return sum(
        record.levelno == logging.WARNING and words in record.getMessage()
        for record in caplog.records
    )


@pytest.mark.parametrize("left", [None, 1])
def test_what_was_said_last_goes_on_when_less_is_said_and_is_written_again_with_the_next_change(
    versions: Path, control: Path, caplog: pytest.LogCaptureFixture, left: int | None
) -> None:
    """Nothing, or what a backup says: it is what another volume in its place would say."""
    path = control / "activation.json"
    with running_recommender(versions.parent) as recommender:
        recommender.pin(2)
        backup = path.read_bytes()
        recommender.pin(1)
        recommender.label("x", 2)
        if left is None:
            path.unlink()
        else:
            replace_file(path, backup)
        problem = until(
            lambda: recommender.report().control_problem, lambda said: "activation.json" in said
        )
        says = "is not there" if left is None else "says generation 1"
        assert problem == (
            f"{path} {says}, where generation 3 was said; version 1 goes on to be followed: "
            f"bring it back, or say anew what is to serve, with `movierec activate`"
        )
        recommender.wait_for_looks()
        assert warnings_about(caplog, "where generation 3 was said") == 1
        assert (recommender.answering(), recommender.answering("x")) == (1, 2)
        said = recommender.pin(3).activation
        assert (said.generation, dict(said.labels)) == (4, {"x": 2})
        assert not recommender.report().control_problem


@pytest.mark.parametrize("left", [None, 1])
def test_a_change_on_a_replica_that_was_started_when_less_was_said_is_followed_by_the_others(
    versions: Path, control: Path, left: int | None
) -> None:
    path = control / "activation.json"
    with running_recommender(versions.parent) as first:
        first.pin(1)
        backup = path.read_bytes()
        first.label("x", 3)
        first.pin(1)
        until(lambda: [one.generation for one in live_replicas(control)], lambda said: said == [3])
        if left is None:
            path.unlink()
        else:
            replace_file(path, backup)
        with running_recommender(versions.parent) as second:
            second.wait_until_it_serves(3 if left is None else 1)
            assert second.pin(2).activation.generation == 4
            first.wait_until_it_serves(2)
            until(lambda: first.report().control_problem, lambda problem: not problem)
            assert first.report().activation == second.report().activation


def test_a_control_volume_that_vanishes_takes_nothing_with_it_and_nothing_is_made_in_its_place(
    versions: Path, volume: Volume
) -> None:
    for _ in range(3):
        publish(versions)
    make_control_folder(volume.path)
    with running_recommender(versions.parent, control_dir=volume.path) as recommender:
        recommender.pin(2)
        said = recommender.label("canary", 1).activation
        volume.vanish()
        for expected in (
            f"{volume.path} is empty (is its volume mounted?), so that others do not see",
            "where generation 2 was said; version 2 goes on to be followed",
        ):
            until(lambda: recommender.report().control_problem, lambda said: expected in said)  # noqa: B023
        recommender.wait_for_looks()
        assert recommender.report().activation == said
        assert (recommender.answering(), recommender.answering("canary")) == (2, 1)
        for change in (recommender.follow_the_latest, lambda: recommender.pin(3)):
            status = refused(change)
            assert outcome(status) == ("FAILED_PRECONDITION", "CONTROL_NOT_WRITABLE")
            assert "is its volume mounted?), and generation 2 was said there" in status.message
        assert list(volume.path.iterdir()) == []
        volume.come_back()
        until(lambda: recommender.report().control_problem, lambda problem: not problem)
        assert recommender.pin(3).activation.generation == 3


@pytest.mark.parametrize("left", ["an empty folder", "nothing", "no parent", "a dangling link"])
def test_a_control_folder_that_is_away_at_a_start_is_not_made_and_loudly_missed_until_it_is_back(
    versions: Path, control: Path, caplog: pytest.LogCaptureFixture, left: str
) -> None:
    """It serves the latest all the same, and what is pinned as soon as that is known."""
    place = control if left == "a dangling link" else versions.parent.with_name("place") / "control"
    place.parent.mkdir(exist_ok=True)
    change_activation(control, lambda now: now.to_pin(1))
    away = control.rename(control.with_name("away"))
    if left == "an empty folder":
        place.mkdir()
    if left == "no parent":
        place.parent.rmdir()
    if left == "a dangling link":
        place.symlink_to("nowhere")
    with running_recommender(versions.parent, control_dir=place) as recommender:
        recommender.wait_until_it_serves(3)
        problem = until(lambda: recommender.report().control_problem, bool)
        is_what = "empty" if left == "an empty folder" else "not there"
        assert problem == (
            f"the control folder {place} is {is_what}, and there are versions (is its volume "
            f"mounted? if it is a new one, make the folder {place}/replicas), so that the latest "
            f"version is followed, whatever may be pinned, and others do not see this replica"
        )
        assert warnings_about(caplog, problem) == 1
        status = refused(recommender.follow_the_latest)
        assert outcome(status)[0] == "UNAVAILABLE"
        recommender.wait_for_looks()
        assert not place.exists() or not list(place.iterdir())
        place.parent.mkdir(exist_ok=True)
        if left == "a dangling link":
            place.unlink()
        away.rename(place)
        recommender.wait_until_it_serves(1)
        until(lambda: recommender.report().control_problem, lambda problem: not problem)
        assert recommender.pin(2).activation.generation == 2


def test_a_control_folder_among_versions_that_never_had_one_is_made_with_a_warning(
    versions: Path, caplog: pytest.LogCaptureFixture
) -> None:
    publish(versions)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_until_it_serves(1)
        until(lambda: live_replicas(versions.parent / "control"), bool)
        assert warnings_about(caplog, "if a version was pinned, that is lost") == 1
        assert recommender.pin(1).serving_version == 1


def test_a_volume_that_vanished_before_anything_was_said_is_not_written_to(
    tmp_path: Path,
) -> None:
    artifacts = tmp_path / "artifacts"
    publish(artifacts / "versions")
    with running_recommender(artifacts) as recommender:
        recommender.wait_until_it_serves(1)
        until(lambda: live_replicas(artifacts / "control"), bool)
        artifacts.rename(tmp_path / "away")
        artifacts.mkdir()
        for change in (recommender.follow_the_latest, lambda: recommender.pin(1)):
            status = refused(change)
            assert outcome(status) == ("UNAVAILABLE", "VOLUME_SILENT")
            assert status.message.startswith("the volume does not answer as it should (")
            assert status.message.endswith("); nothing was changed: try again")
        assert list(artifacts.iterdir()) == []


def test_replicas_that_is_gone_is_not_made_anew_while_it_runs(
    versions: Path, control: Path
) -> None:
    with running_recommender(versions.parent) as recommender:
        until(lambda: live_replicas(control), bool)
        recommender.pin(1)
        away = (control / "replicas").rename(control / "away")
        problem = until(lambda: recommender.report().control_problem, bool)
        assert problem.startswith(f"{control}/replicas is not there: if its volume is, make this")
        assert not (control / "replicas").exists()
        away.rename(control / "replicas")
        until(lambda: recommender.report().control_problem, lambda problem: not problem)


def test_a_volume_that_is_away_takes_neither_the_pin_nor_the_labels_with_it(
    versions: Path, control: Path
) -> None:
    away = versions.parent.with_name("away")
    with running_recommender(versions.parent) as recommender:
        recommender.wait_until_it_serves(3)
        recommender.pin(2)
        said = recommender.label("canary", 1).activation
        until(lambda: [one.generation for one in live_replicas(control)], lambda said: said == [2])
        versions.parent.rename(away)
        was_said = "activation.json is not there, where generation 2 was said; version 2 goes on"
        until(lambda: recommender.report().control_problem, lambda said: was_said in said)
        until(
            lambda: recommender.report().control_problem,
            lambda said: f"{control} is not there, so that others do not see" in said,
        )
        assert recommender.report().activation == said
        assert recommender.answering() == 2
        assert recommender.answering("canary") == 1
        assert health_of(recommender.channel) == "SERVING"
        assert not versions.parent.exists()  # nothing was made in its place
        away.rename(versions.parent)
        until(lambda: recommender.report().control_problem, lambda problem: not problem)
        recommender.wait_for_states({3: "AVAILABLE", 2: "SERVING", 1: "AVAILABLE"})


def test_a_control_folder_that_vanished_is_not_made_anew_by_a_change(
    versions: Path, control: Path
) -> None:
    with running_recommender(versions.parent) as recommender:
        recommender.pin(2)
        said = recommender.label("canary", 1).activation
        until(lambda: [one.generation for one in live_replicas(control)], lambda said: said == [2])
        away = control.rename(control.with_name("away"))
        until(lambda: recommender.report().control_problem, bool)
        for change in (lambda: recommender.pin(3), lambda: recommender.unlabel("canary")):
            status = refused(change)
            assert outcome(status) == ("FAILED_PRECONDITION", "CONTROL_NOT_WRITABLE")
            assert status.message == (
                f"the control folder {control} is not there, and generation 2 was said there; "
                f"nothing was changed: bring it back or, if it is lost, make the folder "
                f"{control}/replicas and try again"
            )
        assert not control.exists()
        assert recommender.report().activation == said
        away.rename(control)
        assert recommender.pin(3).activation.generation == 3
        assert recommender.answering("canary") == 1


@pytest.mark.usefixtures("control")
def test_while_the_volume_is_away_it_is_not_said_that_a_version_is_not_there(
    versions: Path,
) -> None:
    with running_recommender(versions.parent) as recommender:
        recommender.wait_until_it_serves(3)
        away = versions.rename(versions.with_name("away"))
        for number in (1, 3, 52):
            status = refused(lambda: recommender.pin(number))  # noqa: B023
            assert outcome(status) == ("UNAVAILABLE", "VOLUME_SILENT")
            assert status.message == (
                "the volume does not answer as it should (it has no folder for versions); nothing "
                "was changed: try again"
            )
        away.rename(versions)
        assert outcome(refused(lambda: recommender.pin(52)))[0] == "NOT_FOUND"
        assert recommender.pin(1).serving_version == 1
