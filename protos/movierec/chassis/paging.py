"""Pages of a list, by AIP-158: a size, an opaque token, no surprises."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from movierec.chassis.errors import InvalidRequestError, Violation
from movierec.chassis.legal import shown

Item = TypeVar("Item")


def page_of(
    items: Sequence[Item],
    key: Callable[[Item], str],
    *,
    size: int,
    token: str,
    default_size: int,
    largest_size: int,
    place_of: Callable[[str], int | None] | None = None,
) -> tuple[Sequence[Item], str]:
    """Cuts a page out of a list.

    Args:
        items: The whole list, in order.
        key: What tells an item from every other; the last item's is the token.
        size: How many at most; 0 takes the default, too many the largest.
        token: Empty for the first page, or what the page before came with.
        default_size: For a size of 0.
        largest_size: That is ever given.
        place_of: Finds where the item of a token may be, for a list whose items
            are dear to make; by default each is looked at.

    Returns:
        The page, and the next page's token, empty when this is the last.

    Raises:
        InvalidRequestError: The size is negative or the token is none of ours.
    """
    if size < 0:
        sentence = f"{size} is not legal; legal is 0 (takes {default_size}) or more"
        raise InvalidRequestError(Violation("page_size", sentence))
    begin = 0
    if token:
        place = place_of(token) if place_of else _place_of(token, items, key)
        if place is None or key(items[place]) != token:
            sentence = (
                f"{shown(token)} is none that an answer came with, or what it stood for is gone: "
                f"begin again without one"
            )
            raise InvalidRequestError(Violation("page_token", sentence))
        begin = place + 1
    end = begin + min(size or default_size, largest_size)
    page = items[begin:end]
    return page, key(page[-1]) if end < len(items) else ""


def _place_of(token: str, items: Sequence[Item], key: Callable[[Item], str]) -> int | None:
    return next((place for place, item in enumerate(items) if key(item) == token), None)
