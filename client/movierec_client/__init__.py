"""The thin client: train, and ask for movies, from Python or from the shell.

    from movierec_client import Client

    with Client(trainer="localhost:50051", recommender="localhost:50052") as client:
        for event in client.train("ml-latest-small", min_ratings=50):
            print(event.state, event.epoch, event.loss, event.val_loss)
        for movie in client.recommend(["Toy Story (1995)", 260], k=10):
            print(movie.rank, movie.title, movie.score)

`AsyncClient` has the same methods. Errors are drawn in `movierec_client.errors`.
"""

from movierec_client.async_client import AsyncClient
from movierec_client.client import Client
from movierec_client.errors import (
    AbortedError,
    CallCancelledError,
    CallError,
    ClientClosedError,
    DeadlineExceededError,
    FailedPreconditionError,
    InvalidArgumentError,
    MovierecError,
    NotFoundError,
    Resource,
    ResourceExhaustedError,
    RunFailedError,
    RunInProgressError,
    ServerError,
    UnavailableError,
)
from movierec_client.operations import TrainOptions
from movierec_client.recommendations import AsyncRecommendations, Recommendations
from movierec_client.results import (
    BadRows,
    DataReport,
    Manifest,
    Model,
    Movie,
    Progress,
    RankingMetrics,
    Recommendation,
    RecommendHeader,
    ResolvedSeed,
    Run,
    RunError,
    RunEvent,
    ServiceHealth,
    TrainingMetrics,
    TrainingSettings,
    UnresolvedSeed,
    Version,
)
from movierec_client.seeds import Seed
from movierec_client.states import BadRowKind, RunPhase, RunState, ServingStatus, VersionState
from movierec_client.streams import AsyncStream, Stream

__all__ = [
    "AbortedError",
    "AsyncClient",
    "AsyncRecommendations",
    "AsyncStream",
    "BadRowKind",
    "BadRows",
    "CallCancelledError",
    "CallError",
    "Client",
    "ClientClosedError",
    "DataReport",
    "DeadlineExceededError",
    "FailedPreconditionError",
    "InvalidArgumentError",
    "Manifest",
    "Model",
    "Movie",
    "MovierecError",
    "NotFoundError",
    "Progress",
    "RankingMetrics",
    "RecommendHeader",
    "Recommendation",
    "Recommendations",
    "ResolvedSeed",
    "Resource",
    "ResourceExhaustedError",
    "Run",
    "RunError",
    "RunEvent",
    "RunFailedError",
    "RunInProgressError",
    "RunPhase",
    "RunState",
    "Seed",
    "ServerError",
    "ServiceHealth",
    "ServingStatus",
    "Stream",
    "TrainOptions",
    "TrainingMetrics",
    "TrainingSettings",
    "UnavailableError",
    "UnresolvedSeed",
    "Version",
    "VersionState",
]
