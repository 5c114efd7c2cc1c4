"""Measures a fitted model, and what it is measured beside, on what was held out."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import vstack
from threadpoolctl import threadpool_limits

from trainer_service.data import Ratings
from trainer_service.data.cells import MAX_RATING, MIN_RATING
from trainer_service.model.baselines import (
    CoLikes,
    by_item_cosine,
    by_popularity,
    popularity_ranks,
)
from trainer_service.model.ease import fit_ease
from trainer_service.model.evaluation import (
    RankingMetrics,
    TrainingMetrics,
    measure_rankings,
)
from trainer_service.model.metrics import rmse, rmse_standard_error
from trainer_service.model.ranking import Scorer, by_cosine, indicators, likes_of, rank
from trainer_service.model.split import FEWEST_LIKES, Split, split_likes


def measure(
    *,
    embeddings: NDArray[np.float32],
    predict: Callable[[Ratings], NDArray[np.float32]],
    split: Split,
    best_epoch: int,
    loss: float,
    val_loss: float | None,
    ease_up_to: int,
) -> TrainingMetrics:
    """Measures a model and its baselines on the same users.

    Args:
        embeddings: The model's movie embedding, unit rows, (M, D).
        predict: From ratings to the stars that the model predicts for them, (N,).
        split: The sides of the data that it was fitted to.
        best_epoch: Of the model, counted from 1.
        loss: Its training loss.
        val_loss: Its validation loss, if there was any validation.
        ease_up_to: Movies up to which EASE is measured.
    """
    notes: list[str] = []
    figures = _rating_figures(predict, split.held_out, notes)
    # Threads of the linear algebra wait for each other at every turn: where other work takes
    # one of the cores they are far slower than one alone.
    with threadpool_limits(limits=1, user_api="blas"):
        figures |= _ranking_figures(embeddings, split, ease_up_to, notes)
    return TrainingMetrics(
        best_epoch=best_epoch, loss=loss, val_loss=val_loss, **figures, notes=tuple(notes)
    )


def _rating_figures(
    predict: Callable[[Ratings], NDArray[np.float32]], held_out: Ratings, notes: list[str]
) -> dict[str, Any]:
    if not len(held_out):
        notes.append("no RMSE: no rating was held out")
        return {}
    predicted = predict(held_out).clip(MIN_RATING, MAX_RATING)
    error = rmse_standard_error(predicted, held_out.rating, held_out.user_index)
    return dict(rmse=rmse(predicted, held_out.rating), rmse_standard_error=error)


def _ranking_figures(
    embeddings: NDArray[np.float32], split: Split, ease_up_to: int, notes: list[str]
) -> dict[str, Any]:
    whole = split_likes(split.test)
    if not len(whole):
        lack = (
            f"no test user likes {FEWEST_LIKES} or more of the movies"
            if len(split.test)
            else "no user was held out"
        )
        notes.append(f"no ranking figures, from all seeds or from one: {lack}")
        return {}
    one = split_likes(split.test, seed_count=1)
    seeds = vstack([indicators(whole.seeds), indicators(one.seeds)], format="csr")
    co_likes = CoLikes(likes_of(split.train))
    ranks = popularity_ranks(co_likes)

    def measured(scorer: Scorer) -> list[RankingMetrics]:
        """From all seeds, and from one."""
        rankings = np.split(rank(seeds, scorer), 2)
        return [
            measure_rankings(ranking, likes.targets, ranks)
            for ranking, likes in zip(rankings, (whole, one), strict=True)
        ]

    figures: dict[str, Any] = {}
    figures["ranking"], figures["one_seed"] = measured(by_cosine(embeddings))
    figures["popularity"], figures["one_seed_popularity"] = measured(by_popularity(ranks))
    figures["item_cosine"], figures["one_seed_item_cosine"] = measured(by_item_cosine(co_likes))
    validation = split_likes(split.validation)
    movie_count = split.train.movie_count
    if movie_count <= ease_up_to and len(validation):
        ease = fit_ease(co_likes, validation)
        figures["ease"], figures["one_seed_ease"] = measured(ease.scorer)
        figures["ease_l2"] = ease.l2
    else:
        lack = (
            f"{movie_count:,} movies are more than --ease-up-to {ease_up_to:,}"
            if movie_count > ease_up_to
            else f"its penalty is chosen on validation users, and none of them likes "
            f"{FEWEST_LIKES} or more of the movies"
        )
        notes.append(f"EASE was not measured: {lack}")
    return figures
