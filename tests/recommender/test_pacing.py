"""Pauses change nothing of what is worked on."""

from collections.abc import Iterator

import pytest

from recommender_service.pacing import paced


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7])
@pytest.mark.parametrize("every", [1, 3])
def test_paced_items_are_the_same_in_the_same_order(count: int, every: int) -> None:
    assert list(paced(range(count), every)) == list(range(count))


def test_no_more_is_taken_at_a_time_than_is_worked_on_between_two_pauses() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(9):
            taken.append(item)
            yield item

    next(paced(items(), 3))
    assert taken == [0, 1, 2]
