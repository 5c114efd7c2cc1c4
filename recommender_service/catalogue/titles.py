"""The usual forms of a title, brought to one.

MovieLens writes "Matrix, The (1999)" and "City of Lost Children, The (Cité des
enfants perdus, La) (1995)"; people write "the matrix", or "La cité des enfants
perdus".
"""

import re
import unicodedata
from dataclasses import dataclass

# Also "(1999-2001)" and "(1999- )"; some real titles close twice.
_YEAR = re.compile(r"\(\s*([0-9]{4})(?:\s*[-\u2013]\s*(?:[0-9]{4})?)?\s*\)+\s*$")
# Also with brackets in them; those of "C(r)ook" are part of the word.
_BRACKETS = re.compile(r"(?<!\S)\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
_ARTICLES = (
    *("the", "a", "an", "le", "la", "les", "l'", "un", "une", "una", "el", "los", "las", "lo"),
    *("il", "i", "gli", "der", "die", "das", "den", "det", "de", "het", "ein", "eine", "en"),
    *("ett", "o", "os", "as"),
)
_TRAILING_ARTICLE = re.compile(rf"(.*),\s*({'|'.join(map(re.escape, _ARTICLES))})")
_LEADING_ARTICLE = re.compile(r"^(?:the|an?) ")
_ALSO_KNOWN_AS = re.compile(r"^\s*a\.?k\.?a\.?\s+", re.IGNORECASE)
_APART = re.compile(r"[\W_]+")
_ACUTE = "\u00b4"  # typed for an apostrophe; taken apart, it would be a space
# What Unicode does not take apart, and what phones write for an apostrophe.
_SPELT_OUT = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th"}
    | dict.fromkeys("\u2018\u2019\u02bc`", "'")
    | {"&": " and "}
)


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
    rest, year = _split_year(title)
    in_brackets = [_ALSO_KNOWN_AS.sub("", form) for form in _BRACKETS.findall(rest)]
    forms = (_BRACKETS.sub(" ", rest), rest, *in_brackets)
    names = dict.fromkeys(map(_fold, forms))
    return [TitleKey(name, year) for name in names if name]


def asked_key(text: str) -> TitleKey:
    """What somebody typed, in the form that titles are compared in."""
    rest, year = _split_year(text)
    return TitleKey(_fold(rest), year)


def without_article(name: str) -> str:
    """A name in that form, without an English article in front."""
    return _LEADING_ARTICLE.sub("", name)


def _split_year(title: str) -> tuple[str, int | None]:
    found = _YEAR.search(title)
    if not found or not title[: found.start()].strip():  # a year alone is a title
        return title, None
    return title[: found.start()], int(found[1])


def _fold(text: str) -> str:
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text.replace(_ACUTE, "'"))
        text = "".join(char for char in decomposed if not unicodedata.combining(char))
    plain = text.casefold().translate(_SPELT_OUT).strip()
    if trailing := _TRAILING_ARTICLE.fullmatch(plain):
        rest, article = trailing.groups()
        plain = f"{article}{rest}" if article.endswith("'") else f"{article} {rest}"
    # There are films with titles like "$": better their punctuation than nothing.
    return _APART.sub(" ", plain.replace("'", "")).strip() or plain
