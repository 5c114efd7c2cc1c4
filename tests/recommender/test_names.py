"""Names of rows, held against plain lists."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from rapidfuzz import fuzz

from recommender_service.catalogue.names import (
    BLOCK,
    FEW,
    LEAST_LIKENESS,
    LEAST_SHARED,
    MOST_COMPARED,
    Match,
    Names,
)
from recommender_service.catalogue.pairs import KINDS, count_pairs, pairs_of
from recommender_service.catalogue.utf8 import encoded, last_bits
from support.edits import edits_between
from support.name_index import names_of

FEW_LETTERS = st.text("ab \u00e9八\ud800", min_size=1, max_size=8).filter(str.strip)
WORDS = st.lists(
    st.sampled_from(["the", "a", "an", "ab", "abba", "b", "he a", "\u00bd"]), min_size=1, max_size=4
).map(" ".join)
NAMES = FEW_LETTERS | WORDS


def pairs_in(texts: Sequence[str]) -> NDArray[np.uint64]:
    """The pairs of texts of one length."""
    letters = last_bits(np.frombuffer(encoded("".join(texts)), np.uint8))
    return pairs_of(letters.reshape(len(texts), -1))


def kinds(text: str) -> set[int]:
    """The kinds of pairs in a text, one by one."""
    pairs = [*pairwise(text), *zip(text, text[2:], strict=False)]
    return {(37 * ord(one) + ord(other)) % KINDS for one, other in pairs}


def match(name: str, part: str) -> Match:
    """How a name holds a part, if it does."""
    bare = next(
        (name.removeprefix(the) for the in ("the ", "a ", "an ") if name.startswith(the)), name
    )
    if part in {name, bare}:
        return Match.SAME
    return Match.BEGINS if name.startswith(part) or bare.startswith(part) else Match.HOLDS


def likeness(text: str, name: str) -> float:
    """How much a name is like a text, from 0 to 100; 0 if it is not."""
    whole = fuzz.ratio(text, name)
    part = fuzz.partial_ratio(text, name) if len(text) <= len(name) else None
    shared = len(kinds(text) & kinds(name))
    if not shared or shared < LEAST_SHARED * len(kinds(text)):
        return 0
    if part is None:
        return whole if whole >= LEAST_LIKENESS else 0
    return max(whole, 0.95 * part) if part >= LEAST_LIKENESS else 0


def alike(names: Names, text: str) -> list[tuple[int, float]]:
    """Each row for each of its names that is like the text, and how much."""
    rows, found = names.alike(text)
    return sorted(zip(rows.tolist(), found.tolist(), strict=True))


def holding(names: Names, part: str) -> set[tuple[int, Match]]:
    """Each row that was found, and the best that it was found by."""
    rows, matches = names.holding(part)
    best: dict[int, Match] = {}
    for row, found in zip(rows.tolist(), matches.tolist(), strict=True):
        best[row] = min(Match(found), best.get(row, Match.HOLDS))
    return set(best.items())


@given(st.lists(st.tuples(NAMES, st.integers(0, 9)), max_size=40), NAMES)
def test_names_are_found_exactly_by_likeness_and_in_spite_of_errors(
    pairs: list[tuple[str, int]], text: str
) -> None:
    names = names_of(pairs)
    assert names.rows_of(text).tolist() == [row for name, row in pairs if name == text]
    assert alike(names, text) == sorted(
        (row, likeness(text, name)) for name, row in pairs if likeness(text, name)
    )
    for edits in (0, 1, 2):
        assert sorted(names.within(text, edits)) == sorted(
            (name, row, edits_between(text, name))
            for name, row in pairs
            if edits_between(text, name) <= edits
        )


@pytest.mark.parametrize("more", [0, FEW + 1])
@given(
    several=st.lists(NAMES, max_size=40),
    part=FEW_LETTERS | WORDS | st.text("aeht ", min_size=1, max_size=3),
)
def test_a_part_is_found_once_in_every_name_that_holds_it(
    several: list[str], part: str, more: int
) -> None:
    named = [*several, *[f"{part} {part}"] * more]  # with these it is not looked at one by one
    rows, matches = names_of([(name, row) for row, name in enumerate(named)]).holding(part)
    assert sorted(zip(rows.tolist(), matches.tolist(), strict=True)) == [
        (row, match(name, part)) for row, name in enumerate(named) if part in name
    ]


@pytest.mark.parametrize(
    ("name", "part", "how"),
    [
        ("heat", "heat", Match.SAME),
        ("the matrix", "matrix", Match.SAME),
        ("a bug s life", "bug", Match.BEGINS),
        ("an american tail", "american tail", Match.SAME),
        ("the a team", "a team", Match.SAME),
        ("the a team", "team", Match.HOLDS),
        ("the the", "the", Match.SAME),
        ("then came you", "came", Match.HOLDS),
        ("heat heat", "heat", Match.BEGINS),
    ],
)
def test_one_english_article_in_front_does_not_count(name: str, part: str, how: Match) -> None:
    assert holding(names_of([(name, 3)]), part) == {(3, how)}


@given(NAMES, NAMES, NAMES)
def test_a_text_has_the_pairs_of_every_part_of_it(before: str, part: str, after: str) -> None:
    pairs = pairs_in([part])
    assert count_pairs(pairs.T).tolist() == [len(kinds(part))]
    assert np.array_equal(pairs_in([before + part + after]) & pairs, pairs)


@given(st.lists(st.text(min_size=3, max_size=3)))
def test_the_pairs_of_many_texts_are_those_of_each(texts: list[str]) -> None:
    for text, pairs in zip(texts, pairs_in([*texts, "end"]), strict=False):
        assert np.array_equal(pairs_in([text])[0], pairs)


@pytest.mark.parametrize("count", [BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * BLOCK - 1])
def test_names_of_one_length_are_found_in_every_block(count: int) -> None:
    pairs = [(f"film {i:04}", i + 7) for i in range(count)]
    names = names_of(pairs)
    assert holding(names, "film") == {(row, Match.BEGINS) for _, row in pairs}
    for i in (0, 1, BLOCK - 2, BLOCK - 1, BLOCK, count - 1):
        if i < count:
            assert holding(names, f"m {i:04}") == {(i + 7, Match.HOLDS)}
            assert names.rows_of(f"film {i:04}").tolist() == [i + 7]
            assert i + 7 in dict(alike(names, f"fiml {i:04}"))
            assert (f"film {i:04}", i + 7, 1) in set(names.within(f"fiml {i:04}", 1))


def test_very_many_rows_of_one_name_are_in_ascending_order() -> None:
    pairs = [("heat" if row % 3 else f"film {row:04}", row) for row in range(3_000)]
    rows = names_of(pairs).rows_of("heat").tolist()
    assert rows == [row for row in range(3_000) if row % 3]


def test_a_name_is_found_wherever_in_it_the_errors_are() -> None:
    text = "abcdefghijklmno"
    once = {
        wrong
        for i in range(len(text))
        for wrong in (
            f"{text[:i]}{text[i + 1 :]}",
            f"{text[:i]}z{text[i:]}",
            f"{text[:i]}z{text[i + 1 :]}",
            f"{text[:i]}{text[i : i + 2][::-1]}{text[i + 2 :]}",
        )
    }
    twice = {f"{one[:i]}八{one[i + 1 :]}" for one in once for i in range(len(one))}
    for edits, texts in ((1, once), (2, twice)):
        names = names_of([(name, row) for row, name in enumerate(texts)])
        assert len(list(names.within(text, edits))) == len(texts)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("abcdefxx", "abcdexx"),  # shares more
        ("abcdexxxxxxxx", "abcdeqwz"),  # has less besides
        ("abcdexx", "abcdexxx"),  # is shorter
    ],
)
def test_of_very_many_names_the_best_ones_are_compared(better: str, worse: str) -> None:
    names = [worse] * MOST_COMPARED + [better] * MOST_COMPARED
    found = alike(names_of([(name, row) for row, name in enumerate(names)]), "abcdef")
    assert [names[row] for row, _ in found] == [better] * MOST_COMPARED


def test_without_names_nothing_is_found() -> None:
    names = names_of([])
    assert names.rows_of("heat").tolist() == []
    assert holding(names, "heat") == holding(names, "h") == set()
    assert alike(names, "heat") == []
    assert list(names.within("heat", 2)) == []
