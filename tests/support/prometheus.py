"""A real Prometheus that scrapes what a test has started."""

import json
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

SCRAPE_INTERVAL = "200ms"

needs_prometheus = pytest.mark.skipif(
    not shutil.which("prometheus"), reason="needs Debian's package prometheus"
)


class Prometheus:
    """Prometheus, to be asked.

    Args:
        address: Where it listens.
    """

    def __init__(self, address: str) -> None:
        self._address = address

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series that an expression has now.

        Raises:
            AssertionError: It is none.
        """
        text = urllib.parse.urlencode({"query": expression})
        request = f"http://{self._address}/api/v1/query?{text}"
        try:
            with urllib.request.urlopen(request) as answer:
                found = json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{expression}: {error.read().decode()}") from None
        series: list[dict[str, Any]] = found["data"]["result"]
        return series

    def values(self, expression: str) -> list[float]:
        """The values that an expression has now and that are numbers."""
        values = [float(series["value"][1]) for series in self.query(expression)]
        return [value for value in values if value == value]  # noqa: PLR0124  # NaN is not


@contextmanager
def scraping(folder: Path, targets: Mapping[str, str]) -> Iterator[Prometheus]:
    """Prometheus, from its start until it has answered.

    Args:
        folder: For what it keeps.
        targets: HOST:PORT by job.
    """
    folder.mkdir()
    jobs = [
        {"job_name": job, "static_configs": [{"targets": [target]}]}
        for job, target in targets.items()
    ]
    config = {"global": {"scrape_interval": SCRAPE_INTERVAL}, "scrape_configs": jobs}
    # JSON is YAML, too.
    (folder / "prometheus.yml").write_text(json.dumps(config))
    command = [
        *("prometheus", "--config.file", str(folder / "prometheus.yml")),
        *("--storage.tsdb.path", str(folder / "data"), "--web.listen-address", "127.0.0.1:0"),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr
            address = ""
            for line in process.stderr:
                if found := re.search(r"Listening on\" address=(127\.0\.0\.1:\d+)", line):
                    address = found[1]
                if "Server is ready" in line:
                    break
            assert address, "Prometheus did not start"
            yield Prometheus(address)
        finally:
            process.kill()
