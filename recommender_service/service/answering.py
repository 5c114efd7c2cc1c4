"""From a request to the messages of its answer: remembered, or worked out, at once or aside."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TypeVar

from movierec.chassis.errors import ServiceError
from movierec.v1 import recommender_pb2 as pb
from recommender_service.query.query import Combination, Query
from recommender_service.query.recommending import Recommendation, most_explained, recommend
from recommender_service.query.version import Version
from recommender_service.service import answers
from recommender_service.service.queries import canonical, query_of
from recommender_service.service.recommendation_log import RecommendationLog, as_json
from recommender_service.service.replies import LARGEST_BYTES, Replies, Reply
from recommender_service.service.turns import Turns

LONG_PRODUCTS = 10_000_000
"""Of two numbers each; a query that takes more, some 3 ms, is worked out in a thread."""

LONG_BYTES = 4 * 1024
"""Of a request, with some hundred movies by id or twenty by title; longer ones are decoded when
their turn comes, understood and worked out in a thread, and not remembered."""

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


@dataclass(frozen=True, slots=True)
class _Begun:
    """An answer after its first part, of which the reader takes part after part in his time.

    It keeps nothing of the request and of what was said of it, which may be large.

    Args:
        version: What it is from.
        request: The canonical one, if there is a log.
        following: Makes the next part, or None when it is over.
    """

    version: int
    request: str
    following: Callable[[], _Part | None]


_Do = Callable[[Callable[[], _Part | None]], Awaitable[_Part | None]]
"""Has parts made, here or in a thread."""


class _Work:
    """Work on an answer, which ends soon after it is stopped."""

    __slots__ = ("_began", "_is_stopped")

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._is_stopped = False

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.perf_counter() - self._began

    def stop(self) -> None:
        """Has it end."""
        self._is_stopped = True

    def pause(self) -> None:
        """Called between its parts, in any thread.

        Raises:
            StoppedError: It is to end.
        """
        if self._is_stopped:
            raise StoppedError


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
        # Held by a long request from where it is decoded, while its works take turns with others.
        self._long_turns = Turns(THREADS)

    def remembered(
        self, request: pb.RecommendRequest, version: Version
    ) -> tuple[bytes, ...] | None:
        """The encoded messages of the answer to a request, if it was given of late.

        Args:
            request: What is asked for; which version that means has been decided.
            version: What to answer from.
        """
        began = time.perf_counter()
        reply = self.replies.get(_key(request, version))
        if reply is None:
            return None
        if self._log:
            self._log.answered(version.number, reply, time.perf_counter() - began)
        return reply.messages

    def messages(
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

        async def begin(work: _Work) -> tuple[_Part, _Begun, _Do]:
            return await self._begun(request, version, whose, work)

        return self._messages(begin, _key(request, version))

    def long_messages(
        self,
        decode: Callable[[], pb.RecommendRequest],
        take: Callable[[pb.RecommendRequest], Version],
        whose: Callable[[], str],
    ) -> AsyncGenerator[bytes]:
        """The same, to a request of more than `LONG_BYTES`.

        Of those no more are decoded at a time than there are threads, until each has begun to be
        answered: a decoded request takes up to 25 times its bytes.

        Args:
            decode: Makes the request of its bytes.
            take: Decides which version it means.
            whose: As above.

        Raises:
            ServiceError: As above, and what `decode` and `take` raise.
        """

        async def begin(work: _Work) -> tuple[_Part, _Begun, _Do]:
            async with self._long_turns.turn(whose()):
                began = time.perf_counter()
                request = decode()
                # Which nothing interrupts: calls that came meanwhile go first. With a pause of once
                # the time, not twice, others wait up to a second in a flood of such requests.
                await asyncio.sleep(2 * (time.perf_counter() - began))
                return await self._begun(request, take(request), whose, work, is_long=True)

        return self._messages(begin, None)

    async def _messages(
        self, begin: Callable[[_Work], Awaitable[tuple[_Part, _Begun, _Do]]], key: Hashable | None
    ) -> AsyncGenerator[bytes]:
        work = _Work()
        parts: list[_Part] = []
        size_bytes = 0
        try:
            part: _Part | None
            part, begun, do = await begin(work)
            while part is not None:
                size_bytes += len(part.message)
                kept = part.message if size_bytes <= LARGEST_BYTES else b""
                parts.append(_Part(kept, part.movie_ids))
                yield part.message
                part = await do(begun.following)
        finally:
            work.stop()
        reply = Reply(
            tuple(part.message for part in parts),
            tuple(movie_id for part in parts for movie_id in part.movie_ids),
            begun.request,
        )
        if size_bytes <= LARGEST_BYTES and key is not None:
            self.replies.put(key, reply)
        if self._log:
            self._log.answered(begun.version, reply, work.seconds)

    async def _begun(
        self,
        request: pb.RecommendRequest,
        version: Version,
        whose: Callable[[], str],
        work: _Work,
        *,
        is_long: bool = False,
    ) -> tuple[_Part, _Begun, _Do]:
        async def aside(work: Callable[[], Result]) -> Result:
            return await self._turns.do(whose(), work)

        try:
            query = await aside(partial(query_of, request)) if is_long else query_of(request)
            do = aside if is_long or _is_long(query, version) else _at_once
            begin = partial(self._begin, request, version, query, work.pause)
            return *await do(begin), do
        except ServiceError as error:
            if self._log:
                self._log.failed(version.number, request, error, work.seconds)
            raise

    def _begin(
        self,
        request: pb.RecommendRequest,
        version: Version,
        query: Query,
        pause: Callable[[], object],
    ) -> tuple[_Part, _Begun]:
        answer = recommend(version, query, pause)
        size = self._chunk_size
        if query.explain:
            size = min(size, most_explained(len(query.seeds)))
        positions = [seed.position for seed in answer.resolution.seeds]
        some = list(islice(answer.recommendations, size))
        first = _part(some, positions, answers.header(answer))
        return first, _Begun(
            version.number,
            as_json(canonical(request, query, answer)) if self._log else "",
            partial(_following, answer.recommendations, size, positions),
        )


def _following(
    recommendations: Iterator[Recommendation], size: int, positions: Sequence[int]
) -> _Part | None:
    some = list(islice(recommendations, size))
    return _part(some, positions) if some else None


def _part(
    some: Sequence[Recommendation],
    positions: Sequence[int],
    header: pb.RecommendHeader | None = None,
) -> _Part:
    message = pb.RecommendResponse(
        header=header, recommendations=answers.recommendations(some, positions)
    )
    return _Part(message.SerializeToString(), tuple(value.movie.movie_id for value in some))


def _key(request: pb.RecommendRequest, version: Version) -> Hashable:
    # A version that was loaded anew may be another one.
    return version.number, version.load_time, request.SerializeToString(deterministic=True)


async def _at_once(work: Callable[[], Result]) -> Result:
    return work()


def _is_long(query: Query, version: Version) -> bool:
    times = len(query.seeds) if query.combination is Combination.BEST_MATCH else 1
    return version.index.embeddings.size * times > LONG_PRODUCTS or query.top_k > LONG_TOP_K
