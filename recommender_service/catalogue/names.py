"""Names of rows, found exactly, by a part of them, by likeness, and in spite of typing errors."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from enum import IntEnum
from itertools import pairwise
from math import ceil

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from movierec.cells import spans
from recommender_service.catalogue.pairs import KINDS, MOST_LOST, count_pairs, pairs_of
from recommender_service.catalogue.texts import Texts
from recommender_service.catalogue.utf8 import (
    decoded,
    encoded,
    hashes_of,
    is_further,
    last_bits,
)
from recommender_service.pacing import paced

BLOCK = 1_024
"""Names that are taken in, or compared, at a time."""

FEW = 500
"""Names that are quicker looked at one by one than in the long array."""

LEAST_LIKENESS = 75.0
"""From 0 to 100; below it a name is not like another."""

LEAST_SHARED = 0.4
"""Of a text's kinds of pairs; with fewer of them a name is not like it."""

MOST_COMPARED = 200
"""Names that a text is compared with, for it costs a microsecond each."""

WEIGHT_OF_SHARED = 16
"""Of a kind of pairs that a name shares with a text, against one that it has: long names have
many, and share some with any text."""

WORTH_OF_A_PART = 0.95
"""Likeness of a part of a name, against that of all of it."""

_LEAST_LENGTH = LEAST_LIKENESS / (200 - LEAST_LIKENESS)
"""Of a text's; what is shorter cannot be as like it, even if all of it is in the text."""

_LINE_FEED = ord("\n")
_WORD = 64
_ARTICLES = (b"the ", b"a ", b"an ")


class Match(IntEnum):
    """How a name holds a text; an English article in front of it does not count."""

    SAME = 0
    BEGINS = 1
    HOLDS = 2


class Names:
    """Names, each of a row; many may have the same name, and one many names.

    They are kept one behind another, the shortest first, for the same reasons
    as `Texts`, and because a part is found in a long array as fast as the memory
    is read. The place of a name is its number in that order.

    Args:
        names: None is empty or holds a line feed.
        rows: Whose names they are, ascending, (N,).
    """

    def __init__(self, names: Texts, rows: NDArray[np.int32]) -> None:
        letters, bounds = names.part(0, len(names))
        lengths = _lengths_of(letters, bounds)
        order = np.argsort(lengths, kind="stable")
        lengths = lengths[order]
        first_places = np.flatnonzero(np.diff(lengths, prepend=-1))
        self._lengths: list[int] = lengths[first_places].tolist()
        self._first_places: list[int] = [*first_places.tolist(), len(names)]
        self._rows = rows[order]
        begins, ends = bounds[:-1][order], bounds[1:][order]
        del bounds, lengths, order  # with a million names each is large
        self._begins = np.zeros(len(names) + 1, np.int64)  # and where the last one ends
        (ends - begins + 1).cumsum(out=self._begins[1:])
        self._letters = np.full(self._begins[-1], _LINE_FEED, np.uint8)
        self._pairs = np.empty((KINDS // _WORD, len(names)), np.uint64)
        hashes = np.empty(len(names), np.uint64)
        for place, end in paced(self._blocks(), 1):
            its_bounds = self._begins[place : end + 1] - self._begins[place]
            block = self._letters[self._begins[place] : self._begins[end]]
            is_letter = np.ones(len(block), np.bool_)
            is_letter[its_bounds[1:] - 1] = False
            block[is_letter] = spans(letters, begins[place:end], ends[place:end])
            hashes[place:end] = hashes_of(block, its_bounds)
            bits = last_bits(block).reshape(end - place, -1)[:, :-1]  # without the line feeds
            self._pairs[:, place:end] = pairs_of(bits).T
        self._bytes = self._letters.data
        by_hash = np.argsort(hashes, kind="stable")
        self._hashes = hashes[by_hash]
        self._rows_by_hash = self._rows[by_hash]

    def _blocks(self) -> Iterator[tuple[int, int]]:
        """The first place and the end of some names of one length, until all were given."""
        for first, end in pairwise(self._first_places):
            for place in range(first, end, BLOCK):
                yield place, min(place + BLOCK, end)

    def rows_of(self, name: str) -> NDArray[np.int32]:
        """The rows that have a name, in ascending order; by mishap another one, too.

        They go by a hash of the name, which another name may have as well.
        """
        letters = np.frombuffer(encoded(f"{name}\n"), np.uint8)
        (found,) = hashes_of(letters, np.array([0, len(letters)]))
        begin = self._hashes.searchsorted(found, "left")
        end = self._hashes.searchsorted(found, "right")
        return self._rows_by_hash[begin:end]

    def holding(self, part: str) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        """The rows of every name that a text is a part of, or the whole.

        Args:
            part: Not empty, and without a line feed.

        Returns:
            A row for each of its names that holds the text, and the `Match`.
        """
        letters = encoded(part)
        places = self._places_holding(part)
        begins, ends = self._begins[places], self._begins[places + 1] - 1
        matches = np.full(len(places), Match.HOLDS, np.uint8)
        fronts = [(np.arange(len(places)), 0)]
        fronts += [(self._standing(article, begins), len(article)) for article in _ARTICLES]
        for among, width in fronts:
            begun = among[self._standing(letters, begins[among] + width)]
            is_same = ends[begun] - begins[begun] == width + len(letters)
            matches[begun] = np.where(is_same, Match.SAME, np.fmin(matches[begun], Match.BEGINS))
        return self._rows[places], matches

    def alike(self, text: str) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """The rows of names that are like a text.

        A longer name may hold what is like the text; a shorter one must be like
        all of it: "It" is not "Some Like It Hot". With `LEAST_SHARED` of the text's
        kinds of pairs it is compared, unless there are `MOST_COMPARED` that share
        more (see `WEIGHT_OF_SHARED`), or as much and are not longer.

        Args:
            text: Not empty, and without a line feed.

        Returns:
            A row for each of its names that is like the text, and how much, to 100:
            like it as a whole is a little more than like it in part.
        """
        first = self._place_of_length(ceil(_LEAST_LENGTH * len(text)))
        pairs = _pairs_of_text(text)
        shared = count_pairs(self._pairs[:, first:] & pairs)
        places = np.flatnonzero(shared >= max(1, ceil(LEAST_SHARED * count_pairs(pairs)[0])))
        if len(places) > MOST_COMPARED:
            its_own = count_pairs(self._pairs[:, first:][:, places])
            worth = WEIGHT_OF_SHARED * shared[places] - its_own
            places = np.sort(places[np.argsort(-worth, kind="stable")[:MOST_COMPARED]])
        places += first
        names = self._at(places)
        whole = _compared(text, names, fuzz.ratio)
        part = _compared(text, names, fuzz.partial_ratio, LEAST_LIKENESS)
        is_shorter = places < self._place_of_length(len(text))
        is_like = np.where(is_shorter, whole, part) >= LEAST_LIKENESS
        likeness = np.where(is_shorter, whole, np.fmax(whole, WORTH_OF_A_PART * part))
        return self._rows[places[is_like]], likeness[is_like]

    def within(self, text: str, edits: int) -> Iterator[tuple[str, int, int]]:
        """Every name that is at most so many edits from a text, its row, and how many.

        An edit is a letter too many, one too few, another one, or two that are
        the wrong way round; no letter is edited twice (optimal string alignment).

        Args:
            text: Not empty, and without a line feed.
            edits: At most.
        """
        first = self._place_of_length(len(text) - edits)
        end = self._place_of_length(len(text) + edits + 1)
        lacking = count_pairs(_pairs_of_text(text) & ~self._pairs[:, first:end])
        places = np.flatnonzero(lacking <= edits * MOST_LOST) + first
        for begin in range(0, len(places), BLOCK):
            some = places[begin : begin + BLOCK]
            found = process.extract(
                text, self._at(some), scorer=OSA.distance, limit=None, score_cutoff=edits
            )
            for name, distance, number in found:
                yield name, int(self._rows[some[number]]), distance

    def _place_of_length(self, length: int) -> int:
        """Of the first name that is as long, or longer."""
        return self._first_places[bisect_left(self._lengths, length)]

    def _places_holding(self, part: str) -> NDArray[np.int64]:
        """Of the names that a text is a part of, in ascending order."""
        first = self._place_of_length(len(part))
        begins: NDArray[np.int64] = self._begins[first:-1]
        if not begins.size:
            return begins
        letters = encoded(part)
        if len(letters) == 1:
            # In most names, so that it is quicker not to ask where.
            found = self._letters[begins[0] :] == letters[0]
            return np.flatnonzero(np.logical_or.reduceat(found, begins - begins[0])) + first
        pairs = _pairs_of_text(part)
        places = np.flatnonzero((self._pairs[:, first:] & pairs == pairs).all(axis=0)) + first
        if len(places) <= FEW:
            return places[[part in name for name in self._at(places)]]
        found = self._letters[begins[0] : -1] == letters[0]
        found &= self._letters[begins[0] + 1 :] == letters[1]
        starts = np.flatnonzero(found) + begins[0]
        starts = starts[self._standing(letters, starts)]
        numbers: NDArray[np.int64] = begins.searchsorted(starts, "right") - 1
        return numbers[np.diff(numbers, prepend=-1) > 0] + first

    def _standing(self, part: bytes, starts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which of several places in the letters, counted from 0, a part stands at."""
        standing = np.arange(len(starts))
        for offset, letter in enumerate(part):
            if not standing.size:
                break
            # Never beyond the last letter: that is a line feed, which is in no part.
            standing = standing[self._letters[starts[standing] + offset] == letter]
        return standing

    def _at(self, places: NDArray[np.int64]) -> list[str]:
        """The names of places."""
        begins, ends = self._begins[places].tolist(), (self._begins[places + 1] - 1).tolist()
        return [decoded(self._bytes[begin:end]) for begin, end in zip(begins, ends, strict=True)]


def _lengths_of(letters: NDArray[np.uint8], bounds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Letters of each of some texts, (N,)."""
    further = np.flatnonzero(is_further(letters))
    texts = np.searchsorted(bounds, further, "right") - 1
    lengths: NDArray[np.int64] = np.diff(bounds) - np.bincount(texts, minlength=len(bounds) - 1)
    return lengths


def _pairs_of_text(text: str) -> NDArray[np.uint64]:
    """The kinds of pairs of one text, as a column."""
    letters = last_bits(np.frombuffer(encoded(text), np.uint8))
    return pairs_of(letters[np.newaxis]).T


def _compared(
    text: str, names: list[str], scorer: Callable[..., float], least: float = 0
) -> NDArray[np.float64]:
    """How much each of N names is like a text, from `least` to 100, else 0, (N,)."""
    compared: NDArray[np.float64] = process.cdist(
        [text], names, scorer=scorer, score_cutoff=least, dtype=np.float64
    )
    return compared.reshape(-1)
