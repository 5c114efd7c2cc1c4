"""Reads the messages that tell of versions, and of who serves them."""

from grpc_health.v1 import health_pb2

from movierec.v1 import artifact_pb2, control_pb2, recommender_pb2
from movierec_client import results
from movierec_client.decoding import runs
from movierec_client.decoding.fields import optional, time, word
from movierec_client.states import ServingStatus, VersionState


def model(message: recommender_pb2.GetModelResponse) -> results.Model:
    """Reads a version that is loaded."""
    return results.Model(
        version=message.manifest.version,
        load_time=optional(message, "load_time", time),
        manifest=_manifest(message.manifest),
    )


def version(message: recommender_pb2.Version) -> results.Version:
    """Reads a version and its state."""
    return results.Version(
        version=message.version,
        state=word(VersionState, recommender_pb2.VersionState, "VERSION_STATE_", message.state),
        reason=message.reason,
        message=message.message,
        manifest=optional(message, "manifest", _manifest),
        labels=tuple(message.labels),
        pinned=message.pinned,
        loaded=message.loaded,
        serving_replica_count=message.serving_replica_count,
    )


def activation(message: recommender_pb2.ActivateVersionResponse) -> results.Activation:
    """Reads what is to serve from now on, and what does."""
    return _activation(message.activation, message.serving_version or None)


def fleet(message: recommender_pb2.ListVersionsResponse) -> results.Fleet:
    """Reads what is to serve, and who serves what."""
    return results.Fleet(
        activation=_activation(message.activation),
        replicas=tuple(
            results.Replica(
                replica_id=replica.replica_id,
                start_time=optional(replica, "start_time", time),
                beat_time=optional(replica, "beat_time", time),
                serving_version=replica.serving_version or None,
                loaded_versions=tuple(replica.loaded_versions),
                generation=replica.generation,
            )
            for replica in message.replicas
        ),
        control_problem=message.control_problem,
        look_time=optional(message, "look_time", time),
    )


def serving_status(number: int) -> ServingStatus:
    """Reads the answer to a health check."""
    return word(ServingStatus, health_pb2.HealthCheckResponse.ServingStatus, "", number)


def _manifest(message: artifact_pb2.ArtifactManifest) -> results.Manifest:
    return results.Manifest(
        version=message.version,
        create_time=optional(message, "create_time", time),
        run_id=message.run_id,
        dataset=message.dataset,
        data=runs.data(message.data),
        settings=runs.settings(message.settings),
        metrics=runs.metrics(message.metrics),
        movie_count=message.movie_count,
        dim=message.dim,
        digest=message.digest,
        gate=optional(message, "gate", runs.gate),
    )


def _activation(
    message: control_pb2.Activation, serving_version: int | None = None
) -> results.Activation:
    is_pinned = message.policy == control_pb2.ACTIVATION_POLICY_PINNED
    return results.Activation(
        generation=message.generation,
        pinned=message.version if is_pinned else None,
        labels=dict(message.labels),
        serving_version=serving_version,
    )
