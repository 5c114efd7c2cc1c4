"""What a service says of itself to whoever scrapes it."""

import re
import urllib.parse
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from support.services import Running


def metrics_address(service: Running) -> str:
    """HOST:PORT where a service that was told to listen says its metrics, from its log."""
    assert service.process.stderr
    for line in service.process.stderr:
        if found := re.search(r"metrics are at http://([^/]+)/metrics", line):
            return found[1]
    raise AssertionError("it did not say where its metrics are")


def scraped(address: str, *names: str) -> dict[str, dict[frozenset[str], float]]:
    """The samples by name, and by the values of their labels; all of them, or those asked for."""
    query = urllib.parse.urlencode([("name[]", name) for name in names])
    with urllib.request.urlopen(f"http://{address}/metrics?{query}") as answer:
        text = answer.read().decode()
    found: dict[str, dict[frozenset[str], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = frozenset(sample.labels.values())
            found.setdefault(sample.name, {})[labels] = sample.value
    return found
