"""Finding titles: by any part of them, with a typing error, and as seeds of a query."""

from collections.abc import Callable
from contextlib import suppress

import numpy as np

from bench.alternating import Series, seconds
from bench.load import invented_titles
from bench.setup import Setup
from bench.tables import Table
from recommender_service.catalogue.catalogue import AmbiguousNameError, Catalogue
from recommender_service.catalogue.movie import Movie

MOVIES = 27_278
TEXTS = 50
"""Of each kind."""
PAGE = 10
UNKNOWN_SEEDS = 20
"""Of one request; for each, the nearest titles are looked for."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"
ACCENTS = str.maketrans("aeou", "\u00e0\u00e9\u00f4\u00fc")

Work = Callable[[], object]


def measure(setup: Setup) -> Table:
    """Milliseconds of a search, and of the look-ups of seeds, by the kind of text."""
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 60_000, MOVIES).tolist()
    titles = list(invented_titles(MOVIES, rng))
    catalogue = Catalogue(
        Movie(movie_id, title, None, (), count)
        for movie_id, (title, count) in enumerate(zip(titles, counts, strict=True), start=1)
    )
    works = {
        **{
            f"search: {kind}": [searching(catalogue, text) for text in texts]
            for kind, texts in texts_of(titles, rng).items()
        },
        "search: the last page of what holds a letter": [
            paging(catalogue, letter) for letter in LETTERS
        ],
        "a seed's title": [looking_up(catalogue, title) for title in some(titles, rng)],
        "a seed's title with a typing error, corrected": [
            correcting(catalogue, misspelt(title[:-7], rng) + title[-7:])
            for title in some(titles, rng)
        ],
        f"the nearest titles of {UNKNOWN_SEEDS} unknown seeds": [
            suggesting(
                catalogue,
                [misspelt(title[:-7], rng) for title in some(titles, rng)[:UNKNOWN_SEEDS]],
            )
            for _ in range(5)
        ],
    }
    measured = {kind: in_turns(its, setup.rounds) for kind, its in works.items()}
    return Table(
        title=f"Finding titles among {MOVIES:,}",
        columns=("", "texts", "median", "slowest text", "longest time"),
        rows=tuple(
            (
                kind,
                str(len(works[kind])),
                in_milliseconds(Series(tuple(each.median for each in texts)).median),
                in_milliseconds(max(each.median for each in texts)),
                in_milliseconds(max(each.spread[1] for each in texts)),
            )
            for kind, texts in measured.items()
        ),
        notes=(
            (
                f"Target: a search under 5 ms for every kind of text, and the nearest titles of "
                f"{UNKNOWN_SEEDS} unknown seeds in about 20 ms."
            ),
            (
                f"A search is from the text to the first {PAGE} movies. A text's time is the "
                f"median of {setup.rounds} rounds; the longest time is that of any text in any."
            ),
            (
                "Titles are of words of real ones, with articles, brackets and accents as often "
                "as in ML-20M, and have fewer words that are alike."
            ),
        ),
        figures={
            kind: tuple(figure for text in texts for figure in text.figures)
            for kind, texts in measured.items()
        },
    )


def texts_of(titles: list[str], rng: np.random.Generator) -> dict[str, list[str]]:
    """What is searched for, by kind."""
    return {
        "a title": some(titles, rng),
        "a title without its year": [title[:-7] for title in some(titles, rng)],
        "how a title begins": [title[: rng.integers(3, 8)] for title in some(titles, rng)],
        "a letter": list(LETTERS),
        "two letters": [title[:2] for title in some(titles, rng)],
        "the middle of a title": [title[2:-9] or title for title in some(titles, rng)],
        "a title with a typing error": [misspelt(title[:-7], rng) for title in some(titles, rng)],
        "with two": [misspelt(misspelt(title[:-7], rng), rng) for title in some(titles, rng)],
        "a title with accents": [title[:-7].translate(ACCENTS) for title in some(titles, rng)],
        "nonsense": ["".join(rng.choice(list(LETTERS), 8)) for _ in range(TEXTS)],
        "200 characters": [" ".join(some(titles, rng))[:200] for _ in range(TEXTS)],
    }


def some(titles: list[str], rng: np.random.Generator) -> list[str]:
    """A few of them."""
    return [titles[i] for i in rng.integers(len(titles), size=TEXTS)]


def misspelt(text: str, rng: np.random.Generator) -> str:
    """The text with two letters the wrong way round, one missing, or another one."""
    place = int(rng.integers(max(1, len(text) - 1)))
    pair = text[place : place + 2]
    wrong = (pair[::-1], pair[1:], f"{rng.choice(list(LETTERS))}{pair[1:]}")
    return f"{text[:place]}{rng.choice(wrong)}{text[place + 2 :]}"


def searching(catalogue: Catalogue, text: str) -> Work:
    """Searches, and takes the first page."""
    return lambda: catalogue.search(text)[:PAGE]


def paging(catalogue: Catalogue, text: str) -> Work:
    """Searches, and takes the page after the movie that a token names."""
    found = catalogue.search(text)
    token = str(found[-PAGE - 1].movie_id)

    def page() -> object:
        again = catalogue.search(text)
        place = again.place_of(token)
        return again[place or 0 :]

    return page


def looking_up(catalogue: Catalogue, title: str) -> Work:
    """Finds the movie of a title; of many there is another of the same name."""

    def look_up() -> None:
        with suppress(AmbiguousNameError):
            catalogue.row_of_text(title)

    return look_up


def correcting(catalogue: Catalogue, title: str) -> Work:
    """Finds the movie of a title that is misspelt."""

    def correct() -> None:
        with suppress(AmbiguousNameError):
            catalogue.row_of_misspelt(title)

    return correct


def suggesting(catalogue: Catalogue, texts: list[str]) -> Work:
    """Finds the nearest titles of each unknown seed."""
    return lambda: [catalogue.nearest_titles(text) for text in texts]


def in_turns(works: list[Work], rounds: int) -> list[Series]:
    """Seconds of each; they are too short for the garbage to be collected before each."""
    trials = [seconds(work) for work in works]
    turns = [[trial() for trial in trials] for _ in range(rounds)]
    return [Series(figures) for figures in zip(*turns, strict=True)]


def in_milliseconds(figure: float) -> str:
    """Of seconds."""
    return f"{figure * 1000:.2f} ms"
