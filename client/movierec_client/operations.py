"""Every call that can be made: one function each, from arguments to a call."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TypedDict

from grpc_health.v1 import health_pb2, health_pb2_grpc

from movierec.v1 import (
    recommender_pb2,
    recommender_pb2_grpc,
    trainer_pb2,
    trainer_pb2_grpc,
    training_pb2,
)
from movierec_client import decoding
from movierec_client.calls import Page, Streaming, Unary
from movierec_client.encoding import (
    UnknownSeeds,
    encode,
    encode_seeds,
    encode_unknown_seeds,
    invalid,
)
from movierec_client.errors import (
    CallError,
    DeadlineExceededError,
    NotFoundError,
    RunFailedError,
    UnavailableError,
)
from movierec_client.results import (
    Model,
    Movie,
    Recommendation,
    RecommendHeader,
    Run,
    RunEvent,
    ServiceHealth,
    Version,
)
from movierec_client.seeds import MovieLike
from movierec_client.services import RECOMMENDER, SERVICES, TRAINER, ServiceName, Target
from movierec_client.states import RunState, ServingStatus


@dataclass(frozen=True, slots=True)
class Chunk:
    """A message of an answer; the first has the header."""

    header: RecommendHeader
    recommendations: list[Recommendation]


class TrainOptions(TypedDict, total=False):
    """What can be told to a training run; `Client.train` says what each means."""

    min_ratings: int | None
    epochs: int | None
    dim: int | None
    seed: int | None
    co_liked_weight: float | None
    holdout: float | None
    learning_rate: float | None
    batch_size: int | None
    l2: float | None
    patience: int | None
    ease_up_to: int | None
    few_seeds: float | None
    request_id: str | None
    validate_only: bool


def train(
    dataset: str,
    *,
    request_id: str | None = None,
    validate_only: bool = False,
    **settings: float | None,
) -> Streaming[trainer_pb2.TrainRequest, trainer_pb2.TrainResponse, RunEvent]:
    """Starts a run and follows it to its end."""
    unknown = settings.keys() - training_pb2.TrainingSettings.DESCRIPTOR.fields_by_name.keys()
    if unknown:
        raise TypeError(f"train() got an unexpected keyword argument {min(unknown)!r}")
    request = encode(
        trainer_pb2.TrainRequest,
        dataset=dataset,
        request_id=request_id,
        validate_only=validate_only,
    )
    request.settings.CopyFrom(encode(training_pb2.TrainingSettings, **settings))
    return Streaming(
        TRAINER,
        lambda channel: trainer_pb2_grpc.TrainerServiceStub(channel).Train,
        request,
        lambda answer: decoding.run_event(answer.event),
        # Validation is no run, so there is no state to end in.
        None if validate_only else check_outcome,
    )


def follow_run(
    run_id: str, after_sequence: int
) -> Streaming[trainer_pb2.FollowRunRequest, trainer_pb2.FollowRunResponse, RunEvent]:
    """Follows a run to its end."""
    return Streaming(
        TRAINER,
        lambda channel: trainer_pb2_grpc.TrainerServiceStub(channel).FollowRun,
        encode(trainer_pb2.FollowRunRequest, run_id=run_id, after_sequence=after_sequence),
        lambda answer: decoding.run_event(answer.event),
        check_outcome,
    )


def get_run(run_id: str) -> Unary[trainer_pb2.GetRunRequest, trainer_pb2.GetRunResponse, Run]:
    """Looks a run up."""
    return Unary(
        TRAINER,
        lambda channel: trainer_pb2_grpc.TrainerServiceStub(channel).GetRun,
        encode(trainer_pb2.GetRunRequest, run_id=run_id),
        lambda answer: decoding.run(answer.run),
    )


def list_runs(
    page_token: str,
) -> Unary[trainer_pb2.ListRunsRequest, trainer_pb2.ListRunsResponse, Page[Run]]:
    """Gets a page of the runs."""
    return Unary(
        TRAINER,
        lambda channel: trainer_pb2_grpc.TrainerServiceStub(channel).ListRuns,
        encode(trainer_pb2.ListRunsRequest, page_token=page_token),
        lambda answer: Page([decoding.run(run) for run in answer.runs], answer.next_page_token),
    )


def cancel_run(
    run_id: str,
) -> Unary[trainer_pb2.CancelRunRequest, trainer_pb2.CancelRunResponse, Run]:
    """Cancels a run."""
    return Unary(
        TRAINER,
        lambda channel: trainer_pb2_grpc.TrainerServiceStub(channel).CancelRun,
        encode(trainer_pb2.CancelRunRequest, run_id=run_id),
        lambda answer: decoding.run(answer.run),
    )


def recommend(
    movies: Iterable[MovieLike],
    k: int,
    dislike: Iterable[MovieLike],
    unknown: UnknownSeeds,
) -> Streaming[recommender_pb2.RecommendRequest, recommender_pb2.RecommendResponse, Chunk]:
    """Gets the most similar movies."""
    request = encode(
        recommender_pb2.RecommendRequest,
        top_k=k,
        unknown_seeds=encode_unknown_seeds(unknown),
    )
    request.seeds.extend(encode_seeds(movies, dislike))
    return Streaming(
        RECOMMENDER,
        lambda channel: recommender_pb2_grpc.RecommenderServiceStub(channel).Recommend,
        request,
        lambda answer: Chunk(
            decoding.recommend_header(answer.header),
            [decoding.recommendation(message) for message in answer.recommendations],
        ),
    )


def search_movies(
    text: str, limit: int
) -> Callable[
    [str],
    Unary[recommender_pb2.SearchMoviesRequest, recommender_pb2.SearchMoviesResponse, Page[Movie]],
]:
    """Returns how to get a page, given its token, of the movies whose titles match."""
    if limit < 1:
        raise invalid("limit", limit, "at least 1")
    return lambda page_token: Unary(
        RECOMMENDER,
        lambda channel: recommender_pb2_grpc.RecommenderServiceStub(channel).SearchMovies,
        encode(
            recommender_pb2.SearchMoviesRequest,
            query=text,
            page_size=limit,
            page_token=page_token,
        ),
        lambda answer: Page(
            [decoding.movie(movie) for movie in answer.movies], answer.next_page_token
        ),
    )


def get_model() -> Unary[recommender_pb2.GetModelRequest, recommender_pb2.GetModelResponse, Model]:
    """Looks the version up that serves."""
    return Unary(
        RECOMMENDER,
        lambda channel: recommender_pb2_grpc.RecommenderServiceStub(channel).GetModel,
        recommender_pb2.GetModelRequest(),
        decoding.model,
    )


def list_versions(
    page_token: str,
) -> Unary[
    recommender_pb2.ListVersionsRequest, recommender_pb2.ListVersionsResponse, Page[Version]
]:
    """Gets a page of the versions."""
    return Unary(
        RECOMMENDER,
        lambda channel: recommender_pb2_grpc.RecommenderServiceStub(channel).ListVersions,
        encode(recommender_pb2.ListVersionsRequest, page_token=page_token),
        lambda answer: Page(
            [decoding.version(version) for version in answer.versions], answer.next_page_token
        ),
    )


def health_checks(
    names: Collection[ServiceName], *, live: bool
) -> list[Unary[health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse, ServingStatus]]:
    """Asks services, or all, whether they are ready or at least alive."""
    for name in names:
        if name not in SERVICES:
            raise invalid("service", name, " or ".join(f'"{known}"' for known in SERVICES))
    return [
        Unary(
            service,
            lambda channel: health_pb2_grpc.HealthStub(channel).Check,
            health_pb2.HealthCheckRequest(service="liveness" if live else service.full_name),
            lambda answer: decoding.serving_status(answer.status),
        )
        for service in (SERVICES[name] for name in names or SERVICES)
    ]


def health_of(target: Target, answer: ServingStatus | CallError) -> ServiceHealth:
    """Returns what a health check says, whether it was answered or failed."""
    if isinstance(answer, ServingStatus):
        return ServiceHealth(target.service.name, target.address, answer)
    match answer:
        case NotFoundError():
            status = ServingStatus.SERVICE_UNKNOWN
        case UnavailableError() | DeadlineExceededError():
            status = ServingStatus.UNREACHABLE
        case _:
            status = ServingStatus.UNKNOWN
    return ServiceHealth(target.service.name, target.address, status, answer.message)


def check_outcome(last: RunEvent | None) -> None:
    """Makes sure that a run that was followed ended well.

    Args:
        last: The last event of it; None if there was none to see.

    Raises:
        RunFailedError: It did not.
    """
    if last is None or last.state is RunState.SUCCEEDED:
        return
    reason = ""
    match last.state:
        case RunState.FAILED:
            sentence = "failed"
            if last.error:
                sentence, reason = f"failed: {last.error.message}", last.error.reason
        case RunState.CANCELLED:
            sentence = "was cancelled"
        case RunState.INTERRUPTED:
            sentence = "was interrupted: the trainer takes it up again at its next start"
        case _:
            sentence = f"was {last.state} when the stream ended: follow it to see more"
    raise RunFailedError(
        f"run {last.run_id} {sentence}", reason=reason, run_id=last.run_id, state=last.state
    )
