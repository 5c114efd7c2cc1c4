"""The names of many titles at once are those of each."""

import csv

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recommender_service.catalogue import naming
from recommender_service.catalogue.movies import NO_YEAR
from recommender_service.catalogue.naming import names_of
from recommender_service.catalogue.texts import Texts
from recommender_service.catalogue.titles import LONGEST_NAME, names_and_year
from support.datasets import REAL_DATA

REAL_TITLES = REAL_DATA / "ml-20m-titles" / "movie.csv"

PIECES = st.sampled_from(
    [
        *("Heat", "8", "-", "_", "$", "@", "&", "'", "`", " ", " ", "  ", "\t", "\n", "\x00"),
        *(",", ", The", ", The ", ",the", ", L'", ", L`", ", Eine ", ", \u00c9l", "The ", "L'"),
        *(" (1995)", "(1995)", " (1995) ", "(", ")", " (Foo)", " (Foo, La) ", " ( a", "a "),
        *("(a.k.a. Foo)", "(AKA Foo)", "(\u00e1ka Foo)", "\u00e9", "\u00e6", "\u00df"),
        *("\u0137", "\x7f", "\u0149", "\u0133", "\u017f", "\u0130", "\u00d7", "\u0301"),
        *("\uff11", "\uff08", "\uff0c", "\u8bf4", "\ud800"),
    ]
)
TITLES = st.lists(PIECES, max_size=7).map("".join) | st.text(max_size=9)


def found_of(titles: list[str]) -> list[tuple[list[str], int]]:
    """The names and the year of each title."""
    found = names_of(Texts(titles))
    names: list[list[str]] = [[] for _ in titles]
    for name, title in zip(found.names, found.titles.tolist(), strict=True):
        names[title].append(name)
    return list(zip(names, found.years.tolist(), strict=True))


def expected_of(titles: list[str]) -> list[tuple[list[str], int]]:
    """The same, title by title."""
    found = [names_and_year(title[:LONGEST_NAME]) for title in titles]
    return [(names, NO_YEAR if year is None else year) for names, year in found]


@given(st.lists(TITLES, max_size=12))
@example(["Avventura, L' (Adventure, The) (1960)", "Heat (Heat) (1995)", " (Foo) (1995)"])
@example(["Foo, \u00c9\u00ee\u00f1\u00eb (1999)", "Foo, \u0124\u00eb\u0165", "Foo, \u00c9ine "])
@example(["Babe Ruth Story, The (1948) ", "Metropolis (2001: A Film) (2001)"])
@settings(max_examples=1_000)
def test_names_and_years_of_many_titles_are_those_of_each(titles: list[str]) -> None:
    assert found_of(titles) == expected_of(titles)


@pytest.mark.parametrize("size", [LONGEST_NAME - 1, LONGEST_NAME, LONGEST_NAME + 1, 999])
@pytest.mark.parametrize("letter", ["x", "\u00e9", "\u8bf4"])
def test_only_the_first_letters_of_a_long_title_count(size: int, letter: str) -> None:
    titles = [letter * size, f"{letter * (size - 8)}, The (1995)"]
    assert found_of(titles) == expected_of(titles)


@pytest.mark.parametrize("at_a_time", [1, 2, 3, 1_000])
def test_it_does_not_matter_how_many_are_looked_at_at_a_time(
    monkeypatch: pytest.MonkeyPatch, at_a_time: int
) -> None:
    monkeypatch.setattr(naming, "TITLES_AT_A_TIME", at_a_time)
    titles = ["Heat (1995)", "", "$", "Matrix, The (1999)", "M (Eine Stadt) (1931)", "(2010)", " "]
    assert found_of(titles) == expected_of(titles)
    assert found_of([]) == []


@pytest.mark.skipif(not REAL_TITLES.exists(), reason=f"real titles are not at {REAL_TITLES}")
def test_names_of_all_real_titles_are_those_of_each() -> None:
    with REAL_TITLES.open(encoding="utf-8", newline="") as file:
        titles = [row["title"] for row in csv.DictReader(file)]
    assert found_of(titles) == expected_of(titles)
