"""What is still to come of a stream that broke: the rest of an answer, or of a run."""

import dataclasses
from collections.abc import Callable
from typing import Any

from movierec.v1 import recommender_pb2
from movierec_client.calls import Rest, Streaming
from movierec_client.results import Chunk
from movierec_client.runs import RunEvent

Request = recommender_pb2.RecommendRequest
Recommend = Callable[[Request], Streaming[Request, recommender_pb2.RecommendResponse, Chunk]]
Follow = Callable[[str, int], "Streaming[Any, Any, RunEvent]"]

RUN_PATIENCE_S = 60.0
"""For how long a trainer that is gone is looked for: it may be started anew, and runs go on."""


class RestOfAnswer(Rest[Chunk]):
    """The ranks that have not arrived, from the version that gave those that have.

    Args:
        request: What was asked.
        recommend: Makes the call that asks it.
    """

    patience_s = 0.0

    def __init__(self, request: Request, recommend: Recommend) -> None:
        self._request = request
        self._recommend = recommend
        self._version = 0
        self._rank = 0
        self._skipped = -1  # Ranks up to this one had arrived when the stream was taken up.

    def news(self, item: Chunk) -> Chunk | None:
        """Returns the chunk without the ranks that had arrived before."""
        is_first = not self._version
        self._version = self._version or item.header.model_version
        new = [movie for movie in item.recommendations if movie.rank > self._skipped]
        if new:
            self._rank = new[-1].rank
        elif not is_first:
            return None
        return dataclasses.replace(item, recommendations=new)

    def call(self) -> Streaming[Request, recommender_pb2.RecommendResponse, Chunk]:
        """Returns the same question, to the version that has answered so far.

        gRPC asks again by itself, but no more once a server has begun to answer, be it with
        headers alone.
        """
        if not self._version:
            return self._recommend(self._request)
        self._skipped = self._rank
        request = Request()
        request.CopyFrom(self._request)
        request.version.number = self._version
        return self._recommend(request)


class RestOfRun(Rest[RunEvent]):
    """The events after the last one that has arrived.

    Args:
        follow: Makes the call that follows a run, given after which event.
    """

    patience_s = RUN_PATIENCE_S

    def __init__(self, follow: Follow) -> None:
        self._follow = follow
        self._last: RunEvent | None = None

    def news(self, item: RunEvent) -> RunEvent:
        """Returns the event: those that have arrived are not asked for again."""
        self._last = item
        return item

    def call(self) -> "Streaming[Any, Any, RunEvent] | None":
        """Returns how to follow on; None before the first event of a run."""
        if self._last is None or not self._last.run_id:
            return None
        return self._follow(self._last.run_id, self._last.sequence)
