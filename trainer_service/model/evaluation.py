"""What a fitted model is worth on users and ratings that it was not fitted to.

The protocol is strong generalisation (Liang et al., WWW 2018): from a user who
took no part in training, some of the liked movies are given as seeds, all other
movies are ranked, and the other liked movies are to be found.
"""

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, FiniteFloat

from trainer_service.data import Ratings
from trainer_service.model.metrics import (
    NO_MOVIE,
    coverage,
    mean,
    ndcg_at,
    popularity_rank,
    recall_at,
)

RECOMMENDED = 20
"""How much of a ranking counts as recommended."""


class RankingMetrics(BaseModel):
    """Means over users; each with its standard error, which is 0 where one user is all there is."""

    model_config = ConfigDict(frozen=True)

    user_count: int
    recall_at_20: FiniteFloat
    """From 0 to 1, higher is better; so are the next two."""
    recall_at_50: FiniteFloat
    ndcg_at_100: FiniteFloat
    recall_at_20_standard_error: FiniteFloat
    recall_at_50_standard_error: FiniteFloat
    ndcg_at_100_standard_error: FiniteFloat
    coverage: FiniteFloat
    """Share of the catalogue that is in the top 20 of at least one user."""
    coverage_standard_error: FiniteFloat
    popularity_rank: FiniteFloat
    """Mean popularity rank of what is in the top 20; 1 is the movie that most users like."""
    popularity_rank_standard_error: FiniteFloat


class TrainingMetrics(BaseModel):
    """What was measured; a figure that is None was not, and `notes` says why."""

    model_config = ConfigDict(frozen=True)

    best_epoch: int
    loss: FiniteFloat
    val_loss: FiniteFloat | None = None
    rmse: FiniteFloat | None = None
    rmse_standard_error: FiniteFloat | None = None
    ranking: RankingMetrics | None = None
    """Of the model, from the whole list of seeds; the next three of the same users."""
    popularity: RankingMetrics | None = None
    item_cosine: RankingMetrics | None = None
    ease: RankingMetrics | None = None
    one_seed: RankingMetrics | None = None
    """Of the model, from one seed; the next three of the same users."""
    one_seed_popularity: RankingMetrics | None = None
    one_seed_item_cosine: RankingMetrics | None = None
    one_seed_ease: RankingMetrics | None = None
    ease_l2: FiniteFloat | None = None
    """EASE's penalty, chosen on the validation users."""
    notes: tuple[str, ...] = ()


def measure_rankings(
    rankings: NDArray[np.int64], targets: Ratings, popularity_ranks: NDArray[np.int64]
) -> RankingMetrics:
    """Scores rankings by the targets that they hold, and by how high.

    Args:
        rankings: One a user, as `rank` makes them, (U, R).
        targets: What was to be found for each of these users.
        popularity_ranks: Each movie's, (M,).
    """
    hits = hits_of(rankings, targets)
    target_counts = np.diff(targets.user_offsets)
    recommended = rankings[:, :RECOMMENDED]
    estimates = dict(
        recall_at_20=mean(recall_at(20, hits, target_counts)),
        recall_at_50=mean(recall_at(50, hits, target_counts)),
        ndcg_at_100=mean(ndcg_at(100, hits, target_counts)),
        coverage=coverage(recommended, targets.movie_count),
        popularity_rank=popularity_rank(recommended, popularity_ranks),
    )
    figures = {name: estimate.value for name, estimate in estimates.items()}
    errors = {
        f"{name}_standard_error": estimate.standard_error for name, estimate in estimates.items()
    }
    return RankingMetrics(user_count=len(rankings), **figures, **errors)


def hits_of(rankings: NDArray[np.int64], targets: Ratings) -> NDArray[np.bool_]:
    """Which places of the rankings hold a target.

    Args:
        rankings: One a user, (U, R).
        targets: What was to be found for each of these users.
    """
    row_starts = np.arange(len(rankings)) * targets.movie_count  # (U,)
    wanted = row_starts[targets.user_index] + targets.movie_index  # (N,), ascending
    ranked = row_starts[:, np.newaxis] + rankings  # (U, R)
    places = np.searchsorted(wanted, ranked).clip(max=len(wanted) - 1)
    hits: NDArray[np.bool_] = (wanted[places] == ranked) & (rankings != NO_MOVIE)
    return hits
