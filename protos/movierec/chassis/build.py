"""Which movierec this is."""

import platform
from collections.abc import Iterator
from functools import cache
from importlib import metadata

from prometheus_client.core import InfoMetricFamily
from prometheus_client.metrics_core import Metric

VERSION_KEY = "movierec-version"
"""The trailing metadata in which each answer says what has answered."""


@cache
def distribution_version() -> str:
    """The version of the distribution, e.g. "0.1.0"; "unknown" where it is not installed."""
    try:
        return metadata.version("movierec")
    except metadata.PackageNotFoundError:
        return "unknown"


class BuildInfo:
    """A collector of the metrics library, of one metric whose labels say what runs.

    Args:
        service: Which of the services.
    """

    def __init__(self, service: str) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        """The metric, whose value is always 1."""
        yield InfoMetricFamily(
            "movierec_build",
            "What runs.",
            value={
                "version": distribution_version(),
                "service": self._service,
                "python": platform.python_version(),
            },
        )
