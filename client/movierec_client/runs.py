"""What a training run says of itself: plain frozen values that hold no protobuf.

Times are aware datetimes in UTC. What was not told is None.
"""

from dataclasses import dataclass
from datetime import datetime

from movierec_client.states import BadRowKind, RunPhase, RunState


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How a run trains; every setting, as used."""

    min_ratings: int
    epochs: int
    dim: int
    seed: int
    co_liked_weight: float
    holdout: float
    learning_rate: float
    batch_size: int
    l2: float
    patience: int | None
    """None, as the next two, in what was trained before there was this setting."""
    ease_up_to: int | None
    few_seeds: float | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the fitting of a run has come."""

    epoch: int
    """The epoch under way or just finished, counted from 1."""
    epoch_count: int
    epoch_share: float
    """How much of the epoch is done, from 0 to 1; at 1 its figures are final."""
    loss: float
    val_loss: float | None
    """Of the newest finished epoch."""
    ratings_per_second: float
    time_left_s: float | None


@dataclass(frozen=True, slots=True)
class BadRows:
    """The rows of one kind that were not used, in one file."""

    kind: BadRowKind
    file: str
    count: int
    first_lines: tuple[int, ...]
    """Line numbers of the first few, counted from 1, the header included."""


@dataclass(frozen=True, slots=True)
class DataReport:
    """What was found in a data set; `kept_…` is what is trained on."""

    form: str
    row_count: int
    rating_count: int
    user_count: int
    movie_count: int
    kept_rating_count: int
    kept_user_count: int
    kept_movie_count: int
    bad_rows: tuple[BadRows, ...]
    fingerprint: str


@dataclass(frozen=True, slots=True)
class RankingMetrics:
    """Means over held-out users, each with its standard error.

    What later trainers added is None in what an earlier one measured.
    """

    user_count: int
    recall_at_20: float
    """From 0 to 1, higher is better, as the next two."""
    recall_at_50: float
    ndcg_at_100: float
    recall_at_20_standard_error: float | None
    recall_at_50_standard_error: float | None
    ndcg_at_100_standard_error: float | None
    coverage: float | None
    """Share of the catalogue that is in the top 20 of at least one user."""
    coverage_standard_error: float | None
    popularity_rank: float | None
    """Mean in the users' top 20; the movie that most users like has rank 1."""
    popularity_rank_standard_error: float | None


@dataclass(frozen=True, slots=True)
class TrainingMetrics:
    """What was measured on held-out users and ratings; `notes` says what was not."""

    best_epoch: int
    loss: float
    val_loss: float | None
    rmse: float | None
    """In stars."""
    rmse_standard_error: float | None
    ranking: RankingMetrics | None
    """Of all other movies, given 80 % of those that a user likes."""
    popularity: RankingMetrics | None
    """The same users, ranked by the movies' popularity, ..."""
    item_cosine: RankingMetrics | None
    """... by the cosine of the movies' columns of likes, ..."""
    ease: RankingMetrics | None
    """... and by EASE."""
    one_seed: RankingMetrics | None
    """The same users and means, given one movie that a user likes."""
    one_seed_popularity: RankingMetrics | None
    one_seed_item_cosine: RankingMetrics | None
    one_seed_ease: RankingMetrics | None
    ease_l2: float | None
    """EASE's penalty, chosen on the validation users."""
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GateResult:
    """How a version compares with the one that was active when it was published.

    By NDCG@100 from the whole list of seeds, for the same held-out users, over
    the movies that either has; one that a version lacks it cannot find.
    """

    against_version: int | None
    """None when nothing was compared; `note` says why."""
    user_count: int
    ndcg_at_100: float
    """Its own figure, from 0 to 1, ..."""
    against_ndcg_at_100: float
    """... and that of the other."""
    margin: float
    """By how much its own may be the lower one."""
    passed: bool
    forced: bool
    """It counts as if it had passed."""
    note: str

    @property
    def held_back(self) -> bool:
        """Whether the version does not become the latest by itself."""
        return not (self.passed or self.forced)


@dataclass(frozen=True, slots=True)
class RunError:
    """Why a run failed: a word for programs and a sentence for people."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Run:
    """A training run."""

    run_id: str
    state: RunState
    phase: RunPhase | None
    dataset: str
    settings: TrainingSettings
    request_id: str
    create_time: datetime | None
    end_time: datetime | None
    progress: Progress | None
    data: DataReport | None
    metrics: TrainingMetrics | None
    version: int | None
    """The version that it published."""
    error: RunError | None
    force: bool
    """Whether what it publishes counts as if it had passed the quality gate."""
    gate: GateResult | None
    """How the version compares with the one before."""


@dataclass(frozen=True, slots=True)
class RunEvent:
    """Something that happened in a run: its state, and of the rest what is new."""

    run_id: str
    sequence: int
    """Counts from 1, without gaps."""
    event_time: datetime | None
    state: RunState
    phase: RunPhase | None
    progress: Progress | None
    data: DataReport | None
    metrics: TrainingMetrics | None
    version: int | None
    error: RunError | None
    gate: GateResult | None

    @property
    def epoch(self) -> int | None:
        """The epoch under way or just finished, counted from 1."""
        return self.progress.epoch if self.progress else None

    @property
    def loss(self) -> float | None:
        """The mean loss so far in this epoch."""
        return self.progress.loss if self.progress else None

    @property
    def val_loss(self) -> float | None:
        """The validation loss of the newest finished epoch."""
        return self.progress.val_loss if self.progress else None
