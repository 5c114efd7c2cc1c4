"""What a fitted model is worth on users and ratings that it was not fitted to.

The protocol is strong generalisation (Liang et al., WWW 2018): from a user who
took no part in training, 80 % of the liked movies are given as seeds, all other
movies are ranked, and the other 20 % are to be found.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from trainer_service.data import Ratings
from trainer_service.model.metrics import ndcg_at, recall_at
from trainer_service.model.split import LIKED_FROM, LikedSplit

Scorer = Callable[[NDArray[np.int32]], NDArray[np.floating | np.integer]]
"""Seeds, as movie indices (S,), to a score for every movie (M,)."""

LONGEST_RANKING = 100


class RankingMetrics(BaseModel):
    """Means over users, from 0 to 1, higher is better."""

    model_config = ConfigDict(frozen=True)

    user_count: int
    recall_at_20: float
    recall_at_50: float
    ndcg_at_100: float


class TrainingMetrics(BaseModel):
    """What was measured; a figure that is None was not, and `notes` says why."""

    model_config = ConfigDict(frozen=True)

    best_epoch: int
    loss: float
    val_loss: float | None = None
    rmse: float | None = None
    ranking: RankingMetrics | None = None
    popularity: RankingMetrics | None = None
    notes: tuple[str, ...] = ()


def measure_ranking(likes: Sequence[LikedSplit], scorer: Scorer) -> RankingMetrics:
    """Ranks all movies but the seeds for each user, and scores the rankings.

    Args:
        likes: The users to measure on, at least one.
        scorer: What to measure.
    """
    rows = []
    for like in likes:
        scores = np.array(scorer(like.seeds), dtype=np.float64)  # (M,)
        scores[like.seeds] = -np.inf
        ranking = np.argsort(-scores, kind="stable")[:LONGEST_RANKING]
        rows.append(
            (
                recall_at(20, ranking, like.targets),
                recall_at(50, ranking, like.targets),
                ndcg_at(LONGEST_RANKING, ranking, like.targets),
            )
        )
    recall_20, recall_50, ndcg_100 = np.mean(rows, axis=0)
    return RankingMetrics(
        user_count=len(rows),
        recall_at_20=float(recall_20),
        recall_at_50=float(recall_50),
        ndcg_at_100=float(ndcg_100),
    )


def by_cosine(embeddings: NDArray[np.float32]) -> Scorer:
    """Scores as they are served: the cosine with the sum of the seeds' vectors.

    Args:
        embeddings: Unit rows, (M, D).
    """
    return lambda seeds: embeddings @ embeddings[seeds].sum(axis=0)


def by_popularity(ratings: Ratings) -> Scorer:
    """Scores by how many users like a movie, whatever the seeds.

    Args:
        ratings: What the model was fitted to.
    """
    liked = ratings.movie_index[ratings.rating >= LIKED_FROM]
    counts = np.bincount(liked, minlength=ratings.movie_count)
    return lambda _: counts
