"""What the calls answer with: plain frozen values that hold no protobuf.

Those that tell of training runs are in `movierec_client.runs`. Times are aware
datetimes in UTC. What was not told is None.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from movierec_client.runs import DataReport, GateResult, TrainingMetrics, TrainingSettings
from movierec_client.services import ServiceName
from movierec_client.states import ServingStatus, VersionState


@dataclass(frozen=True, slots=True)
class Movie:
    """A movie of the version that serves."""

    movie_id: int
    title: str
    genres: tuple[str, ...]
    year: int | None
    rating_count: int


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a seed contributed to a score."""

    position: int
    """Which seed of the request, counted from 0: that of the resolved seed."""
    value: float


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A similar movie; the best has rank 1."""

    rank: int
    movie_id: int
    title: str
    genres: tuple[str, ...]
    year: int | None
    score: float
    """Cosine with the weighted sum of the seeds, or with the nearest one, from -1 to 1."""
    rating_count: int
    contributions: tuple[Contribution, ...] = ()
    """Of each resolved seed, if asked for; they add up to the score."""


@dataclass(frozen=True, slots=True)
class ResolvedSeed:
    """A seed that is a movie of the version."""

    position: int
    """Which seed of the request, counted from 0."""
    movie: Movie
    weight: float
    """With those of its duplicates added."""


@dataclass(frozen=True, slots=True)
class UnresolvedSeed:
    """A seed that is no movie of the version."""

    position: int
    """Which seed of the request, counted from 0."""
    text: str
    nearest_titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CorrectedSeed:
    """A seed whose title had a typing error."""

    position: int
    """Which seed of the request, counted from 0."""
    text: str
    title: str
    """What was taken for it."""


@dataclass(frozen=True, slots=True)
class UnresolvedExclusion:
    """What was to be excluded and is no movie of the version."""

    position: int
    """Which of those to be excluded, counted from 0."""
    text: str
    nearest_titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecommendHeader:
    """How a request for recommendations was understood."""

    model_version: int
    resolved_seeds: tuple[ResolvedSeed, ...]
    duplicate_seeds: tuple[int, ...]
    """Positions of the seeds that name a movie again."""
    unresolved_seeds: tuple[UnresolvedSeed, ...]
    corrected_seeds: tuple[CorrectedSeed, ...] = ()
    unresolved_exclusions: tuple[UnresolvedExclusion, ...] = ()
    popular_fallback: bool = False
    """Whether no seed is known, and the answer is the most rated movies, with a score of 0."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of an answer; the first has the header."""

    header: RecommendHeader
    recommendations: list[Recommendation]


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer to a query."""

    header: RecommendHeader
    recommendations: tuple[Recommendation, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """Where a version comes from and what is in it."""

    version: int
    create_time: datetime | None
    run_id: str
    dataset: str
    data: DataReport
    settings: TrainingSettings
    metrics: TrainingMetrics
    movie_count: int
    dim: int
    digest: str
    gate: GateResult | None
    """None in what was published before there was the quality gate."""


@dataclass(frozen=True, slots=True)
class Model:
    """A version that a recommender has loaded."""

    version: int
    load_time: datetime | None
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Version:
    """A version on the volume; `reason` and `message` say why it is REJECTED."""

    version: int
    state: VersionState
    reason: str
    message: str
    manifest: Manifest | None
    labels: tuple[str, ...]
    pinned: bool
    loaded: bool
    """Whether requests to the recommender that was asked may name it."""
    serving_replica_count: int
    """How many of the recommenders that are alive serve it."""


@dataclass(frozen=True, slots=True)
class Activation:
    """What is to serve, on every recommender."""

    generation: int
    """Grows with every change."""
    pinned: int | None
    """The version that is to serve; None is the latest."""
    labels: Mapping[str, int]
    """Names for versions, by which requests may ask for them."""
    serving_version: int | None
    """What serves where it was activated; a fleet's replicas say it themselves."""


@dataclass(frozen=True, slots=True)
class Replica:
    """A recommender, as it says of itself."""

    replica_id: str
    start_time: datetime | None
    beat_time: datetime | None
    """When it said this."""
    serving_version: int | None
    loaded_versions: tuple[int, ...]
    """What requests may ask it for, ascending."""
    generation: int
    """That of the activation that it follows."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """The recommenders that share a volume, as one of them sees it."""

    activation: Activation
    replicas: tuple[Replica, ...]
    """Those that are alive, in order of their ids."""
    control_problem: str
    """Why a pinned version does not serve there, or what was said cannot be followed, or that
    one and the others do not see each other; empty when all is well."""
    look_time: datetime | None
    """When that one last read the volume."""


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """Whether a service serves; `message` says why it could not be asked."""

    service: ServiceName
    address: str
    status: ServingStatus
    message: str = ""
