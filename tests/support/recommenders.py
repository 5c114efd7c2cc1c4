"""Real recommenders, in process, and what is known of the versions that they see."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import grpc

from movierec.v1 import recommender_pb2 as pb
from movierec.v1.recommender_pb2_grpc import RecommenderServiceStub
from recommender_service.service.building import Recommender
from recommender_service.settings import RecommenderSettings
from support.servers import DEADLINE_S, serving, until

SLOW_READER = [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65_536)]
"""A channel's options: it takes 64 KiB in advance, and the server waits until those are read."""


class AskedRecommender:
    """A recommender that is running, and the stub to ask it.

    Args:
        address: Where it listens.
        channel: Leads there.
    """

    def __init__(self, address: str, channel: grpc.Channel) -> None:
        self.address = address
        self.channel = channel
        self.stub = RecommenderServiceStub(channel)

    def recommend(
        self, *movie_ids: int, top_k: int = 10, version: int | str | None = None
    ) -> list[pb.RecommendResponse]:
        """All messages of the answer to seeds that are ids."""
        seeds = [pb.Seed(movie_id=movie_id) for movie_id in movie_ids]
        request = pb.RecommendRequest(seeds=seeds, top_k=top_k, version=selector(version))
        return list(self.stub.Recommend(request, timeout=DEADLINE_S))

    def answering(self, version: int | str | None = None) -> int:
        """The number of the version that answers a request, which may ask for one."""
        return self.recommend(10, version=version)[0].header.model_version

    def pin(self, version: int) -> pb.ActivateVersionResponse:
        """Pins a version."""
        return self.activate(pb.ActivateVersionRequest(version=version))

    def follow_the_latest(self) -> pb.ActivateVersionResponse:
        """Goes back to the latest version."""
        return self.activate(pb.ActivateVersionRequest(latest=True))

    def label(self, label: str, version: int) -> pb.ActivateVersionResponse:
        """Puts a label on a version."""
        return self.activate(pb.ActivateVersionRequest(version=version, label=label))

    def unlabel(self, label: str) -> pb.ActivateVersionResponse:
        """Takes a label away."""
        return self.activate(pb.ActivateVersionRequest(label=label))

    def activate(
        self, request: pb.ActivateVersionRequest, timeout_s: float = DEADLINE_S
    ) -> pb.ActivateVersionResponse:
        """Changes what is to serve."""
        return self.stub.ActivateVersion(request, timeout=timeout_s)

    def report(self) -> pb.ListVersionsResponse:
        """What it says of all versions, and of the fleet."""
        return self.stub.ListVersions(pb.ListVersionsRequest(), timeout=DEADLINE_S)

    def versions(self) -> Sequence[pb.Version]:
        """What it says of all versions, newest first."""
        return self.report().versions

    def version(self, number: int) -> pb.Version:
        """What it says of one version."""
        return next(version for version in self.versions() if version.version == number)

    def states(self) -> dict[int, str]:
        """The state of each version, e.g. "SERVING", newest first."""
        return {
            version.version: pb.VersionState.Name(version.state).removeprefix("VERSION_STATE_")
            for version in self.versions()
        }

    def loaded(self) -> set[int]:
        """The versions that requests may ask for."""
        return {version.version for version in self.versions() if version.loaded}

    def wait_for_states(self, expected: dict[int, str]) -> None:
        """Asks until the versions are in these states."""
        until(self.states, lambda states: states == expected)

    def wait_until_it_serves(self, number: int) -> None:
        """Asks until a version serves."""
        until(self.states, lambda states: states.get(number) == "SERVING")

    def wait_for_looks(self, count: int = 5) -> None:
        """Asks until it has looked at the volume again, and so often."""
        for _ in range(count):
            before = self.report().look_time.ToNanoseconds()
            until(self.report, lambda now: now.look_time.ToNanoseconds() != before)  # noqa: B023


def selector(version: int | str | None) -> pb.VersionSelector | None:
    """What a request asks for with a number or a label."""
    if version is None:
        return None
    if isinstance(version, int):
        return pb.VersionSelector(number=version)
    return pb.VersionSelector(label=version)


@contextmanager
def running_recommender(artifacts_dir: Path, **settings: object) -> Iterator[AskedRecommender]:
    """A recommender of a volume that looks for versions all the time.

    Args:
        artifacts_dir: The volume.
        **settings: Others than the usual ones.
    """
    told = RecommenderSettings.model_validate(
        {
            "listen": "127.0.0.1:0",
            "artifacts_dir": artifacts_dir,
            "poll_interval_s": 0.01,
            **settings,
        }
    )
    with (
        serving(lambda: Recommender(told)) as address,
        grpc.insecure_channel(address) as channel,
    ):
        yield AskedRecommender(address, channel)


@contextmanager
def slow_reader(recommender: AskedRecommender) -> Iterator[RecommenderServiceStub]:
    """A stub on a channel of its own, for which the server has to wait."""
    with grpc.insecure_channel(recommender.address, SLOW_READER) as channel:
        yield RecommenderServiceStub(channel)
