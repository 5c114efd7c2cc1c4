"""Holding what was trained against the active version, and why that cannot be done at times."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from support.control import change_activation
from support.datasets import two_tastes
from support.versions import publication, publish
from trainer_service.artifact.gating import hold_against_active
from trainer_service.artifact.publication import Publication
from trainer_service.data import Dataset
from trainer_service.model.gate import GateResult
from trainer_service.model.split import Split, split_ratings

HOLDOUT = 0.2


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return two_tastes(tmp_path_factory.mktemp("data"), users=400)


@pytest.fixture(scope="module")
def split(dataset: Dataset) -> Split:
    return split_ratings(dataset.ratings, HOLDOUT)


TASTE = np.repeat(np.eye(2, dtype=np.float32), 10, axis=0)
"""Of 20 movies, the first half is one taste, the second half the other."""

NO_TASTE = np.tile(np.eye(2, dtype=np.float32), (10, 1))


def publish_trained(
    artifacts_dir: Path,
    dataset: Dataset,
    embeddings: NDArray[np.float32],
    *,
    name: str = "tastes",
    holdout: float = HOLDOUT,
) -> int:
    """Publishes embeddings of the data set's movies."""
    by_hand = publication()
    trained = Publication(
        run_id="run-1",
        dataset=name,
        report=dataset.report,
        settings=by_hand.settings.model_copy(update={"holdout": holdout}),
        metrics=by_hand.metrics,
        movies=dataset.movies,
        rating_counts=dataset.ratings.rating_counts,
        embeddings=embeddings,
    )
    return publish(artifacts_dir, trained)


def held(
    artifacts_dir: Path,
    split: Split,
    embeddings: NDArray[np.float32],
    *,
    dataset: str = "tastes",
    holdout: float = HOLDOUT,
) -> GateResult:
    return hold_against_active(
        artifacts_dir,
        artifacts_dir / "control",
        dataset=dataset,
        embeddings=embeddings,
        movie_ids=split.test.movie_ids[: len(embeddings)],
        test=split.test,
        holdout=holdout,
    )


def test_what_has_lost_the_taste_is_rejected_and_what_has_found_it_passes(
    tmp_path: Path, dataset: Dataset, split: Split
) -> None:
    publish_trained(tmp_path, dataset, NO_TASTE)
    better = held(tmp_path, split, TASTE)
    assert (better.against_version, better.passed) == (1, True)
    publish_trained(tmp_path, dataset, TASTE)
    worse = held(tmp_path, split, NO_TASTE)
    assert (worse.against_version, worse.passed) == (2, False)
    assert worse.ndcg_at_100 == better.against_ndcg_at_100
    assert worse.against_ndcg_at_100 == better.ndcg_at_100
    assert worse.margin == better.margin > 0
    assert held(tmp_path, split, TASTE).passed


def test_what_has_lost_half_of_what_is_liked_is_rejected_and_what_has_it_again_passes(
    tmp_path: Path, dataset: Dataset, split: Split
) -> None:
    publish_trained(tmp_path, dataset, TASTE)
    result = held(tmp_path, split, TASTE[:10])
    assert (result.against_version, result.passed, result.note) == (1, False, "")
    assert held(tmp_path, split, TASTE).passed


def test_it_is_held_against_the_pinned_version_if_there_is_one(
    tmp_path: Path, dataset: Dataset, split: Split
) -> None:
    publish_trained(tmp_path, dataset, TASTE)
    publish_trained(tmp_path, dataset, NO_TASTE)
    assert held(tmp_path, split, NO_TASTE).against_version == 2
    change_activation(tmp_path / "control", lambda now: now.to_pin(1))
    result = held(tmp_path, split, NO_TASTE)
    assert (result.against_version, result.passed) == (1, False)


def assert_uncompared(result: GateResult, note: str) -> None:
    assert result == GateResult(passed=True, note=f"nothing was compared: {note}")


def test_the_first_version_passes(tmp_path: Path, split: Split) -> None:
    assert_uncompared(held(tmp_path, split, NO_TASTE), "no version was active")


def test_a_version_of_another_data_set_passes(
    tmp_path: Path, dataset: Dataset, split: Split
) -> None:
    publish_trained(tmp_path, dataset, TASTE, name="others")
    assert_uncompared(
        held(tmp_path, split, NO_TASTE),
        "version 1, which was active, is of the data set others",
    )


def test_where_nobody_was_held_out_it_passes(
    tmp_path: Path, dataset: Dataset, split: Split
) -> None:
    publish_trained(tmp_path, dataset, TASTE)
    everyone = split_ratings(dataset.ratings, 0.0)
    assert_uncompared(
        held(tmp_path, everyone, NO_TASTE, holdout=0.0),
        "nobody was held out of this version",
    )
    publish_trained(tmp_path, dataset, TASTE, holdout=0.0)
    assert_uncompared(
        held(tmp_path, split, NO_TASTE),
        "nobody was held out of version 2, which was active",
    )


def test_where_no_test_user_likes_enough_it_passes(
    tmp_path: Path, dataset: Dataset, split: Split
) -> None:
    publish_trained(tmp_path, dataset, TASTE)
    disliked = replace(split, test=split.test.select(split.test.rating < 4))
    result = held(tmp_path, disliked, NO_TASTE)
    assert result.passed
    assert result.note.startswith("nothing was compared: 0 users were held out of this version")


def pin_what_is_missing(artifacts_dir: Path) -> None:
    change_activation(artifacts_dir / "control", lambda now: now.to_pin(9))


def pin_what_is_damaged(artifacts_dir: Path) -> None:
    change_activation(artifacts_dir / "control", lambda now: now.to_pin(1))
    (artifacts_dir / "versions" / "1" / "movies.csv").write_text("")


def pin_what_is_no_file(artifacts_dir: Path) -> None:
    change_activation(artifacts_dir / "control", lambda now: now.to_pin(1))
    manifest = artifacts_dir / "versions" / "1" / "manifest.json"
    manifest.unlink()
    os.mkfifo(manifest)


def say_nonsense(artifacts_dir: Path) -> None:
    (artifacts_dir / "control").mkdir()
    (artifacts_dir / "control" / "activation.json").write_text("{")


def say_nothing_readable(artifacts_dir: Path) -> None:
    (artifacts_dir / "control" / "activation.json").mkdir(parents=True)


UNTOLD = [
    pin_what_is_missing,
    pin_what_is_damaged,
    pin_what_is_no_file,
    say_nonsense,
    say_nothing_readable,
]


@pytest.mark.parametrize("accident", UNTOLD)
def test_where_the_active_version_cannot_be_read_it_is_held_against_the_latest(
    tmp_path: Path, dataset: Dataset, split: Split, accident: Callable[[Path], None]
) -> None:
    publish_trained(tmp_path, dataset, NO_TASTE)
    publish_trained(tmp_path, dataset, TASTE)
    accident(tmp_path)
    worse, as_good = held(tmp_path, split, NO_TASTE), held(tmp_path, split, TASTE)
    assert (worse.against_version, worse.passed, worse.note) == (2, False, "")
    assert (as_good.against_version, as_good.passed) == (2, True)


def test_where_the_latest_is_damaged_it_is_held_against_the_one_before(
    tmp_path: Path, dataset: Dataset, split: Split
) -> None:
    for embeddings in (TASTE, TASTE, NO_TASTE):
        publish_trained(tmp_path, dataset, embeddings)
    (tmp_path / "versions" / "3" / "embeddings.npy").unlink()
    (tmp_path / "versions" / "2" / "movies.csv").write_text("")
    result = held(tmp_path, split, NO_TASTE)
    assert (result.against_version, result.passed) == (1, False)


@pytest.mark.parametrize("accident", UNTOLD)
def test_where_no_version_can_be_read_it_passes(
    tmp_path: Path, dataset: Dataset, split: Split, accident: Callable[[Path], None]
) -> None:
    publish_trained(tmp_path, dataset, TASTE)
    (tmp_path / "versions" / "1" / "embeddings.npy").unlink()
    accident(tmp_path)
    assert_uncompared(held(tmp_path, split, NO_TASTE), "no version was active")


def test_where_the_volume_does_not_tell_which_versions_there_are_it_does_not_pass(
    tmp_path: Path, split: Split
) -> None:
    (tmp_path / "versions").write_text("a file, where a folder should be")
    result = held(tmp_path, split, TASTE)
    assert not result.passed
    assert result.note == (
        "nothing was compared: the versions on the volume cannot be read: Not a directory"
    )
