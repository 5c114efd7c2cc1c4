"""A version that goes while it is activated is not what is said to serve."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from movierec.chassis.errors import ServiceError
from movierec.control.activation import Activation, read_activation
from recommender_service.artifact.activating import Activator, Change
from recommender_service.artifact.control import ControlFolder
from recommender_service.artifact.followed import FollowedActivation
from recommender_service.artifact.questions import Questions
from recommender_service.artifact.shelf import Shelf
from recommender_service.artifact.survey import Survey
from recommender_service.artifact.versions import Versions
from recommender_service.artifact.volume import Volume
from recommender_service.errors import ControlNotWritableError, VersionNotFoundError
from support.control import change_activation
from support.volumes import publish


def interrupted(happens: Callable[[], None], version: int, label: str | None = None) -> Change:
    """A change that is made just after something else has happened."""

    class Interrupted(Change):
        def of(self, activation: Activation) -> Activation:
            happens()
            return super().of(activation)

    return Interrupted(version, label)


def refusal(volume: Path, change: Change) -> tuple[ServiceError, Activation, int | None]:
    """Why a change is not made, and what is followed and serves then."""

    async def activate() -> tuple[ServiceError, Activation, int | None]:
        questions = Questions()
        followed = FollowedActivation(ControlFolder(volume / "control", volume), questions)
        survey = Survey(Volume(volume, questions))

        async def on_change() -> None:
            pass

        versions = Versions(followed, survey, Shelf(2), on_change)
        await followed.read()
        await survey.look([])
        await versions.put(await survey.load(1))
        with pytest.raises(ServiceError) as error:
            await Activator(followed, survey, versions).activate(change)
        return error.value, versions.activation, versions.serving_number

    return asyncio.run(activate())


@pytest.mark.parametrize("label", [None, "stable", "canary"])
def test_a_version_that_is_removed_while_it_is_activated_is_not_found_and_nothing_is_changed(
    versions: Path, label: str | None
) -> None:
    publish(versions)
    removed = publish(versions)
    control = versions.parent / "control"
    before = change_activation(control, lambda now: now.to_pin(1).to_label("stable", 1))
    change = interrupted(lambda: shutil.rmtree(removed), 2, label)
    error, followed, serving = refusal(versions.parent, change)
    assert isinstance(error, VersionNotFoundError)
    assert str(error) == "version 2 is not on the volume; there is 1"
    said = read_activation(control)
    assert (said.pinned, said.labels) == (before.pinned, before.labels)
    assert (followed, serving) == (said, 1)


def test_where_that_cannot_be_taken_back_it_is_said_what_is_to_be_done(versions: Path) -> None:
    publish(versions)
    removed = publish(versions)
    control = versions.parent / "control"

    def happens() -> None:
        shutil.rmtree(removed)
        (control / ".activation.json.lock").unlink()
        (control / ".activation.json.lock").mkdir()  # so that no other change is made

    error, _, _ = refusal(versions.parent, interrupted(happens, 2))
    assert isinstance(error, ControlNotWritableError)
    assert str(error).startswith("version 2 was removed from the volume while it was activated")
    assert str(error).endswith("activate another version, or the latest")
    assert read_activation(control) == Activation(1, 2)


@pytest.mark.parametrize(
    ("change", "before", "now", "expected"),
    [
        (Change(3), Activation(4, 2), Activation(6, 3), Activation(7, 2)),
        (Change(3), Activation(4, 2), Activation(6, 5), Activation(6, 5)),
        (Change(3), Activation(4, 3), Activation(6, None), Activation(6, None)),
        (Change(3, "a"), Activation(), Activation(2, 1, {"a": 3}), Activation(3, 1)),
        (Change(3, "a"), Activation(), Activation(2, 1, {"a": 4}), Activation(2, 1, {"a": 4})),
        (Change(3, "a"), Activation(), Activation(2, 3), Activation(2, 3)),
    ],
)
def test_what_is_taken_back_is_the_change_alone_and_not_what_others_have_said_since(
    change: Change, before: Activation, now: Activation, expected: Activation
) -> None:
    assert change.taken_back(before, now) == expected
