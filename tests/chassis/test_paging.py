"""Pages of a list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.chassis.errors import InvalidRequestError
from movierec.chassis.paging import page_of


def page(size: int, token: str = "", items: int = 10) -> tuple[list[int], str]:
    numbers, following = page_of(
        range(items), str, size=size, token=token, default_size=3, largest_size=5
    )
    return list(numbers), following


def test_a_page_goes_on_where_the_one_before_ended() -> None:
    assert page(4) == ([0, 1, 2, 3], "3")
    assert page(4, "3") == ([4, 5, 6, 7], "7")
    assert page(4, "7") == ([8, 9], "")


def test_no_size_takes_the_default_and_too_large_a_size_the_largest() -> None:
    assert page(0)[0] == [0, 1, 2]
    assert page(1_000)[0] == [0, 1, 2, 3, 4]


def test_an_empty_list_has_one_empty_page() -> None:
    assert page(3, items=0) == ([], "")


@pytest.mark.parametrize(("size", "token", "field"), [(-1, "", "page_size"), (1, "x", "page_tok")])
def test_a_page_that_cannot_be_is_refused_by_name(size: int, token: str, field: str) -> None:
    with pytest.raises(InvalidRequestError, match=field):
        page(size, token)


def test_an_item_is_looked_for_where_it_is_said_to_be_and_nowhere_else() -> None:
    looked_at: list[int] = []

    def key(item: int) -> str:
        looked_at.append(item)
        return str(item)

    def page_after(token: str) -> tuple[list[int], str]:
        numbers, following = page_of(
            range(1_000), key, size=2, token=token, default_size=3, largest_size=5, place_of=place
        )
        return list(numbers), following

    def place(token: str) -> int | None:
        return int(token) if token.isdigit() else None

    assert page_after("700") == ([701, 702], "702")
    assert looked_at == [700, 702]
    for other in ("0700", "x"):  # another one's place, and none
        with pytest.raises(InvalidRequestError, match="page_token"):
            page_after(other)


@given(st.integers(0, 30), st.integers(0, 8))
def test_the_pages_together_are_the_list(items: int, size: int) -> None:
    found: list[int] = []
    token = ""
    while True:
        numbers, token = page(size, token, items)
        found += numbers
        if not token:
            break
    assert found == list(range(items))
