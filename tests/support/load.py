"""Clients that ask all the time while versions change, and check every answer."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import grpc
import numpy as np

from movierec.v1 import recommender_pb2 as pb
from support.recommenders import AskedRecommender
from support.servers import DEADLINE_S
from support.versions import publication, publish

Item = TypeVar("Item")

MOVIES = 2_000
CLIENTS = 16
REQUEST = pb.RecommendRequest(seeds=[pb.Seed(movie_id=10)], top_k=250)
"""Its answer comes in three messages."""


def publish_number(artifacts_dir: Path, number: int) -> None:
    """Publishes a version of movies whose titles all say which version they are of."""
    titles = [f"v{number} film {i} ({1900 + i % 100})" for i in range(MOVIES)]
    vectors = np.random.default_rng(number).normal(size=(MOVIES, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    published = publication(titles, [0] * MOVIES, embeddings=vectors)
    assert publish(artifacts_dir, published) == number


class Load:
    """Clients that ask all the time, each on a connection of its own.

    Args:
        address: Whom they ask.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._changed = threading.Condition()
        self._ended = False
        self.failures: list[str] = []
        self.seen: list[list[int]] = [[] for _ in range(CLIENTS)]
        """Of each client, the versions of its answers."""

    @contextmanager
    def running(self) -> Iterator[None]:
        """Has the clients ask until the end."""
        clients = [threading.Thread(target=self._ask, args=[seen]) for seen in self.seen]
        for client in clients:
            client.start()
        try:
            yield
        finally:
            self._ended = True
            for client in clients:
                client.join(DEADLINE_S)

    def wait_for(self, number: int) -> None:
        """Waits until some client is answered from a version."""
        with self._changed:
            assert self._changed.wait_for(
                lambda: self.failures or any(number in seen[-1:] for seen in self.seen), DEADLINE_S
            )

    def _ask(self, seen: list[int]) -> None:
        options = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(self._address, options) as channel:
            asked = AskedRecommender(self._address, channel)
            while not self._ended:
                try:
                    answers = list(asked.stub.Recommend(REQUEST, timeout=DEADLINE_S))
                except grpc.RpcError as error:
                    self._tell(self.failures, str(error))
                    return
                number = answers[0].header.model_version
                titles = [movie.title for answer in answers for movie in answer.recommendations]
                if len(titles) != 250 or {title.split()[0] for title in titles} != {f"v{number}"}:
                    self._tell(self.failures, f"an answer of {number} with {titles}")
                self._tell(seen, number)

    def _tell(self, where: list[Item], what: Item) -> None:
        with self._changed:
            where.append(what)
            self._changed.notify_all()
