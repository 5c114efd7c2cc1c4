"""The thin client: train, and ask for movies, from Python or from the shell.

    from movierec_client import Client

    with Client(trainer="localhost:50051", recommender="localhost:50052") as client:
        for event in client.train("ml-latest-small", min_ratings=50):
            print(event.state, event.epoch, event.loss, event.val_loss)
        for movie in client.recommend(["Toy Story (1995)", 260], k=10):
            print(movie.rank, movie.title, movie.score)

`AsyncClient` has the same methods. Errors are drawn in `movierec_client.errors`.
"""

import importlib
import typing

if typing.TYPE_CHECKING:
    from movierec_client.async_client import AsyncClient
    from movierec_client.batches import AsyncOutcomes, Outcomes
    from movierec_client.client import Client
    from movierec_client.errors import (
        AbortedError,
        CallCancelledError,
        CallError,
        ClientClosedError,
        DataLossError,
        DeadlineExceededError,
        FailedPreconditionError,
        InvalidArgumentError,
        MovierecError,
        NotFoundError,
        NotServingError,
        Resource,
        ResourceExhaustedError,
        RunFailedError,
        RunInProgressError,
        ServerError,
        UnavailableError,
    )
    from movierec_client.insights import Insights
    from movierec_client.operations import TrainOptions
    from movierec_client.queries import Query, QueryOptions
    from movierec_client.recommendations import AsyncRecommendations, Recommendations
    from movierec_client.replays import LoggedAnswer, Replay
    from movierec_client.results import (
        Activation,
        Answer,
        Contribution,
        CorrectedSeed,
        Fleet,
        Manifest,
        Model,
        Movie,
        Recommendation,
        RecommendHeader,
        Replica,
        ResolvedSeed,
        ServiceHealth,
        UnresolvedExclusion,
        UnresolvedSeed,
        Version,
    )
    from movierec_client.runs import (
        BadRows,
        DataReport,
        GateResult,
        Progress,
        RankingMetrics,
        Run,
        RunError,
        RunEvent,
        TrainingMetrics,
        TrainingSettings,
    )
    from movierec_client.seeds import Seed
    from movierec_client.states import BadRowKind, RunPhase, RunState, ServingStatus, VersionState
    from movierec_client.streams import AsyncStream, Stream

__all__ = [
    "AbortedError",
    "Activation",
    "Answer",
    "AsyncClient",
    "AsyncOutcomes",
    "AsyncRecommendations",
    "AsyncStream",
    "BadRowKind",
    "BadRows",
    "CallCancelledError",
    "CallError",
    "Client",
    "ClientClosedError",
    "Contribution",
    "CorrectedSeed",
    "DataLossError",
    "DataReport",
    "DeadlineExceededError",
    "FailedPreconditionError",
    "Fleet",
    "GateResult",
    "Insights",
    "InvalidArgumentError",
    "LoggedAnswer",
    "Manifest",
    "Model",
    "Movie",
    "MovierecError",
    "NotFoundError",
    "NotServingError",
    "Outcomes",
    "Progress",
    "Query",
    "QueryOptions",
    "RankingMetrics",
    "RecommendHeader",
    "Recommendation",
    "Recommendations",
    "Replay",
    "Replica",
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
    "UnresolvedExclusion",
    "UnresolvedSeed",
    "Version",
    "VersionState",
]

# gRPC takes most of the time that an import takes, and whoever catches an error, or asks the
# command for help, does without it. The modules with it come last.
_MODULES = (
    *("errors", "states", "seeds", "queries", "runs", "results", "insights"),
    *("recommendations", "streams", "replays", "batches", "operations", "client", "async_client"),
)


def __getattr__(name: str) -> typing.Any:
    """Imports what is asked for when it is asked for (PEP 562)."""
    if name in __all__:
        for module in _MODULES:
            found = vars(importlib.import_module(f"movierec_client.{module}"))
            if name in found:
                globals()[name] = found[name]
                return found[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
