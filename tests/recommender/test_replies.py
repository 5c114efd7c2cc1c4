"""Replies that are remembered, within bounds."""

from hypothesis import given
from hypothesis import strategies as st

from recommender_service.service.replies import LARGEST_BYTES, Replies, Reply


def reply(size: int = 10) -> Reply:
    return Reply((b"x" * size,), (1, 2))


def test_what_was_asked_for_longest_ago_is_forgotten_first() -> None:
    replies = Replies(most_bytes=3 * reply().size_bytes)
    for key in "abc":
        replies.put(key, reply())
    assert replies.get("a")
    replies.put("d", reply())
    assert [key for key in "abcd" if replies.get(key)] == ["a", "c", "d"]


def test_a_reply_that_is_large_is_not_remembered() -> None:
    replies = Replies(most_bytes=10 * LARGEST_BYTES)
    replies.put("a", reply(LARGEST_BYTES + 1))
    assert replies.get("a") is None


@given(sizes=st.lists(st.integers(1, 5_000), max_size=60))
def test_all_together_never_take_more_than_they_may(sizes: list[int]) -> None:
    replies = Replies(most_bytes=20_000)
    for key, size in enumerate(sizes):
        replies.put(key, reply(size))
        replies.put(key, reply(size))  # by two calls at the same time
    kept = [found.size_bytes for key in range(len(sizes)) if (found := replies.get(key))]
    assert sum(kept) <= 20_000
    if sizes and reply(sizes[-1]).size_bytes <= 20_000:
        assert replies.get(len(sizes) - 1)
