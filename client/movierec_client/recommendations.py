"""The answer to `recommend`: similar movies, and how the request was understood."""

from collections.abc import AsyncIterator, Iterator

from movierec_client.closing import AsyncClosing, Closing
from movierec_client.errors import ServerError
from movierec_client.results import Chunk, Recommendation, RecommendHeader
from movierec_client.streams import AsyncStream, Stream


class _Chunks:
    """What both kinds of answer have read so far."""

    def __init__(self) -> None:
        self._header: RecommendHeader | None = None
        self._waiting: Iterator[Recommendation] = iter(())

    def _read(self, chunk: Chunk | None) -> RecommendHeader:
        """Takes the next chunk in; returns the header, which came with the first."""
        if chunk is None:
            raise ServerError("the recommender's answer has no header", code="INTERNAL")
        self._waiting = iter(chunk.recommendations)
        self._header = self._header or chunk.header
        return self._header


class Recommendations(_Chunks, Iterator[Recommendation], Closing):
    """Similar movies, best first, as they arrive."""

    def __init__(self, chunks: Stream[Chunk]) -> None:
        super().__init__()
        self._chunks = chunks

    @property
    def header(self) -> RecommendHeader:
        """How the request was understood; waits for the first message."""
        return self._header or self._read(next(self._chunks, None))

    def __next__(self) -> Recommendation:
        while (recommendation := next(self._waiting, None)) is None:
            self._read(next(self._chunks))
        return recommendation

    def close(self) -> None:
        """Ends the answer, and cancels the call unless it is over."""
        self._chunks.close()


class AsyncRecommendations(_Chunks, AsyncIterator[Recommendation], AsyncClosing):
    """Similar movies, best first, as they arrive."""

    def __init__(self, chunks: AsyncStream[Chunk]) -> None:
        super().__init__()
        self._chunks = chunks

    @property
    async def header(self) -> RecommendHeader:
        """How the request was understood: `await recommendations.header`."""
        return self._header or self._read(await anext(self._chunks, None))

    async def __anext__(self) -> Recommendation:
        while (recommendation := next(self._waiting, None)) is None:
            self._read(await anext(self._chunks))
        return recommendation

    async def close(self) -> None:
        """Ends the answer, and cancels the call unless it is over."""
        await self._chunks.close()
