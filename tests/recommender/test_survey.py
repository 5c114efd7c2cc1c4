"""What is found out about versions that come, go and change while they are read."""

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from recommender_service.artifact.questions import Questions
from recommender_service.artifact.survey import Survey
from recommender_service.artifact.volume import VersionGoneError, Volume
from recommender_service.errors import BadVersionError
from support.volumes import corrupt, publish, publish_held_back


def surveyed(versions: Path, scenario: Callable[[Survey], Awaitable[None]]) -> None:
    """Runs a scenario with a survey that has looked once."""

    async def run() -> None:
        survey = Survey(Volume(versions.parent, Questions()))
        await survey.look([])
        await scenario(survey)

    asyncio.run(run())


def vanish(folder: Path) -> None:
    """Takes a version away as the trainer does: first its name, and then its files."""
    shutil.rmtree(folder.rename(folder.with_name(f".removed-{folder.name}")))


@pytest.mark.parametrize("harm", [vanish, shutil.rmtree])
def test_a_version_that_is_removed_before_it_is_loaded_is_gone_and_nothing_is_wrong_with_it(
    versions: Path, caplog: pytest.LogCaptureFixture, harm: Callable[[Path], None]
) -> None:
    folder = publish(versions)

    async def scenario(survey: Survey) -> None:
        harm(folder)
        with pytest.raises(VersionGoneError):
            await survey.load(1)
        assert (survey.numbers, survey.there, survey.of(1)) == ([], [], None)
        with pytest.raises(VersionGoneError):
            await survey.read(1)
        with pytest.raises(VersionGoneError):
            await survey.find(1)

    with caplog.at_level(logging.WARNING):
        surveyed(versions, scenario)
    assert caplog.records == []


def test_a_version_of_which_only_a_file_is_missing_is_rejected(versions: Path) -> None:
    folder = publish(versions)

    async def scenario(survey: Survey) -> None:
        (folder / "movies.csv").unlink()
        with pytest.raises(BadVersionError):
            await survey.load(1)
        finding = survey.of(1)
        assert finding
        assert (finding.reason, survey.there, survey.latest()) == ("MISSING", [1], [])

    surveyed(versions, scenario)


def test_of_several_that_ask_for_a_version_at_once_all_get_the_same(versions: Path) -> None:
    publish(versions)

    async def scenario(survey: Survey) -> None:
        first, second = await asyncio.gather(survey.load(1), survey.load(1))
        assert first is second
        assert not survey.is_loading(1)
        assert await survey.load(1) is not first

    surveyed(versions, scenario)


def test_a_version_goes_on_being_loaded_when_one_who_asked_for_it_no_longer_waits(
    versions: Path,
) -> None:
    publish(versions)

    async def scenario(survey: Survey) -> None:
        gone = asyncio.create_task(survey.load(1))
        await asyncio.sleep(0)
        waiting = asyncio.create_task(survey.load(1))
        await asyncio.sleep(0)
        gone.cancel()
        assert (await waiting).number == 1

    surveyed(versions, scenario)


def test_what_may_be_the_latest_is_on_the_volume_good_and_not_held_back(versions: Path) -> None:
    for _ in range(2):
        publish(versions)
    publish_held_back(versions)
    publish_held_back(versions, forced=True)
    corrupt(versions / "2")

    async def scenario(survey: Survey) -> None:
        assert survey.latest() == [4, 2, 1]
        with pytest.raises(BadVersionError):
            await survey.load(2)
        assert survey.latest() == [4, 1]
        vanish(versions / "4")
        await survey.look([4])  # remembered, since it is in memory
        assert (survey.latest(), survey.numbers) == ([1], [4, 3, 2, 1])
        await survey.look([])
        assert survey.numbers == [3, 2, 1]

    surveyed(versions, scenario)


def test_a_look_at_a_volume_without_any_folder_for_versions_is_none(versions: Path) -> None:
    async def scenario(survey: Survey) -> None:
        assert survey.look_time is None
        publish(versions)
        await survey.look([])
        seen = survey.look_time
        assert seen
        shutil.rmtree(versions)
        await survey.look([])
        assert (survey.there, survey.look_time) == ([], seen)

    surveyed(versions, scenario)
