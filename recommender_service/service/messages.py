"""What is known of versions and movies, as messages of the contract."""

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
from recommender_service.query.version import Version


def movie(value: Movie) -> pb.Movie:
    """A movie, as a message."""
    return pb.Movie(
        movie_id=value.movie_id,
        title=value.title,
        genres=value.genres,
        year=value.year,
        rating_count=value.rating_count,
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
