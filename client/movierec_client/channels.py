"""How channels behave: where calls go, which are made again, how large messages may be."""

import json
from typing import Any

from movierec_client.services import RECOMMENDER, TRAINER, Service
from movierec_client.version import version

DEFAULT_MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""What an answer's message may have at most, unless the client is told otherwise."""

MOST_ATTEMPTS = 4
"""How often a call that may be made again is made at most."""

# What changes nothing, and what may be done twice with one effect and one answer. Not
# ActivateVersion: to take a label away that is away is NOT_FOUND. Train has a request id always.
_MADE_AGAIN = {
    RECOMMENDER: ("Recommend", "BatchRecommend", "SearchMovies", "GetModel", "ListVersions"),
    TRAINER: ("Train", "FollowRun", "GetRun", "ListRuns", "CancelRun", "GetInsights"),
}
RETRIES: dict[str, Any] = {
    "maxAttempts": MOST_ATTEMPTS,
    "initialBackoff": "0.1s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}
"""How a call is made again, as a service config says it; gRPC adds jitter."""

# Calls are made again as long as more than half of the tokens are there. A failure takes one
# and an answer brings a tenth of one: a server that dies under load costs nobody an error,
# and one that is down is spared.
THROTTLING: dict[str, Any] = {"maxTokens": 200, "tokenRatio": 0.1}
"""When calls are no longer made again, as a service config says it."""

# Servers of gRPC hang up on who pings more often than every 5 minutes.
_KEEPALIVE_MS = 6 * 60 * 1000
# A server that is started anew is found as soon; gRPC's own are 1 second to 2 minutes.
_FIRST_RECONNECT_MS = 200
_LAST_RECONNECT_MS = 5_000
# How soon a name is looked up again whose servers are gone; gRPC's own is half a minute.
_LOOK_UP_AGAIN_MS = 5_000


def channel_options(
    service: Service, *, by_health: bool, max_message_bytes: int
) -> list[tuple[str, Any]]:
    """Returns the options of a channel.

    Args:
        service: Where it leads.
        by_health: Whether calls go only to servers that say that they serve.
        max_message_bytes: The largest message that is taken.
    """
    return [
        ("grpc.primary_user_agent", f"movierec/{version()}"),
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.service_config", json.dumps(service_config(service, by_health=by_health))),
        ("grpc.keepalive_time_ms", _KEEPALIVE_MS),
        # A run may be silent for longer than two pings while it is evaluated.
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.initial_reconnect_backoff_ms", _FIRST_RECONNECT_MS),
        ("grpc.max_reconnect_backoff_ms", _LAST_RECONNECT_MS),
        ("grpc.dns_min_time_between_resolutions_ms", _LOOK_UP_AGAIN_MS),
    ]


def service_config(service: Service, *, by_health: bool) -> dict[str, Any]:
    """Returns gRPC's service config: balancing, health checking, retries.

    Args:
        service: Whose.
        by_health: Whether calls go only to servers that say that they serve.
    """
    names = [{"service": service.full_name, "method": method} for method in _MADE_AGAIN[service]]
    config: dict[str, Any] = {
        "loadBalancingConfig": [{"round_robin": {}}],
        "methodConfig": [{"name": names, "retryPolicy": RETRIES}],
        "retryThrottling": THROTTLING,
    }
    if by_health:
        config["healthCheckConfig"] = {"serviceName": service.full_name}
    return config
