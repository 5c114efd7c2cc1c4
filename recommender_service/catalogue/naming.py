"""The names of very many titles, most of them found a thousand at a time.

Nearly all titles are plain: in Latin letters, with no brackets but those of the
year and, before it, of another title. Their names are found here with NumPy, and are
those that `names_and_year` finds of each, which finds those of the others.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from movierec.cells import spans
from recommender_service.catalogue.movies import NO_YEAR
from recommender_service.catalogue.texts import Texts
from recommender_service.catalogue.titles import ARTICLES, LONGEST_NAME, bare_word, names_and_year
from recommender_service.catalogue.utf8 import decoded
from recommender_service.pacing import paced

TITLES_AT_A_TIME = 1_024
"""Whose names are found between two pauses, ..."""

OTHERS_AT_A_TIME = 64
"""... and of those that are not plain."""

_SPACE, _COMMA, _OPEN, _CLOSE, _ZERO = b" ,()0"
_NOTHING, _END, _APOSTROPHE, _BACKTICK = b"\0\n'`"
_YEAR_SIZE = len("(1999)")
_A, _K, _POINT = b"ak."
_LOWER = 0x20
"""The bit that makes a letter lower case, and of a plain title no letter of what is none."""


def _by_byte(values: Iterable[int]) -> NDArray[np.uint8]:
    return np.fromiter(values, np.uint8, 256)


def _folded(char: str) -> str:
    if char in "'`":
        return "\0"
    return char.lower() if char.isalnum() or char == "\n" else " "


_FOLDED = _by_byte(ord(_folded(char)) for char in map(chr, range(256)))
"""What a byte of a plain title becomes in its name."""

_IS_ODD = _by_byte(
    not (char.isascii() and char.isprintable()) or char == "&" for char in map(chr, range(256))
).view(np.bool_)
"""Whether a title with this byte is not plain."""

_FIRST_LEAD, _LAST_LEAD = 0xC3, 0xC5
"""The first of the two bytes of a Latin letter with an accent."""


def _in_two_bytes(letter: str) -> bytes:
    """A letter with an accent in ASCII, if names have it so; an apostrophe is nothing in them."""
    bare = bare_word(letter)
    is_plain = bare.isascii() and bare.isalnum() and len(bare) <= 2
    return bare.encode().rjust(2, b"'") if is_plain else letter.encode()


_SPELT_OUT = np.frombuffer(
    b"".join(map(_in_two_bytes, map(chr, range(0xC0, 0x180)))), np.uint8
).reshape(-1, 64, 2)
"""By the first byte of a letter with an accent, and by the last 6 bits of the second."""

_ARTICLE_SIZE = 2 * max(map(len, ARTICLES)) + len("  ")
"""Bytes that an article may have with two spaces, if all its letters have accents."""

_ARTICLES = np.sort(
    np.array(
        [
            f"{one}{it}{other}".encode()
            for it in ARTICLES
            for one in ("", " ")
            for other in ("", " ")
        ],
        f"S{_ARTICLE_SIZE}",
    )
)
"""All that may follow a comma and mean an article, if no two spaces are side by side."""


@dataclass(frozen=True, slots=True, eq=False)
class TitleNames:
    """The names of some titles.

    Args:
        names: Of all titles, in their order; a title may have several.
        titles: Which title each name is of, counted from 0, ascending, (N,).
        years: That each title gives, `NO_YEAR` if none, (T,).
    """

    names: Texts
    titles: NDArray[np.int32]
    years: NDArray[np.int16]


def names_of(titles: Texts) -> TitleNames:
    """The names of titles, and the years that these give.

    Args:
        titles: As in the data; of each the first `LONGEST_NAME` characters are looked at.
    """
    names = Texts()
    title_of, years = [np.empty(0, np.int32)], [np.empty(0, np.int16)]
    for begin in paced(range(0, len(titles), TITLES_AT_A_TIME), 1):
        some = titles.part(begin, min(begin + TITLES_AT_A_TIME, len(titles)))
        letters, sizes, its_titles, its_years = _found(*some)
        names.extend_encoded(letters, sizes)
        title_of.append((its_titles + begin).astype(np.int32))
        years.append(its_years)
    return TitleNames(names, np.concatenate(title_of), np.concatenate(years))


def _found(
    letters: NDArray[np.uint8], bounds: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64], NDArray[np.int16]]:
    """The names of some titles: their bytes, how many each has, whose they are; and the years.

    Args:
        letters: The titles, one behind another.
        bounds: Where each begins, and the last one ends, (T + 1,).
    """
    plain = _spelt_out(letters)
    years = _years(plain, bounds)
    title_of, begins, ends = _forms(plain, bounds, years)
    folded, sizes = _fold(plain, begins, ends)
    is_plain = np.zeros(len(years), np.bool_)
    is_plain[title_of] = True
    is_plain[title_of[sizes == 0]] = False
    for apart in (1, 2):  # forms of one size may be one name
        is_one = (title_of[apart:] == title_of[:-apart]) & (sizes[apart:] == sizes[:-apart])
        is_plain[title_of[apart:][is_one]] = False
    others, other_of = list[str](), list[int]()
    for title in paced(np.flatnonzero(~is_plain).tolist(), OTHERS_AT_A_TIME):
        text = decoded(letters.data[bounds[title] : bounds[title + 1]])
        found, year = names_and_year(text[:LONGEST_NAME])
        years[title] = NO_YEAR if year is None else year
        others += found
        other_of += [title] * len(found)
    other_letters, other_bounds = Texts(others).part(0, len(others))
    is_kept = is_plain[title_of]
    name_ends = np.append(sizes.cumsum()[is_kept], other_bounds[1:] + len(folded))
    sizes = np.append(sizes[is_kept], np.diff(other_bounds))
    title_of = np.append(title_of[is_kept], np.array(other_of, np.int64))
    order = np.argsort(title_of, kind="stable")
    name_ends, sizes = name_ends[order], sizes[order]
    names = spans(np.append(folded, other_letters), name_ends - sizes, name_ends)
    return names, sizes, title_of[order], years


def _spelt_out(letters: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same, with those letters in ASCII that are in `_SPELT_OUT`."""
    first = np.flatnonzero((letters >= _FIRST_LEAD) & (letters <= _LAST_LEAD))
    spelt_out = letters.copy()
    seconds = letters[first + 1]  # no letter ends with such a byte
    for place in (0, 1):
        spelt_out[first + place] = _SPELT_OUT[letters[first] - _FIRST_LEAD, seconds & 0x3F, place]
    return spelt_out


def _years(letters: NDArray[np.uint8], bounds: NDArray[np.int64]) -> NDArray[np.int16]:
    """The years of titles that end as nearly all do, `NO_YEAR` of the others, (T,)."""
    years = np.full(len(bounds) - 1, NO_YEAR, np.int16)
    long = np.flatnonzero(np.diff(bounds) > _YEAR_SIZE)
    tails = letters[bounds[long + 1][:, np.newaxis] + np.arange(-_YEAR_SIZE, 0)]
    digits = tails[:, 1:-1] - _ZERO  # what is no digit is more than 9
    has_year = (tails[:, 0] == _OPEN) & (tails[:, -1] == _CLOSE) & (digits <= 9).all(axis=1)
    years[long[has_year]] = digits[has_year] @ np.array([1000, 100, 10, 1])
    return years


def _forms(
    letters: NDArray[np.uint8], bounds: NDArray[np.int64], years: NDArray[np.int16]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The parts of plain titles that are to be names.

    That is the title without its year. Of one that ends with something in brackets it
    is three: the title before these, the whole, and what is in them.

    Returns:
        Whose each part is, ascending, where it begins, and where it ends, (F,).
    """
    begins, ends = bounds[:-1], bounds[1:] - _YEAR_SIZE * (years != NO_YEAR)
    is_odd = _IS_ODD[letters]
    is_odd[1:] |= (letters[1:] == _SPACE) & (letters[:-1] == _SPACE)
    odd = np.flatnonzero(is_odd)
    is_plain = np.searchsorted(odd, begins) == np.searchsorted(odd, ends)
    is_plain &= np.diff(bounds) <= LONGEST_NAME
    brackets = np.flatnonzero((letters == _OPEN) | (letters == _CLOSE))
    first = np.searchsorted(brackets, begins)
    bracket_counts = np.searchsorted(brackets, ends) - first
    pairs = np.flatnonzero(is_plain & (bracket_counts == 2))
    is_plain &= bracket_counts == 0
    opens, closes = brackets[first[pairs]], brackets[first[pairs] + 1]
    before, inside, next_inside = (letters.take(opens + i, mode="clip") for i in (-1, 1, 2))
    is_usual = (letters[opens] == _OPEN) & (letters[closes] == _CLOSE)
    is_usual &= (opens > begins[pairs]) & (before == _SPACE) & (inside != _SPACE)
    is_usual &= inside - _ZERO > 9  # no year
    left = ends[pairs] - closes - 1
    is_usual &= (left == 0) | ((left == 1) & (letters[ends[pairs] - 1] == _SPACE))
    next_inside |= _LOWER
    is_usual &= (inside | _LOWER != _A) | ((next_inside != _K) & (next_inside != _POINT))  # a.k.a.
    pairs, opens, closes = pairs[is_usual], opens[is_usual], closes[is_usual]
    plain = np.flatnonzero(is_plain)
    title_of = np.concatenate([plain, pairs, pairs, pairs])
    order = np.argsort(title_of, kind="stable")
    return (
        title_of[order],
        np.concatenate([begins[plain], begins[pairs], begins[pairs], opens + 1])[order],
        np.concatenate([ends[plain], opens, ends[pairs], closes])[order],
    )


def _fold(
    letters: NDArray[np.uint8], begins: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The names that parts of plain titles become.

    Returns:
        The names, one behind another, and how many bytes each has, (F,): 0 where this is
        to be found in another way.
    """
    commas, has_article, is_unclear = _articles(letters, begins, ends)
    some = np.append(letters, np.frombuffer(b" \n", np.uint8))
    spaces = np.full(len(begins), len(letters))
    # The article and a space, what is before the comma, or else all of it, and an end.
    pieces_begin = np.stack([np.where(has_article, commas + 1, ends), spaces, begins, spaces + 1])
    pieces_end = np.stack([ends, spaces + 1, np.where(has_article, commas, ends), spaces + 2])
    pieces_end[2, is_unclear] = begins[is_unclear]
    folded = _FOLDED[spans(some, pieces_begin.T.ravel(), pieces_end.T.ravel())]
    folded = folded[folded != _NOTHING]
    # Of spaces side by side the first is left, and none at either end.
    is_break = folded <= _SPACE
    folded = folded[~((folded == _SPACE) & np.append(True, is_break[:-1]))]
    folded = folded[~((folded == _SPACE) & np.append(folded[1:] == _END, False))]
    name_ends = np.flatnonzero(folded == _END)
    return folded[folded != _END], np.diff(name_ends, prepend=-1) - 1


def _articles(
    letters: NDArray[np.uint8], begins: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """The articles that follow the last comma of parts of plain titles, as in "Matrix, The".

    Returns:
        Where the last comma is, or some other place, whether an article follows it,
        and whether something does that may be one, with an apostrophe, (F,).
    """
    places = np.append(-1, np.flatnonzero(letters == _COMMA))
    commas = places[np.searchsorted(places, ends) - 1]
    sizes = ends - commas - 1
    near = np.flatnonzero((commas >= begins) & (sizes <= _ARTICLE_SIZE))
    offsets = np.arange(_ARTICLE_SIZE)
    tails = letters.take(commas[near][:, np.newaxis] + 1 + offsets, mode="clip") | _LOWER
    tails[offsets >= sizes[near][:, np.newaxis]] = 0
    has_article, is_unclear = np.zeros((2, len(begins)), np.bool_)
    is_unclear[near] = ((tails == _APOSTROPHE) | (tails == _BACKTICK)).any(axis=1)
    words = tails.view(_ARTICLES.dtype)[:, 0]
    is_article = _ARTICLES.take(_ARTICLES.searchsorted(words), mode="clip") == words
    has_article[near] = is_article & ~is_unclear[near]
    return commas, has_article, is_unclear
