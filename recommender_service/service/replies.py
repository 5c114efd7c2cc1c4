"""Answers that were given of late, ready to be sent again."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

LARGEST_BYTES = 64 * 1024
"""A larger reply is not remembered."""

OVERHEAD_BYTES = 700
"""What a reply takes besides its messages and ids: the objects, its key, its place in order."""

ID_BYTES = 40
"""Of an id in a tuple."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer.

    Args:
        messages: Encoded, as they are sent, at least one.
        movie_ids: In order of rank.
        request: The request in its canonical form, as JSON; empty if nobody asked for it.
    """

    messages: tuple[bytes, ...]
    movie_ids: tuple[int, ...]
    request: str = ""

    @property
    def size_bytes(self) -> int:
        """How much memory it takes, about."""
        texts = sum(map(len, self.messages)) + len(self.request)
        return texts + ID_BYTES * len(self.movie_ids) + OVERHEAD_BYTES


class Replies:
    """Remembers the replies that were asked for last, as many as there is room for.

    Args:
        most_bytes: That they may take together, about; an answer of ten movies takes 2,000.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self.hit_count = 0
        """Times that a reply was remembered which was asked for."""
        self.miss_count = 0
        """Times that it was not."""
        self._replies: OrderedDict[Hashable, Reply] = OrderedDict()

    @property
    def size_bytes(self) -> int:
        """How much memory they take, about."""
        return self._bytes

    def get(self, key: Hashable) -> Reply | None:
        """The reply to a request, if it is remembered."""
        reply = self._replies.get(key)
        if reply is None:
            self.miss_count += 1
        else:
            self.hit_count += 1
            self._replies.move_to_end(key)
        return reply

    def put(self, key: Hashable, reply: Reply) -> None:
        """Remembers a reply, and forgets those that nobody has asked for the longest."""
        size_bytes = reply.size_bytes
        if size_bytes > LARGEST_BYTES or key in self._replies:
            return
        self._replies[key] = reply
        self._bytes += size_bytes
        while self._bytes > self._most_bytes:
            _, forgotten = self._replies.popitem(last=False)
            self._bytes -= forgotten.size_bytes
