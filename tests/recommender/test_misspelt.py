"""Titles with typing errors, held against a rule that is slow and obvious."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recommender_service.catalogue.catalogue import AmbiguousNameError, Catalogue
from recommender_service.catalogue.movie import Movie
from recommender_service.catalogue.titles import asked_key
from support.edits import edits_between
from support.titles import keys_by_the_rules


def catalogue(*titles: str) -> Catalogue:
    return Catalogue([Movie(1_000 + i, title, None, (), 100) for i, title in enumerate(titles)])


FILMS = catalogue(
    "Toy Story (1995)",
    "Toy Story 2 (1999)",
    "Matrix, The (1999)",
    "1408 (2007)",
    "Sabrina (1954)",
    "Sabrina (1995)",
    "Seven (a.k.a. Se7en) (1995)",
    "Infernal Affairs (Departed, The) (2002)",
    "Departed, The (2006)",
    "Heat (1995)",
    "Up (2009)",
    "Amelie (Fabuleux destin d'Am\u00e9lie Poulain, Le) (2001)",
)


def meant(text: str, films: Catalogue = FILMS) -> str | None:
    row = films.row_of_misspelt(text)
    return None if row is None else films.movie(row).title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Toy Stroy", "Toy Story (1995)"),  # two letters the wrong way round are one edit
        ("toy stor", "Toy Story (1995)"),
        ("Tooy Stoory", "Toy Story (1995)"),
        ("Toy Story 22", "Toy Story 2 (1999)"),
        ("Toy Stroy (1995)", "Toy Story (1995)"),
        ("matirx, the", "Matrix, The (1999)"),
        ("Sevn", "Seven (a.k.a. Se7en) (1995)"),
        ("Sabrna (1954)", "Sabrina (1954)"),
        ("The Departd", "Departed, The (2006)"),
        ("The Departd (2002)", "Infernal Affairs (Departed, The) (2002)"),
        ("le fabulex destin d'amelie poulin", FILMS.movie(11).title),
        ("heaat", "Heat (1995)"),
    ],
)
def test_a_typing_error_is_forgiven(text: str, title: str) -> None:
    assert meant(text) == title


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Toy Storyy", "it is near to the sequel, too"),
        ("Toy Stroy (1996)", "no movie of that year is near"),
        ("Toyy Sttorry", "three edits"),
        ("Matrx", "an article is more than two edits"),
        ("1407", "digits are never taken for others"),
        ("1407 (2007)", "nor with a year"),
        ("14 07", "nor with a blank"),
        ("haet1", "two edits, in five characters"),
        ("Uo", "one edit, in two characters"),
        ("", "nothing"),
        ("(1995)", "nothing but a year"),
        ("?", "nothing but a mark"),
        ("x" * 100_000, "nothing like it"),
    ],
)
def test_a_typing_error_is_not_forgiven_when_it_is_not_clear_what_was_meant(
    text: str, why: str
) -> None:
    assert meant(text) is None, why


def test_all_names_of_a_movie_are_one_title() -> None:
    films = catalogue("Seven (a.k.a. Sevem) (1995)", "Heat (1995)")
    assert meant("Sevenn", films) == "Seven (a.k.a. Sevem) (1995)"


def test_two_movies_of_the_title_that_was_meant_are_ambiguous_as_if_it_were_spelt_right() -> None:
    with pytest.raises(AmbiguousNameError) as caught:
        FILMS.row_of_misspelt("Sabrna")
    assert [movie.title for movie in caught.value.movies] == ["Sabrina (1954)", "Sabrina (1995)"]


def test_two_movies_that_are_called_alike_are_not_of_one_title() -> None:
    films = catalogue("Alien (Monster) (1979)", "Aliens (Monster) (1986)")
    assert meant("Alienn", films) is None
    assert meant("Alienn (1986)", films) == "Aliens (Monster) (1986)"


def test_without_movies_nothing_was_meant() -> None:
    assert meant("Toy Stroy", Catalogue([])) is None


NAME = st.text("ab1 \u00e9八", min_size=1, max_size=9).filter(str.strip)
YEAR = st.sampled_from(["", " (1995)", " (1996)"])
TITLE = st.builds(
    lambda name, other, year: f"{name}{f' ({other})' * bool(other)}{year}",
    NAME,
    st.just("") | NAME,
    YEAR,
)


def by_the_rules(titles: list[str], text: str) -> int | str | None:
    """The row of the movie that was meant, None, or the word for several of one title."""
    ((name, year), *_) = keys_by_the_rules(text)
    if name.replace(" ", "").isdigit():
        return None
    keys = [keys_by_the_rules(title) for title in titles]
    near = {
        row: {each for each, _ in keys[row] if edits_between(name, each) <= 2}
        for row in range(len(titles))
        if year is None or keys[row][0][1] == year
    }
    near = {row: names for row, names in near.items() if names}
    if not near:
        return None
    if min(edits_between(name, each) for names in near.values() for each in names) > len(name) // 3:
        return None
    title = set.intersection(*near.values())
    if not title:
        return None
    called_so = [row for row in near if keys[row][0][0] in title] or list(near)
    return called_so[0] if len(called_so) == 1 else "ambiguous"


@given(st.lists(TITLE, max_size=5), st.builds(str.__add__, NAME, YEAR))
@example(["aaaaaa (aaaaab)", "aaaaab (aaaaaa)"], "aaaaac")  # either is called as the other
def test_what_is_meant_is_what_the_rules_say(titles: list[str], text: str) -> None:
    assert asked_key(text).name
    films = catalogue(*titles)
    try:
        found: int | str | None = films.row_of_misspelt(text)
    except AmbiguousNameError:
        found = "ambiguous"
    assert found == by_the_rules(titles, text)
