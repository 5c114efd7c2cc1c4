"""Measuring: every figure that can be had, and a sentence for every one that cannot."""

import subprocess
import sys
from dataclasses import replace
from math import log2
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.datasets import two_tastes
from trainer_service.data import Ratings
from trainer_service.model.baselines import CoLikes
from trainer_service.model.ease import fit_ease
from trainer_service.model.evaluation import TrainingMetrics
from trainer_service.model.measuring import measure
from trainer_service.model.ranking import likes_of
from trainer_service.model.split import LikedSplit, Split, split_likes, split_ratings

MOVIES = 40


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Split:
    folder = tmp_path_factory.mktemp("data")
    return split_ratings(two_tastes(folder, users=400, movies=MOVIES).ratings, 0.2)


def random_embeddings(movie_count: int = MOVIES, dim: int = 3) -> np.ndarray:
    vectors = np.random.default_rng(0).normal(size=(movie_count, dim)).astype(np.float32)
    unit: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def measured(split: Split, **parts: Any) -> TrainingMetrics:
    model: dict[str, Any] = dict(
        embeddings=random_embeddings(split.train.movie_count),
        predict=lambda ratings: np.full(len(ratings), 3, dtype=np.float32),
        best_epoch=3,
        loss=1.5,
        val_loss=1.25,
        ease_up_to=4_000,
    )
    return measure(split=split, **(model | parts))


def none_of(ratings: Ratings) -> Ratings:
    return ratings.select(np.zeros(len(ratings), dtype=bool))


def ndcg_one_by_one(embeddings: np.ndarray, likes: LikedSplit) -> float:
    """The mean over users of what the served scores are worth, the slow and obvious way."""
    figures = []
    for user in range(len(likes)):
        seeds = likes.seeds.movie_index[likes.seeds.user_index == user]
        targets = likes.targets.movie_index[likes.targets.user_index == user].tolist()
        scores = embeddings @ embeddings[seeds].sum(axis=0)
        ranking = [m for m in np.argsort(-scores, kind="stable").tolist() if m not in seeds][:100]
        gain = sum(1 / log2(place + 2) for place, movie in enumerate(ranking) if movie in targets)
        figures.append(gain / sum(1 / log2(place + 2) for place in range(len(targets))))
    return float(np.mean(figures))


def test_the_models_figures_are_those_of_the_served_scores_user_by_user(split: Split) -> None:
    embeddings = random_embeddings()
    metrics = measured(split, embeddings=embeddings)
    whole, one = split_likes(split.test), split_likes(split.test, seed_count=1)
    assert metrics.ranking
    assert metrics.ranking.user_count == len(whole)
    assert metrics.ranking.ndcg_at_100 == pytest.approx(ndcg_one_by_one(embeddings, whole))
    assert metrics.one_seed
    assert metrics.one_seed.user_count == len(one)
    assert metrics.one_seed.ndcg_at_100 == pytest.approx(ndcg_one_by_one(embeddings, one))


def test_with_enough_data_nothing_is_missing(split: Split) -> None:
    metrics = measured(split)
    assert [name for name, value in metrics if value is None] == []
    assert metrics.notes == ()
    assert (metrics.best_epoch, metrics.loss, metrics.val_loss) == (3, 1.5, 1.25)


def test_metrics_come_back_from_json_as_they_were(split: Split) -> None:
    metrics = measured(split)
    assert TrainingMetrics.model_validate_json(metrics.model_dump_json()) == metrics


def test_who_finds_the_tastes_beats_popularity(split: Split) -> None:
    taste = np.repeat(np.eye(2, dtype=np.float32), MOVIES // 2, axis=0)
    metrics = measured(split, embeddings=taste)
    assert metrics.popularity
    assert metrics.one_seed_popularity
    for figures in (metrics.ranking, metrics.item_cosine, metrics.ease):
        assert figures
        assert figures.ndcg_at_100 > metrics.popularity.ndcg_at_100 + 0.1
    for figures in (metrics.one_seed, metrics.one_seed_item_cosine, metrics.one_seed_ease):
        assert figures
        assert figures.ndcg_at_100 > metrics.one_seed_popularity.ndcg_at_100 + 0.1


def test_predictions_are_held_to_the_legal_stars(split: Split) -> None:
    far_off = measured(split, predict=lambda ratings: np.full(len(ratings), 9, dtype=np.float32))
    errors = 5 - split.held_out.rating.astype(np.float64)
    assert far_off.rmse == pytest.approx(np.sqrt(np.mean(errors**2)))


def test_ease_is_left_out_beyond_so_many_movies_and_the_notes_say_so(split: Split) -> None:
    metrics = measured(split, ease_up_to=MOVIES - 1)
    assert (metrics.ease, metrics.one_seed_ease, metrics.ease_l2) == (None, None, None)
    assert metrics.item_cosine
    assert metrics.notes == ("EASE was not measured: 40 movies are more than --ease-up-to 39",)


def test_eases_penalty_is_chosen_on_the_validation_users_not_on_the_test_users(
    split: Split,
) -> None:
    co_likes = CoLikes(likes_of(split.train))
    chosen, of_test = (
        fit_ease(co_likes, split_likes(side)).l2 for side in (split.validation, split.test)
    )
    assert measured(split).ease_l2 == chosen != of_test


def test_ease_needs_validation_users_and_the_notes_say_so(split: Split) -> None:
    metrics = measured(replace(split, validation=none_of(split.validation)))
    assert (metrics.ease, metrics.one_seed_ease, metrics.ease_l2) == (None, None, None)
    [note] = metrics.notes
    assert note == (
        "EASE was not measured: its penalty is chosen on validation users, and none of them "
        "likes 5 or more of the movies"
    )


def test_where_nothing_was_held_out_the_notes_say_so(split: Split) -> None:
    metrics = measured(split_ratings(split.train, 0.0))
    assert (metrics.rmse, metrics.rmse_standard_error) == (None, None)
    assert (metrics.ranking, metrics.one_seed, metrics.popularity) == (None, None, None)
    assert metrics.notes == (
        "no RMSE: no rating was held out",
        "no ranking figures, from all seeds or from one: no user was held out",
    )


def test_where_test_users_like_too_little_the_notes_say_so(split: Split) -> None:
    disliked = split.test.select(split.test.rating < 4)
    metrics = measured(replace(split, test=disliked))
    assert metrics.rmse
    assert (metrics.ranking, metrics.one_seed, metrics.popularity) == (None, None, None)
    [note] = metrics.notes
    assert note == (
        "no ranking figures, from all seeds or from one: no test user likes 5 or more of the movies"
    )


def test_training_users_who_like_nothing_are_no_obstacle(split: Split) -> None:
    metrics = measured(replace(split, train=split.train.select(split.train.rating < 4)))
    # Nothing is known of what goes with what: all rank the movies by their index.
    assert metrics.popularity
    assert metrics.popularity == metrics.item_cosine == metrics.ease


def test_measuring_needs_no_training_framework() -> None:
    program = "import sys, trainer_service.model.measuring; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
    ).stdout.split()
    assert "scipy" in loaded
    assert {"keras", "tensorflow"}.isdisjoint(loaded)
