"""Versions that change under load: no call is lost, and memory does not grow."""

import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from support.load import Load, publish_number
from support.processes import resident_mib
from support.recommenders import AskedRecommender
from support.servers import wait_until_serving
from support.services import Running, started

SWAPS_UNDER_LOAD = 50
SWAPS = 500


@pytest.fixture
def artifacts_dir(tmp_path: Path) -> Path:
    return tmp_path / "artifacts"


@pytest.fixture
def recommender(tmp_path: Path, artifacts_dir: Path) -> Iterator[tuple[Running, AskedRecommender]]:
    """A process that serves version 1, and forgets each version that does not serve."""
    publish_number(artifacts_dir, 1)
    # Nobody reads its log, which therefore must not be long.
    flags = ("--loaded-versions", "1", "--poll-interval-s", "0.05", "--log-level", "warning")
    with (
        started("recommender_service", tmp_path, *flags) as service,
        grpc.insecure_channel(service.address) as channel,
    ):
        wait_until_serving(channel)
        yield service, AskedRecommender(service.address, channel)


def memory_after(recommender: tuple[Running, AskedRecommender], swaps: int) -> float:
    """Pins one version after the other; the median of the memory after each of the last ten."""
    service, asked = recommender
    found = []
    for swap in range(swaps):
        number = 1 + swap % 5
        assert asked.pin(number).serving_version == number
        assert asked.answering() == number
        found.append(resident_mib(service.process.pid))
    return statistics.median(found[-10:])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_fifty_swaps_under_load_lose_no_call_and_five_hundred_no_memory(
    recommender: tuple[Running, AskedRecommender], artifacts_dir: Path
) -> None:
    load = Load(recommender[0].address)
    numbers = list(range(1, SWAPS_UNDER_LOAD + 2))
    with load.running():
        load.wait_for(1)
        for number in numbers[1:]:
            publish_number(artifacts_dir, number)
            load.wait_for(number)
    assert load.failures == []
    assert all(seen == sorted(seen) for seen in load.seen)
    assert sorted({number for seen in load.seen for number in seen}) == numbers

    after_fifty = memory_after(recommender, 10)
    after_all = memory_after(recommender, SWAPS - SWAPS_UNDER_LOAD - 10)
    assert after_all <= 1.1 * after_fifty
