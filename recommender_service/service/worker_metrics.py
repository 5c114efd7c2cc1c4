"""What several workers say of themselves, as one answer to whoever scrapes."""

import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

PATIENCE_S = 2.0
"""Seconds that a worker has to say what it counts; Prometheus waits for ten for all."""

# A proxy that the environment names is not for what is on this machine.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class WorkersCollector:
    """Collects what each worker counts, told apart by the label `worker`, its number.

    They are not added up: one that was started again counts from 0, which
    Prometheus makes allowance for in a series of its own only.

    Args:
        own: What the first worker says.
        others: Where each of the others says it; None if it does not yet.
    """

    def __init__(
        self, own: CollectorRegistry, others: Callable[[], Mapping[int, str | None]]
    ) -> None:
        self._own = own
        self._others = others

    def collect(self) -> Iterable[Metric]:
        """The figures as they are; those of a worker that does not answer are missing."""
        others = self._others()
        families: dict[str, Metric] = {}
        _add(families, 1, _parsed(generate_latest(self._own)))
        answering = 1
        with ThreadPoolExecutor(len(others) or 1, "scrape") as threads:
            for number, found in zip(others, threads.map(_said, others.values()), strict=True):
                _add(families, number, found)
                answering += bool(found)
        workers = GaugeMetricFamily(
            "movierec_workers", "Workers of this recommender, by state.", labels=["state"]
        )
        workers.add_metric(["answering"], answering)
        workers.add_metric(["missing"], 1 + len(others) - answering)
        return [*families.values(), workers]


def registry_of_all(
    own: CollectorRegistry, others: Callable[[], Mapping[int, str | None]]
) -> CollectorRegistry:
    """A registry of what all workers say.

    Args:
        own: What the first one says.
        others: Where each of the others says it; None if it does not yet.
    """
    registry = CollectorRegistry(support_collectors_without_names=True)
    registry.register(WorkersCollector(own, others))
    return registry


def _add(families: dict[str, Metric], number: int, found: Iterable[Metric]) -> None:
    for family in found:
        one = families.setdefault(
            family.name, Metric(family.name, family.documentation, family.type)
        )
        one.samples += _labelled(family, number)


def _labelled(family: Metric, number: int) -> Iterator[Any]:
    for sample in family.samples:
        yield sample._replace(labels={**sample.labels, "worker": str(number)})


def _parsed(text: bytes) -> list[Metric]:
    """Families as all of them are told: by themselves, some have another name and kind."""
    return list(text_string_to_metric_families(text.decode()))


def _said(url: str | None) -> list[Metric]:
    """What one says; nothing if it does not."""
    if url is None:
        return []
    try:
        with _opener.open(url, timeout=PATIENCE_S) as answer:
            return _parsed(answer.read())
    except (OSError, ValueError):
        return []
