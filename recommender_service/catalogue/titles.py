"""The usual forms of a title, brought to one.

MovieLens writes "Matrix, The (1999)" and "City of Lost Children, The (Cité des
enfants perdus, La) (1995)"; people write "the matrix", or "La cité des enfants
perdus".
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# Also "(1999-2001)" and "(1999- )"; some real titles close twice.
_YEAR = re.compile(r"\(\s*([0-9]{4})(?:\s*[-\u2013]\s*(?:[0-9]{4})?)?\s*\)+\s*$")
# Also with brackets in them; those of "C(r)ook" are part of the word.
_BRACKETS = re.compile(r"(?<!\S)\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
LONGEST_NAME = 200
"""Characters of a text or a title that are looked at; no real title is as long."""

ARTICLES = {
    *("the", "a", "an", "le", "la", "les", "l'", "un", "une", "una", "el", "los", "las", "lo"),
    *("il", "i", "gli", "der", "die", "das", "den", "det", "de", "het", "ein", "eine", "en"),
    *("ett", "o", "os", "as"),
}
_TRAILING_ARTICLE = re.compile(rf"(.*),\s*({'|'.join(map(re.escape, ARTICLES))})")
_ALSO_KNOWN_AS = re.compile(r"\s*a\.?k\.?a\.?\s+", re.IGNORECASE)
_APART = re.compile(r"[\W_]+")
# ASCII to lower case and blanks; of what is not ASCII nothing is ever looked up.
_TO_WORDS = bytes(ord(char.lower() if char.isalnum() else " ") for char in map(chr, range(128))) * 2
_ACUTE = "\u00b4"  # typed for an apostrophe; taken apart, it would be a space
# What Unicode does not take apart, and what phones write for an apostrophe.
_SPELT_OUT = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th"}
    | dict.fromkeys("\u2018\u2019\u02bc`", "'")
    | {"&": " and "}
)


REMEMBERED = 4_096
"""Words with accents that are kept as they were folded."""


@dataclass(frozen=True, slots=True)
class TitleKey:
    """A title in the one form that titles are compared in.

    Args:
        name: Lower case, no accents, no punctuation, the article in front.
        year: If the title gives one.
    """

    name: str
    year: int | None


def title_keys(title: str) -> list[TitleKey]:
    """Every form under which a title of the data is to be found.

    Args:
        title: E.g. "City of Lost Children, The (Cité des enfants perdus, La) (1995)".

    Returns:
        The title without what is in brackets first, then as a whole, then each
        title in brackets by itself; without repetition.
    """
    names, year = names_and_year(title)
    return [TitleKey(name, year) for name in names]


def names_and_year(title: str) -> tuple[list[str], int | None]:
    """The same in few objects, for very many titles: the names, and the year of them all."""
    rest, year = _split_year(title)
    outside, inside = _split_brackets(rest) if "(" in rest else (rest, [])
    names = [_fold(rest)]
    if not inside:
        return names if names[0] else [], year
    names.insert(0, _fold(outside))
    for form in inside:
        known_as = _ALSO_KNOWN_AS.match(form)
        names.append(_fold(form[known_as.end() :] if known_as else form))
    return [name for name in dict.fromkeys(names) if name], year


def asked_key(text: str) -> TitleKey:
    """What somebody typed, in the form that titles are compared in."""
    rest, year = _split_year(text)
    return TitleKey(_fold(rest), year)


def _split_year(title: str) -> tuple[str, int | None]:
    rest, year = title[:-6], title[-5:-1]
    if (
        # As nearly all titles end, so without a pattern.
        title[-6:-5] == "("
        and title[-1] == ")"
        and year.isdigit()
        and year.isascii()
        and rest
        and not rest.isspace()
    ):
        return rest, int(year)
    found = _YEAR.search(title)
    if not found or not title[: found.start()].strip():  # a year alone is a title
        return title, None
    return title[: found.start()], int(found[1])


def _split_brackets(title: str) -> tuple[str, list[str]]:
    """A title without what is in brackets, and what is in each of them."""
    begin, end = title.find("("), title.rfind(")")
    if begin > end:
        return title, []
    if title.find("(", begin + 1) < 0 and title.find(")", begin) == end:
        # Nearly always, so without a pattern.
        if begin and not title[begin - 1].isspace():
            return title, []
        return f"{title[:begin]} {title[end + 1 :]}", [title[begin + 1 : end]]
    return _BRACKETS.sub(" ", title), _BRACKETS.findall(title)


def _fold(text: str) -> str:
    if not text.isascii():
        # By words, for those with accents come again and again.
        text = " ".join([word if word.isascii() else bare_word(word) for word in text.split(" ")])
    return (text.isascii() and _fold_plain(text)) or _fold_any(text)


def _fold_plain(text: str) -> str:
    """What `_fold_any` makes of a text in ASCII, a few times as fast; "" if it cannot tell."""
    if "&" in text:
        text = text.replace("&", " and ")
    if "," in text:
        if not text.isprintable():
            return ""
        rest, _, last = text.replace("`", "'").strip().rpartition(",")
        article = last.strip().lower()
        if article in ARTICLES:
            text = f"{article}{rest}" if article.endswith("'") else f"{article} {rest}"
    return b" ".join(text.encode().translate(_TO_WORDS, b"'`").split()).decode()


def _fold_any(text: str) -> str:
    plain = text.casefold().translate(_SPELT_OUT).strip()
    if trailing := _TRAILING_ARTICLE.fullmatch(plain):
        rest, article = trailing.groups()
        plain = f"{article}{rest}" if article.endswith("'") else f"{article} {rest}"
    # There are films with titles like "$": better their punctuation than nothing.
    return _APART.sub(" ", plain.replace("'", "")).strip() or " ".join(plain.split())


@lru_cache(REMEMBERED)
def bare_word(word: str) -> str:
    """A word without accents, its other letters spelt out in ASCII where that is usual."""
    decomposed = unicodedata.normalize("NFKD", word.replace(_ACUTE, "'"))
    without = "".join([char for char in decomposed if not unicodedata.combining(char)])
    return without.casefold().translate(_SPELT_OUT)
