"""What a title is to be found under, by rules that are slow and obvious."""

import re
import unicodedata

YEAR = re.compile(r"\(\s*([0-9]{4})(?:\s*[-\u2013]\s*(?:[0-9]{4})?)?\s*\)+\s*$")
BRACKETS = re.compile(r"(?<!\S)\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
ARTICLES = (
    *("the", "a", "an", "le", "la", "les", "l'", "un", "une", "una", "el", "los", "las", "lo"),
    *("il", "i", "gli", "der", "die", "das", "den", "det", "de", "het", "ein", "eine", "en"),
    *("ett", "o", "os", "as"),
)
TRAILING_ARTICLE = re.compile(rf"(.*),\s*({'|'.join(ARTICLES)})")
ALSO_KNOWN_AS = re.compile(r"^\s*a\.?k\.?a\.?\s+", re.IGNORECASE)
SPELT_OUT = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "&": " and "}
    | dict.fromkeys("\u2018\u2019\u02bc`", "'")
)


def keys_by_the_rules(title: str) -> list[tuple[str, int | None]]:
    """Names and year, the first name being the title's own."""
    found = YEAR.search(title)
    rest, year = title, None
    if found and title[: found.start()].strip():
        rest, year = title[: found.start()], int(found[1])
    in_brackets = [ALSO_KNOWN_AS.sub("", form) for form in BRACKETS.findall(rest)]
    forms = [BRACKETS.sub(" ", rest), rest, *in_brackets]
    names = dict.fromkeys(name_by_the_rules(form) for form in forms)
    return [(name, year) for name in names if name]


def name_by_the_rules(text: str) -> str:
    """A title without year and brackets, in the form that titles are compared in."""
    decomposed = unicodedata.normalize("NFKD", text.replace("\u00b4", "'"))
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    plain = bare.casefold().translate(SPELT_OUT).strip()
    if trailing := TRAILING_ARTICLE.fullmatch(plain):
        rest, article = trailing.groups()
        plain = f"{article}{rest}" if article == "l'" else f"{article} {rest}"
    return re.sub(r"[\W_]+", " ", plain.replace("'", "")).strip() or " ".join(plain.split())
