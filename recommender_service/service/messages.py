"""The domain's values as messages of the contract, and queries back."""

from collections.abc import Sequence
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from movierec.chassis.errors import InvalidRequestError, Violation
from movierec.control import activation, replicas
from movierec.v1 import recommender_pb2 as pb
from recommender_service.artifact.activating import Change, Changed
from recommender_service.artifact.fleet import FleetReport
from recommender_service.artifact.manifest import parse_manifest
from recommender_service.artifact.states import VersionStatus
from recommender_service.catalogue.movie import Movie
from recommender_service.query.recommending import (
    DEFAULT_TOP_K,
    Answer,
    Query,
    Recommendation,
    Seed,
)
from recommender_service.query.version import Version

_UNKNOWN_SEEDS = {
    pb.UNKNOWN_SEEDS_UNSPECIFIED: False,
    pb.UNKNOWN_SEEDS_FAIL: False,
    pb.UNKNOWN_SEEDS_SKIP: True,
}


def query_of(request: pb.RecommendRequest) -> Query:
    """What a request asks for.

    Raises:
        InvalidRequestError: It is not legal.
    """
    if request.unknown_seeds not in _UNKNOWN_SEEDS:
        sentence = (
            f"{request.unknown_seeds} is not legal; legal is UNKNOWN_SEEDS_FAIL or "
            f"UNKNOWN_SEEDS_SKIP"
        )
        raise InvalidRequestError(Violation("unknown_seeds", sentence))
    return Query(
        seeds=[_seed(seed, position) for position, seed in enumerate(request.seeds)],
        top_k=request.top_k if request.HasField("top_k") else DEFAULT_TOP_K,
        skip_unknown=_UNKNOWN_SEEDS[request.unknown_seeds],
    )


def _seed(seed: pb.Seed, position: int) -> Seed:
    kind = seed.WhichOneof("movie")
    if kind is None or (kind == "title" and not seed.title.strip()):
        raise InvalidRequestError(Violation(f"seeds[{position}]", "give a movie_id or a title"))
    movie = seed.movie_id if kind == "movie_id" else seed.title
    return Seed(movie, seed.weight) if seed.HasField("weight") else Seed(movie)


def header(answer: Answer) -> pb.RecommendHeader:
    """How a request was understood, as a message."""
    resolution = answer.resolution
    catalogue = answer.version.catalogue
    return pb.RecommendHeader(
        model_version=answer.version.number,
        resolved_seeds=[
            pb.ResolvedSeed(
                position=seed.position, movie=movie(catalogue.movie(seed.row)), weight=seed.weight
            )
            for seed in resolution.seeds
        ],
        duplicate_seeds=resolution.duplicates,
        unresolved_seeds=[
            pb.UnresolvedSeed(
                position=seed.position, text=seed.text, nearest_titles=seed.nearest_titles
            )
            for seed in resolution.unknown
        ],
    )


def movie(value: Movie) -> pb.Movie:
    """A movie, as a message."""
    return pb.Movie(
        movie_id=value.movie_id,
        title=value.title,
        genres=value.genres,
        year=value.year,
        rating_count=value.rating_count,
    )


def recommendation(value: Recommendation) -> pb.Recommendation:
    """A movie of an answer, as a message."""
    return pb.Recommendation(
        rank=value.rank,
        movie_id=value.movie.movie_id,
        title=value.movie.title,
        genres=value.movie.genres,
        year=value.movie.year,
        score=value.score,
        rating_count=value.movie.rating_count,
    )


def model(version: Version) -> pb.GetModelResponse:
    """A version in memory, as a message."""
    return pb.GetModelResponse(
        manifest=parse_manifest(version.manifest), load_time=_timestamp(version.load_time)
    )


def asked_version(selector: pb.VersionSelector) -> int | str | None:
    """The version that a request asks for: a number, a label, or what serves."""
    kind = selector.WhichOneof("selector")
    if kind is None:
        return None
    return selector.number if kind == "number" else selector.label


def version_list(
    statuses: Sequence[VersionStatus], next_page_token: str, fleet: FleetReport
) -> pb.ListVersionsResponse:
    """What is known of versions and replicas, as a message."""
    return pb.ListVersionsResponse(
        versions=[_version(status, fleet) for status in statuses],
        next_page_token=next_page_token,
        activation=activation.to_message(fleet.activation) if fleet.activation else None,
        replicas=map(replicas.to_message, fleet.replicas),
        control_problem=fleet.control_problem,
        look_time=_timestamp(fleet.look_time) if fleet.look_time else None,
    )


def change_of(request: pb.ActivateVersionRequest) -> Change:
    """What is to be different.

    Raises:
        InvalidRequestError: It is not legal.
    """
    target = request.WhichOneof("target")
    if target is None and not request.label:
        sentence = "give a version, or latest, or a label to take away"
        raise InvalidRequestError(Violation("target", sentence))
    if target == "latest" and not request.latest:
        raise InvalidRequestError(Violation("latest", "false is not legal; only true is"))
    if target == "latest" and request.label:
        sentence = "no label can be put on the latest version: name the version by its number"
        raise InvalidRequestError(Violation("label", sentence))
    return Change(
        version=request.version if target == "version" else None, label=request.label or None
    )


def changed(value: Changed) -> pb.ActivateVersionResponse:
    """What has become of a change, as a message."""
    return pb.ActivateVersionResponse(
        activation=activation.to_message(value.activation),
        serving_version=value.serving_number or 0,
    )


def _version(status: VersionStatus, fleet: FleetReport) -> pb.Version:
    return pb.Version(
        version=status.number,
        state=pb.VersionState.Value(f"VERSION_STATE_{status.state}"),
        reason=status.reason,
        message=status.message,
        manifest=parse_manifest(status.manifest) if status.manifest else None,
        labels=status.labels,
        pinned=status.is_pinned,
        loaded=status.is_loaded,
        serving_replica_count=fleet.serving_count(status.number),
    )


def _timestamp(time: datetime) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(time)
    return message
