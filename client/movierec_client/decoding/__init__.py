"""Reads the messages that arrive; pure functions, the same for both clients."""

from movierec_client.decoding.movies import chunk, movie, recommend_header, recommendation
from movierec_client.decoding.runs import run, run_event
from movierec_client.decoding.versions import activation, fleet, model, serving_status, version

__all__ = [
    "activation",
    "chunk",
    "fleet",
    "model",
    "movie",
    "recommend_header",
    "recommendation",
    "run",
    "run_event",
    "serving_status",
    "version",
]
