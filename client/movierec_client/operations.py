"""Every call that can be made: one function each, from arguments to a call."""

from collections.abc import Callable, Collection
from operator import index
from typing import SupportsIndex, TypedDict
from uuid import uuid4

from grpc_health.v1 import health_pb2, health_pb2_grpc

from movierec.v1 import (
    recommender_pb2,
    recommender_pb2_grpc,
    trainer_pb2,
    trainer_pb2_grpc,
    training_pb2,
)
from movierec_client import decoding
from movierec_client.calls import Exchange, Page, Streaming, Unary
from movierec_client.encoding import (
    VersionTarget,
    encode,
    encode_activation,
    encode_version,
    invalid,
)
from movierec_client.insights import InsightsPart
from movierec_client.outcomes import check_outcome
from movierec_client.queries import VersionLike
from movierec_client.rests import RestOfAnswer, RestOfRun
from movierec_client.results import Activation, Chunk, Fleet, Model, Movie, Version
from movierec_client.runs import Run, RunEvent
from movierec_client.services import RECOMMENDER, SERVICES, TRAINER, ServiceName
from movierec_client.states import ServingStatus
from movierec_client.waiting import Look


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
    force: bool


def train(
    dataset: str,
    *,
    request_id: str | None = None,
    validate_only: bool = False,
    force: bool = False,
    **settings: float | None,
) -> Streaming[trainer_pb2.TrainRequest, trainer_pb2.TrainResponse, RunEvent]:
    """Starts a run and follows it to its end."""
    unknown = settings.keys() - training_pb2.TrainingSettings.DESCRIPTOR.fields_by_name.keys()
    if unknown:
        raise TypeError(f"train() got an unexpected keyword argument {min(unknown)!r}")
    request = encode(
        trainer_pb2.TrainRequest,
        dataset=dataset,
        # So that it can be asked again when nobody knows whether the first was heard.
        request_id=request_id or uuid4().hex,
        validate_only=validate_only,
        force=force,
    )
    request.settings.CopyFrom(encode(training_pb2.TrainingSettings, **settings))
    return Streaming(
        TRAINER,
        lambda channel: trainer_pb2_grpc.TrainerServiceStub(channel).Train,
        request,
        lambda answer: decoding.run_event(answer.event),
        # Validation is no run, so there is no state to end in.
        None if validate_only else check_outcome,
        rest=lambda: RestOfRun(follow_run),
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
        rest=lambda: RestOfRun(follow_run),
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


def publish_run(
    run_id: str, *, force: bool
) -> Streaming[trainer_pb2.PublishRunRequest, trainer_pb2.PublishRunResponse, RunEvent]:
    """Publishes what a run has trained, and follows it from there to its end."""
    return Streaming(
        TRAINER,
        lambda channel: trainer_pb2_grpc.TrainerServiceStub(channel).PublishRun,
        encode(trainer_pb2.PublishRunRequest, run_id=run_id, force=force),
        lambda answer: decoding.run_event(answer.event),
        check_outcome,
        rest=lambda: RestOfRun(follow_run),
    )


def recommend(
    request: recommender_pb2.RecommendRequest,
) -> Streaming[recommender_pb2.RecommendRequest, recommender_pb2.RecommendResponse, Chunk]:
    """Gets the most similar movies."""
    return Streaming(
        RECOMMENDER,
        lambda channel: recommender_pb2_grpc.RecommenderServiceStub(channel).Recommend,
        request,
        decoding.chunk,
        needs_ready=True,
        rest=lambda: RestOfAnswer(request, recommend),
    )


def recommend_many() -> Exchange[
    recommender_pb2.BatchRecommendRequest, recommender_pb2.BatchRecommendResponse
]:
    """Gets the most similar movies, for many queries."""
    return Exchange(
        RECOMMENDER,
        lambda channel: recommender_pb2_grpc.RecommenderServiceStub(channel).BatchRecommend,
        needs_ready=True,
    )


def search_movies(
    text: str, limit: int, version: VersionLike | None
) -> Callable[
    [str],
    Unary[recommender_pb2.SearchMoviesRequest, recommender_pb2.SearchMoviesResponse, Page[Movie]],
]:
    """Returns how to get a page, given its token, of the movies whose titles match."""
    if limit < 1:
        raise invalid("limit", limit, "at least 1")
    selector = encode_version(version)
    return lambda page_token: Unary(
        RECOMMENDER,
        lambda channel: recommender_pb2_grpc.RecommenderServiceStub(channel).SearchMovies,
        encode(
            recommender_pb2.SearchMoviesRequest,
            query=text,
            page_size=limit,
            page_token=page_token,
            version=selector,
        ),
        lambda answer: Page(
            [decoding.movie(movie) for movie in answer.movies], answer.next_page_token
        ),
        needs_ready=True,
    )


def get_model(
    version: VersionLike | None,
) -> Unary[recommender_pb2.GetModelRequest, recommender_pb2.GetModelResponse, Model]:
    """Looks the version up that serves, or another one that is loaded."""
    return Unary(
        RECOMMENDER,
        lambda channel: recommender_pb2_grpc.RecommenderServiceStub(channel).GetModel,
        encode(recommender_pb2.GetModelRequest, version=encode_version(version)),
        decoding.model,
        needs_ready=True,
    )


def get_insights(
    subject: SupportsIndex | str, min_ratings: int | None
) -> Streaming[trainer_pb2.GetInsightsRequest, trainer_pb2.GetInsightsResponse, InsightsPart]:
    """Gets a report on a data set, by its name, or on a version, by its number.

    Raises:
        InvalidArgumentError: It is no version's number, or there is a threshold for a version.
    """
    if not isinstance(subject, str):
        if index(subject) < 1:
            raise invalid("version", index(subject), "a version's number, which are 1 and up")
        if min_ratings is not None:
            legal = "none with a version, which has the threshold that it was trained with"
            raise invalid("min_ratings", min_ratings, legal)
    return Streaming(
        TRAINER,
        lambda channel: trainer_pb2_grpc.TrainerServiceStub(channel).GetInsights,
        encode(
            trainer_pb2.GetInsightsRequest,
            **{"dataset" if isinstance(subject, str) else "version": subject},
            min_ratings=min_ratings,
        ),
        lambda answer: InsightsPart(
            answer.file.name, answer.file.size_bytes, answer.file.sha256, answer.content
        ),
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


def get_fleet() -> Unary[
    recommender_pb2.ListVersionsRequest, recommender_pb2.ListVersionsResponse, Fleet
]:
    """Looks up what is to serve, and who serves what."""
    return Unary(
        RECOMMENDER,
        lambda channel: recommender_pb2_grpc.RecommenderServiceStub(channel).ListVersions,
        recommender_pb2.ListVersionsRequest(page_size=1),  # every page says it
        decoding.fleet,
    )


def look() -> Unary[
    recommender_pb2.ListVersionsRequest, recommender_pb2.ListVersionsResponse, Look
]:
    """Looks up who serves what, and how the newest versions stand."""
    return Unary(
        RECOMMENDER,
        lambda channel: recommender_pb2_grpc.RecommenderServiceStub(channel).ListVersions,
        recommender_pb2.ListVersionsRequest(),
        lambda answer: Look(
            decoding.fleet(answer), [decoding.version(version) for version in answer.versions]
        ),
    )


def activate(
    version: VersionTarget | None, label: str | None
) -> Unary[
    recommender_pb2.ActivateVersionRequest, recommender_pb2.ActivateVersionResponse, Activation
]:
    """Pins a version, goes back to the latest, or moves a label."""
    return Unary(
        RECOMMENDER,
        lambda channel: recommender_pb2_grpc.RecommenderServiceStub(channel).ActivateVersion,
        encode_activation(version, label),
        decoding.activation,
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
            never_waits=True,
        )
        for service in (SERVICES[name] for name in names or SERVICES)
    ]
