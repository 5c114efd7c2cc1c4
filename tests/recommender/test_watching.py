"""The newest good version serves, whatever happens to the volume.

Asked of a real service that looks for versions all the time: an answer that
depends on a look is asked for again until it is so.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support.damage import break_reading, change_manifest, flip_bit, mend_reading
from support.recommenders import AskedRecommender, running_recommender
from support.servers import health_of, until
from support.statuses import outcome, refused
from support.volumes import corrupt, publish, publish_bad


def is_answered_by(recommender: AskedRecommender, number: int) -> bool:
    (answer,) = recommender.recommend(10)
    return answer.header.model_version == number and len(answer.recommendations) == 5


def test_the_newest_version_serves_and_the_older_ones_are_available(versions: Path) -> None:
    for _ in range(3):
        publish(versions)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_for_states({3: "SERVING", 2: "AVAILABLE", 1: "AVAILABLE"})
        assert is_answered_by(recommender, 3)


def test_each_new_version_takes_over_and_the_one_before_is_available(versions: Path) -> None:
    with running_recommender(versions.parent) as recommender:
        assert recommender.states() == {}
        publish(versions)
        recommender.wait_for_states({1: "SERVING"})
        publish(versions)
        recommender.wait_for_states({2: "SERVING", 1: "AVAILABLE"})
        assert is_answered_by(recommender, 2)


def test_numbers_are_compared_as_numbers(versions: Path) -> None:
    for _ in range(10):
        publish(versions)
    with running_recommender(versions.parent) as recommender:
        until(recommender.states, lambda states: states.get(10) == "SERVING")
        assert list(recommender.states()) == list(range(10, 0, -1))


def test_a_bad_version_is_rejected_and_the_newest_good_one_serves(versions: Path) -> None:
    publish(versions)
    publish(versions)
    publish_bad(versions, corrupt)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_for_states({3: "REJECTED", 2: "SERVING", 1: "AVAILABLE"})
        assert is_answered_by(recommender, 2)


def test_a_bad_newer_version_does_not_replace_what_serves_and_a_later_good_one_does(
    versions: Path,
) -> None:
    publish(versions)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_for_states({1: "SERVING"})
        publish_bad(versions, corrupt)
        recommender.wait_for_states({2: "REJECTED", 1: "SERVING"})
        assert is_answered_by(recommender, 1)
        publish(versions)
        recommender.wait_for_states({3: "SERVING", 2: "REJECTED", 1: "AVAILABLE"})
        assert is_answered_by(recommender, 3)


@pytest.mark.parametrize(
    ("damage", "reason", "words", "has_manifest"),
    [
        (corrupt, "CHECKSUM", "embeddings.npy is not what the manifest's digest says", True),
        (lambda folder: (folder / "movies.csv").unlink(), "MISSING", "movies.csv", True),
        (lambda folder: change_manifest(folder, dim=3), "FORMAT", "float32 (6, 3)", True),
        (lambda folder: change_manifest(folder, format=2), "FORMAT", "format 2", False),
        (lambda folder: (folder / "manifest.json").unlink(), "MISSING", "manifest.json", False),
    ],
)
def test_a_rejected_version_says_why_and_shows_its_manifest_if_that_could_be_read(
    versions: Path,
    damage: Callable[[Path], None],
    reason: str,
    words: str,
    *,
    has_manifest: bool,
) -> None:
    publish(versions)
    publish_bad(versions, damage)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_for_states({2: "REJECTED", 1: "SERVING"})
        rejected, serving = recommender.versions()
        assert rejected.reason == reason
        assert words in rejected.message
        assert rejected.HasField("manifest") == has_manifest
        assert (serving.reason, serving.message, serving.manifest.version) == ("", "", 1)


def test_what_is_being_staged_and_other_names_are_invisible(versions: Path) -> None:
    good = publish(versions)
    for name in (
        ".staging-run-2",
        "03",
        "0",
        "-4",
        "+5",
        "6.0",
        " 7",
        "8 ",
        "x",
        "\u0669",
        "9" * 19,
    ):
        shutil.copytree(good, versions / name)
    (versions / "10").write_text("a file that is called like a version")
    (versions / "11").symlink_to("nowhere")
    publish_bad(versions, lambda folder: (folder / "manifest.json").unlink())
    with running_recommender(versions.parent) as recommender:
        recommender.wait_for_states({2: "REJECTED", 1: "SERVING"})
        # Where they do not stand in the way of what comes after them, either.
        shutil.copytree(good, versions / "12.staged")
        change_manifest(versions / "12.staged", version="12")
        (versions / "12.staged").rename(versions / "12")
        recommender.wait_for_states({12: "SERVING", 2: "REJECTED", 1: "AVAILABLE"})


@pytest.mark.parametrize("target", ["77", "x" * 1_000])
def test_a_name_that_leads_nowhere_is_no_version_and_does_not_hide_the_others(
    versions: Path, target: str
) -> None:
    publish(versions)
    (versions / "77").symlink_to(target)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_for_states({1: "SERVING"})
        publish(versions)
        recommender.wait_for_states({78: "SERVING", 1: "AVAILABLE"})
        status = refused(lambda: recommender.pin(77))
        assert outcome(status) == ("NOT_FOUND", "VERSION_NOT_FOUND")
        assert status.message == "version 77 is not on the volume; there are 78, 1"


def test_the_largest_number_that_is_looked_at_still_travels(versions: Path) -> None:
    largest = "9" * 18
    shutil.copytree(publish(versions), versions / largest)
    change_manifest(versions / largest, version=largest)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_for_states({int(largest): "SERVING", 1: "AVAILABLE"})


def test_a_version_that_disappears_while_it_serves_goes_on_serving(versions: Path) -> None:
    publish(versions)
    folder = publish(versions)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_for_states({2: "SERVING", 1: "AVAILABLE"})
        shutil.rmtree(folder)
        shutil.rmtree(versions / "1")
        recommender.wait_for_states({2: "SERVING"})
        assert is_answered_by(recommender, 2)
        publish(versions)
        recommender.wait_for_states({3: "SERVING", 2: "AVAILABLE"})  # 2 is in memory


def test_what_serves_is_not_replaced_by_an_older_version_when_it_disappears(
    versions: Path,
) -> None:
    publish(versions)
    folder = publish(versions)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_for_states({2: "SERVING", 1: "AVAILABLE"})
        shutil.rmtree(folder)
        recommender.wait_for_looks()
        assert recommender.states() == {2: "SERVING", 1: "AVAILABLE"}
        assert recommender.loaded() == {2}


def test_a_volume_that_is_away_for_a_while_changes_nothing(versions: Path) -> None:
    publish(versions)
    publish(versions)
    away = versions.parent.with_name("away")
    with running_recommender(versions.parent) as recommender:
        recommender.wait_for_states({2: "SERVING", 1: "AVAILABLE"})
        versions.parent.rename(away)
        recommender.wait_for_states({2: "SERVING"})
        assert is_answered_by(recommender, 2)
        assert health_of(recommender.channel) == "SERVING"
        away.rename(versions.parent)
        recommender.wait_for_states({2: "SERVING", 1: "AVAILABLE"})
        publish(versions)
        recommender.wait_for_states({3: "SERVING", 2: "AVAILABLE", 1: "AVAILABLE"})


def test_a_volume_that_answers_with_errors_leaves_what_serves(
    versions: Path, caplog: pytest.LogCaptureFixture
) -> None:
    publish(versions)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_for_states({1: "SERVING"})
        aside = versions.rename(versions.with_name("aside"))
        versions.write_text("no folder")
        until(lambda: caplog.text, lambda text: "the volume does not answer" in text)
        assert recommender.states() == {1: "SERVING"}
        assert is_answered_by(recommender, 1)
        versions.unlink()
        aside.rename(versions)
        publish(versions)
        recommender.wait_for_states({2: "SERVING", 1: "AVAILABLE"})


@pytest.mark.parametrize("name", ["manifest.json", "embeddings.npy", "movies.csv"])
def test_a_version_that_cannot_be_read_just_now_is_tried_again_and_until_then_an_older_one_serves(
    versions: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    publish(versions)
    unreadable = publish(versions) / name
    break_reading(unreadable)
    with running_recommender(versions.parent) as recommender:
        until(recommender.states, lambda states: states.get(1) == "SERVING")
        until(lambda: caplog.text, lambda text: text.count("version 2 cannot be") > 1)
        assert recommender.states().get(2) in {None, "AVAILABLE", "LOADING"}
        assert is_answered_by(recommender, 1)
        mend_reading(unreadable)
        recommender.wait_for_states({2: "SERVING", 1: "AVAILABLE"})


def test_a_version_whose_manifest_cannot_be_read_just_now_is_listed_with_the_reason(
    versions: Path,
) -> None:
    publish(versions)
    unreadable = publish(versions) / "manifest.json"
    break_reading(unreadable)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_for_states({2: "LOADING", 1: "SERVING"})
        listed = recommender.version(2)
        assert (listed.reason, listed.HasField("manifest")) == ("", False)
        assert listed.message == (
            "it cannot be read just now, and is tried again: [Errno 5] Input/output error"
        )
        mend_reading(unreadable)
        recommender.wait_for_states({2: "SERVING", 1: "AVAILABLE"})
        assert recommender.version(2).message == ""


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("manifest.json", "manifest.json is a link in a circle"),
        ("x" * 1_000, "manifest.json is a link to a name that is too long"),
        ("movies.csv/x", "manifest.json is a link into what is no folder"),
    ],
)
def test_a_version_whose_manifest_leads_nowhere_is_rejected_and_activate_says_why(
    versions: Path, target: str, why: str
) -> None:
    publish(versions)
    manifest = publish(versions) / "manifest.json"
    manifest.unlink()
    manifest.symlink_to(target)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_for_states({2: "REJECTED", 1: "SERVING"})
        listed = recommender.version(2)
        assert (listed.reason, listed.message) == ("MISSING", why)
        status = refused(lambda: recommender.pin(2))
        assert outcome(status) == ("DATA_LOSS", "VERSION_REJECTED")
        assert why in status.message


def test_a_version_once_rejected_is_not_looked_at_again(versions: Path) -> None:
    publish(versions)
    bad = publish_bad(versions, corrupt)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_for_states({2: "REJECTED", 1: "SERVING"})
        flip_bit(bad / "embeddings.npy", -1)
        publish_bad(versions, corrupt)
        recommender.wait_for_states({3: "REJECTED", 2: "REJECTED", 1: "SERVING"})
