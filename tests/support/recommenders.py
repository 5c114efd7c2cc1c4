"""Real recommenders, in process, and what is known of the versions that they see."""

from collections.abc import Iterator
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

    def recommend(self, *movie_ids: int, top_k: int = 10) -> list[pb.RecommendResponse]:
        """All messages of the answer to seeds that are ids."""
        seeds = [pb.Seed(movie_id=movie_id) for movie_id in movie_ids]
        request = pb.RecommendRequest(seeds=seeds, top_k=top_k)
        return list(self.stub.Recommend(request, timeout=DEADLINE_S))

    def versions(self) -> list[pb.Version]:
        """What it says of all versions."""
        answer = self.stub.ListVersions(pb.ListVersionsRequest(), timeout=DEADLINE_S)
        return list(answer.versions)

    def states(self) -> dict[int, str]:
        """The state of each version, e.g. "SERVING", newest first."""
        return {
            version.version: pb.VersionState.Name(version.state).removeprefix("VERSION_STATE_")
            for version in self.versions()
        }

    def wait_for_states(self, expected: dict[int, str]) -> None:
        """Asks until the versions are in these states."""
        until(self.states, lambda states: states == expected)


@contextmanager
def running_recommender(artifacts_dir: Path) -> Iterator[AskedRecommender]:
    """A recommender of a volume that looks for versions all the time."""
    settings = RecommenderSettings(
        listen="127.0.0.1:0", artifacts_dir=artifacts_dir, poll_interval_s=0.01
    )
    with (
        serving(lambda: Recommender(settings)) as address,
        grpc.insecure_channel(address) as channel,
    ):
        yield AskedRecommender(address, channel)
