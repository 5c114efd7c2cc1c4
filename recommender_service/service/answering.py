"""From a request to the messages of its answer: remembered, or worked out, at once or aside."""

import threading
import time
from collections.abc import AsyncGenerator, Callable, Hashable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TypeVar

from movierec.chassis.errors import ServiceError
from movierec.v1 import recommender_pb2 as pb
from recommender_service.query.query import Combination, Query
from recommender_service.query.recommending import Answer, most_explained, recommend
from recommender_service.query.version import Version
from recommender_service.service import answers
from recommender_service.service.queries import canonical, query_of
from recommender_service.service.recommendation_log import RecommendationLog, as_json
from recommender_service.service.replies import LARGEST_BYTES, Replies, Reply
from recommender_service.service.turns import Turns

LONG_PRODUCTS = 10_000_000
"""Of two numbers each; a query that takes more, some 3 ms, is worked out in a thread."""

LONG_BYTES = 4 * 1024
"""Of a request, with some hundred movies by id or twenty by title; longer ones are understood and
worked out in a thread, and not remembered."""

LONG_TOP_K = 100
"""From more movies than these on, likewise: each hundred takes some 0.5 ms."""

THREADS = 2

Result = TypeVar("Result")


class StoppedError(Exception):
    """Nobody waits for the answer any more."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of an answer: an encoded message, and the movies in it."""

    message: bytes
    movie_ids: tuple[int, ...]
    request: str = ""


class Answering:
    """Answers requests from versions.

    Args:
        chunk_size: Recommendations in a message, at most.
        remembered_bytes: Of answers that are kept to be given again.
        log: Where each answer is written to, if anywhere.
    """

    def __init__(
        self, *, chunk_size: int, remembered_bytes: int, log: RecommendationLog | None = None
    ) -> None:
        self._chunk_size = chunk_size
        self._log = log
        self.replies = Replies(remembered_bytes)
        """Those that are remembered."""
        self._turns = Turns(THREADS)

    def remembered(self, request: pb.RecommendRequest, version: Version) -> Sequence[bytes] | None:
        """The encoded messages of the answer to a request, if it was given of late.

        Args:
            request: What is asked for; which version that means has been decided.
            version: What to answer from.
        """
        if request.ByteSize() > LONG_BYTES:
            return None
        began = time.perf_counter()
        reply = self.replies.get(_key(request, version))
        if reply is None:
            return None
        if self._log:
            self._log.answered(version.number, reply, time.perf_counter() - began)
        return reply.messages

    async def messages(
        self, request: pb.RecommendRequest, version: Version, whose: Callable[[], str]
    ) -> AsyncGenerator[bytes]:
        """The same, worked out; at least one.

        When it is closed, what is being worked out for it ends.

        Args:
            request: What is asked for; which version that means has been decided.
            version: What to answer from.
            whose: Says which connection it came on, each of which has its turn.

        Raises:
            ServiceError: There is no answer; before any message.
        """
        began = time.perf_counter()
        parts: list[_Part] = []
        size_bytes = 0
        try:
            async with aclosing(self._parts(request, version, whose)) as worked_out:
                async for part in worked_out:
                    size_bytes += len(part.message)
                    kept = part.message if size_bytes <= LARGEST_BYTES else b""
                    parts.append(_Part(kept, part.movie_ids, part.request))
                    yield part.message
        except ServiceError as error:
            if self._log:
                self._log.failed(version.number, request, error, time.perf_counter() - began)
            raise
        reply = Reply(
            tuple(part.message for part in parts),
            tuple(movie_id for part in parts for movie_id in part.movie_ids),
            parts[0].request,
        )
        if size_bytes <= LARGEST_BYTES and request.ByteSize() <= LONG_BYTES:
            self.replies.put(_key(request, version), reply)
        if self._log:
            self._log.answered(version.number, reply, time.perf_counter() - began)

    async def _parts(
        self, request: pb.RecommendRequest, version: Version, whose: Callable[[], str]
    ) -> AsyncGenerator[_Part]:
        async def aside(work: Callable[[], Result]) -> Result:
            return await self._turns.do(whose(), work)

        is_large = request.ByteSize() > LONG_BYTES
        query = await aside(partial(query_of, request)) if is_large else query_of(request)
        stopped = threading.Event()

        def pause() -> None:
            if stopped.is_set():
                raise StoppedError

        do = aside if is_large or _is_long(query, version) else _at_once
        try:
            answer = await do(partial(recommend, version, query, pause))
            take = partial(self._next_part, answer, query)
            part = await do(partial(take, header_for=request))
            while part is not None:
                yield part
                part = await do(take)
        finally:
            stopped.set()

    def _next_part(
        self, answer: Answer, query: Query, *, header_for: pb.RecommendRequest | None = None
    ) -> _Part | None:
        """The next part of an answer, or None when it is over."""
        size = self._chunk_size
        if query.explain:
            size = min(size, most_explained(len(query.seeds)))
        some = list(islice(answer.recommendations, size))
        if not some and header_for is None:
            return None
        request = ""
        if header_for is not None and self._log:
            request = as_json(canonical(header_for, query, answer))
        message = pb.RecommendResponse(
            header=None if header_for is None else answers.header(answer),
            recommendations=answers.recommendations(answer, some),
        )
        movie_ids = tuple(value.movie.movie_id for value in some)
        return _Part(message.SerializeToString(), movie_ids, request)


def _key(request: pb.RecommendRequest, version: Version) -> Hashable:
    # A version that was loaded anew may be another one.
    return version.number, version.load_time, request.SerializeToString(deterministic=True)


async def _at_once(work: Callable[[], Result]) -> Result:
    return work()


def _is_long(query: Query, version: Version) -> bool:
    times = len(query.seeds) if query.combination is Combination.BEST_MATCH else 1
    return version.index.embeddings.size * times > LONG_PRODUCTS or query.top_k > LONG_TOP_K
