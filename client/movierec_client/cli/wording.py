"""Errors in the words of the command line: what a request calls `top_k` is typed as -k."""

import re

from movierec_client.errors import MovierecError

_FLAGS = {
    "top_k": "-k",
    "limit": "--limit",
    "page_size": "--limit",
    "seeds": "MOVIE",
    "exclusions": "--exclude",
    "query": "TEXT",
    "dataset": "DATASET",
    "target": "VERSION",
    "filter.first_year": "--years",
    "filter.last_year": "--years",
    "filter.min_rating_count": "--min-support",
    "filter.min_score": "--min-score",
    "filter.any_genres": "--genre",
    "filter.all_genres": "--genre",
    "filter.no_genres": "--not-genre",
    "timeout_s": "--timeout",
    "unknown_seeds": "--unknown",
}
"""By the field of a request or the argument of the library; others are flags by their own name."""

_PHRASES = {
    "search for titles, or skip unknown seeds": (
        "`movierec search` finds titles, and `--unknown skip` goes on without"
    ),
    "by putting a label on it with ActivateVersion": (
        "by putting a label on it, with `movierec activate VERSION --label LABEL`"
    ),
}
"""Ways out that services and library put as such, and how a command takes them."""

_IN_PYTHON = re.compile(r",? or \w+=\.\.\. in Python")

_OWN_NAMES = {
    *("diversity", "popularity_discount", "combination", "label", "request_id", "version"),
    *("unknown", "timeout", "min_ratings"),
}


def in_words(error: MovierecError) -> str:
    """Returns the sentence of an error, with flags and commands in it."""
    sentence = error.message
    # The library's own check of a time to wait names no field.
    for field in error.violations or ("timeout_s",):
        found = re.compile(rf"(?<![\w.]){re.escape(field)}(?=: | is )")
        flag = flag_of(field)
        sentence = found.sub(lambda _, flag=flag: flag, sentence, count=1)  # type: ignore[misc]
        sentence = sentence.replace(f"{flag}: is ", f"{flag} is ")
    for phrase, ours in _PHRASES.items():
        sentence = sentence.replace(phrase, ours)
    return _IN_PYTHON.sub("", sentence)


def flag_of(field: str) -> str:
    """Returns how a field of a request is given, e.g. "--dim" for "settings.dim"."""
    name = re.sub(r"\[\d+\](\..*)?$", "", field)
    if name in _FLAGS:
        return _FLAGS[name]
    if name.startswith("settings.") or name in _OWN_NAMES:
        return "--" + name.removeprefix("settings.").replace("_", "-")
    return field
