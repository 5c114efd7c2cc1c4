"""The versions in memory: which stay, and which are released."""

import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from recommender_service.artifact.loading import load_version
from recommender_service.artifact.shelf import Shelf
from recommender_service.query.version import Version
from support.volumes import publish

Versioned = Callable[[int], Version]


@pytest.fixture
def version(versions: Path) -> Versioned:
    """Makes versions, which differ by their numbers alone."""
    loaded = load_version(publish(versions))
    return lambda number: replace(loaded, number=number)


def shelf_after(version: Versioned, *served: int, capacity: int = 3) -> Shelf:
    shelf = Shelf(capacity)
    for number in served:
        shelf.serve(version(number))
        shelf.trim([])
    return shelf


@pytest.mark.parametrize(
    ("served", "kept"),
    [
        ([1], [1]),
        ([1, 2, 3], [1, 2, 3]),
        ([1, 2, 3, 4], [2, 3, 4]),
        ([4, 3, 2, 1], [1, 2, 3]),  # not the lowest number, but the one that served longest ago
        ([1, 2, 3, 1, 4], [1, 3, 4]),
    ],
)
def test_those_that_served_last_are_kept(
    version: Versioned, served: list[int], kept: list[int]
) -> None:
    assert shelf_after(version, *served).numbers == kept


@pytest.mark.parametrize(
    ("labelled", "kept"),
    [([1], [1, 4]), ([1, 2], [1, 2, 4]), ([4], [3, 4]), ([1, 2, 3], [1, 2, 3, 4])],
)
def test_what_serves_or_has_a_label_is_kept_whatever_the_capacity(
    version: Versioned, labelled: list[int], kept: list[int]
) -> None:
    shelf = Shelf(2)
    for number in (1, 2, 3, 4):
        shelf.serve(version(number))
    shelf.trim(labelled)
    assert shelf.numbers == kept


def test_a_version_that_never_served_is_the_first_to_go(version: Versioned) -> None:
    shelf = shelf_after(version, 1, 2, capacity=2)
    shelf.put(version(9))
    shelf.trim([9])
    assert shelf.numbers == [2, 9]
    shelf.serve(version(3))
    shelf.trim([])
    assert shelf.numbers == [2, 3]


def test_with_room_for_one_only_what_serves_is_kept(version: Versioned) -> None:
    shelf = shelf_after(version, 1, 2, 3, capacity=1)
    assert shelf.numbers == [3]
    assert shelf.serving is shelf.get(3)


def test_what_is_released_is_freed_when_its_last_call_ends(version: Versioned) -> None:
    shelf = shelf_after(version, 1, capacity=1)
    taken = shelf.serving
    freed = weakref.ref(taken) if taken else None
    assert freed
    shelf.serve(version(2))
    shelf.trim([])
    assert shelf.get(1) is None
    assert freed() is not None
    del taken
    assert freed() is None
