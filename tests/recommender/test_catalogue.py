"""Movies by id and by name."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender_service.catalogue.catalogue import (
    MOST_NAMESAKES,
    NEAREST_COUNT,
    AmbiguousNameError,
    Catalogue,
)
from recommender_service.catalogue.movie import Movie
from recommender_service.catalogue.searching import ENOUGH_MATCHES
from recommender_service.catalogue.titles import LONGEST_NAME, asked_key

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)
"""Also what is no Unicode text, such as lone surrogates."""


def catalogue(*titles: str, counts: dict[str, int] | None = None) -> Catalogue:
    """Movies with the ids 1,000, 1,001 and so on, rated 100 times unless told otherwise."""
    return Catalogue(
        [
            Movie(1_000 + i, title, None, (), (counts or {}).get(title, 100))
            for i, title in enumerate(titles)
        ]
    )


def found(movies: Catalogue, text: str) -> str | None:
    row = movies.row_of_text(text)
    return None if row is None else movies.movie(row).title


def titles(movies: Sequence[Movie]) -> list[str]:
    return [movie.title for movie in movies]


FILMS = catalogue(
    "Toy Story (1995)",
    "Matrix, The (1999)",
    "Sabrina (1954)",
    "Sabrina (1995)",
    "Amelie (Fabuleux destin d'Amélie Poulain, Le) (2001)",
    "Lost Children, The (Cité perdue, La) (1995)",
    "Seven (a.k.a. Se7en) (1995)",
    "300 (2007)",
    "Nineteen Eighty-Four (1984) (1984)",
    "1984",
    "Heat",
)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Toy Story", "Toy Story (1995)"),
        ("toy story (1995)", "Toy Story (1995)"),
        ("The Matrix", "Matrix, The (1999)"),
        ("matrix, the", "Matrix, The (1999)"),
        ("Matrix, The (1999)", "Matrix, The (1999)"),
        ("Sabrina (1954)", "Sabrina (1954)"),
        ("amélie", "Amelie (Fabuleux destin d'Amélie Poulain, Le) (2001)"),
        ("Le Fabuleux Destin", None),
        ("La cité perdue (1995)", "Lost Children, The (Cité perdue, La) (1995)"),
        ("se7en", "Seven (a.k.a. Se7en) (1995)"),
        ("matrix", None),
        ("Toy Story (1996)", None),
        ("Heat (1995)", None),
        ("", None),
        ("(1995)", None),
        ("?!", None),
        ("\0", None),
        ("\ud800", None),
    ],
)
def test_a_text_names_the_movie_of_that_title_and_year(text: str, title: str | None) -> None:
    assert found(FILMS, text) == title


def test_digits_are_an_id_if_there_is_such_a_movie_and_else_a_title() -> None:
    assert found(FILMS, "1003") == "Sabrina (1995)"
    assert found(FILMS, " 1003 ") == "Sabrina (1995)"
    assert found(FILMS, "300") == "300 (2007)"
    assert found(FILMS, "1984") == "1984"
    assert found(FILMS, "1985") is None
    assert found(FILMS, "\u0661\u0660\u0660\u0663") is None  # 1003 in Arabic digits
    assert found(FILMS, "9" * 10_000) is None
    by_id = Catalogue([Movie(300, "Heat (1995)", 1995, (), 1), Movie(7, "300 (2007)", 2007, (), 1)])
    assert found(by_id, "300") == "Heat (1995)"
    assert found(by_id, "300 (2007)") == "300 (2007)"


def test_a_movie_is_found_by_its_id() -> None:
    assert FILMS.row_of_id(1_000) == 0
    assert FILMS.row_of_id(999) is None
    assert FILMS.row_of_id(-1) is None
    assert FILMS.row_of_id(10**30) is None


def test_a_title_that_several_movies_have_is_ambiguous_and_says_which() -> None:
    with pytest.raises(AmbiguousNameError) as caught:
        FILMS.row_of_text("Sabrina")
    assert [movie.title for movie in caught.value.movies] == ["Sabrina (1954)", "Sabrina (1995)"]


def test_two_films_of_one_title_and_year_are_ambiguous_even_with_the_year() -> None:
    twins = catalogue("Emma (1996)", "Emma (1996)")
    with pytest.raises(AmbiguousNameError):
        twins.row_of_text("Emma (1996)")
    assert twins.row_of_text("1001") == 1


@pytest.mark.parametrize("text", ["Emma", "Emma (1996)", "Ema", "Ema (1996)"])
def test_of_very_many_movies_of_one_title_the_error_has_all_and_makes_none(text: str) -> None:
    count = 3 * MOST_NAMESAKES
    films = catalogue(*["Emma (1996)"] * count, "Emma (2020)")
    find = films.row_of_text if text.startswith("Emma") else films.row_of_misspelt
    with pytest.raises(AmbiguousNameError, match=r"^[0-9]{3} movies$") as caught:
        find(text)
    assert len(caught.value.movies) > MOST_NAMESAKES
    assert not isinstance(caught.value.movies, tuple | list)
    assert titles(caught.value.movies[:2]) == ["Emma (1996)"] * 2


@pytest.mark.parametrize("text", ["Emma", "Emma (1996)", "Ema"])
def test_of_very_many_movies_of_one_name_none_is_meant_before_the_others(text: str) -> None:
    films = catalogue("Emma (1996)", *["Clueless (Emma) (1996)"] * MOST_NAMESAKES)
    find = films.row_of_text if text.startswith("Emma") else films.row_of_misspelt
    with pytest.raises(AmbiguousNameError):
        find(text)


def test_of_very_many_movies_of_one_title_that_of_the_year_is_found() -> None:
    films = catalogue(*[f"Emma ({1900 + i})" for i in range(MOST_NAMESAKES + 1)])
    assert found(films, "Emma (1996)") == "Emma (1996)"
    assert films.row_of_misspelt("Ema (1996)") == 96


def test_a_title_in_brackets_gives_way_to_the_movie_that_is_called_so() -> None:
    films = catalogue("Infernal Affairs (Departed, The) (2002)", "Departed, The (2006)")
    assert found(films, "The Departed") == "Departed, The (2006)"
    assert found(films, "The Departed (2002)") == "Infernal Affairs (Departed, The) (2002)"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Black Rain (1989)", "Black Rain (Kuroi ame) (1989)"),
        ("Pokémon the Movie 2000 (2000)", "Pokemon: The Movie 2000 (2000)"),
        ("Disappeared, The (2008)", "The Disappeared (2008)"),
        ("+1 (2013)", "1 (2013)"),
        ("Kuroi (Ame) (1989)", "Kuroi Ame (1989)"),
    ],
)
def test_a_title_exactly_as_in_the_data_is_that_movie(one: str, other: str) -> None:
    films = catalogue(one, other)
    assert (films.row_of_text(one), films.row_of_text(other)) == (0, 1)


def test_the_year_counts_that_the_title_does_not_give_but_the_data_do() -> None:
    films = Catalogue([Movie(1, "Heat", 1995, (), 1), Movie(2, "Heat", 1986, (), 1)])
    assert films.row_of_text("heat (1986)") == 1
    assert films.row_of_text("heat (1999)") is None


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("Toy Stroy", "Toy Story (1995)"),
        ("Toy Story (1990)", "Toy Story (1995)"),
        ("the matix", "Matrix, The (1999)"),
        ("matrix", "Matrix, The (1999)"),
        ("Amlie", "Amelie (Fabuleux destin d'Amélie Poulain, Le) (2001)"),
        ("lost children", "Lost Children, The (Cité perdue, La) (1995)"),
    ],
)
def test_a_title_that_is_not_there_has_nearest_ones(text: str, nearest: str) -> None:
    assert FILMS.row_of_text(text) is None
    assert FILMS.nearest_titles(text)[0] == nearest


def test_a_title_like_none_has_no_nearest_ones() -> None:
    assert FILMS.nearest_titles("Zxqwv Kjhgf Pmnbt") == ()
    assert FILMS.nearest_titles("") == ()


def test_the_same_title_comes_first_then_what_begins_so_then_what_holds_it_then_the_alike() -> None:
    films = catalogue(
        "Roy Story (1990)",
        "My Toy Story (2000)",
        "Toy Story 2 (1999)",
        "Toy Story, The (1995)",
        "Heat (1995)",
        counts={"Roy Story (1990)": 900, "My Toy Story (2000)": 800, "Toy Story 2 (1999)": 700},
    )
    assert titles(films.search("toy story")) == [
        "Toy Story, The (1995)",
        "Toy Story 2 (1999)",
        "My Toy Story (2000)",
        "Roy Story (1990)",
    ]


def test_among_equal_matches_the_most_rated_comes_first_then_the_lower_row() -> None:
    counts = {"Star Wars I": 5, "Star Wars II": 50, "Star Wars III": 5}
    films = catalogue(*counts, counts=counts)
    assert titles(films.search("star wars")) == ["Star Wars II", "Star Wars I", "Star Wars III"]


def test_what_is_more_alike_comes_before_what_is_more_rated() -> None:
    films = catalogue("Alien (1979)", "Amelie (2001)", counts={"Alien (1979)": 9_000})
    assert titles(films.search("amlie")) == ["Amelie (2001)", "Alien (1979)"]


def test_a_title_that_only_is_a_part_of_the_text_is_less_alike_than_one_of_its_length() -> None:
    films = catalogue("Spider (2002)", "Spider-Man (2002)")
    assert titles(films.search("spiderman")) == ["Spider-Man (2002)", "Spider (2002)"]


@pytest.mark.parametrize(
    "text", ["the matrix", "MATRIX", "matrix, the (1999)", "teh matrix", "matirx", "the matrixx"]
)
def test_a_search_forgives_articles_case_and_typing_errors(text: str) -> None:
    assert titles(FILMS.search(text)) == ["Matrix, The (1999)"]


def test_a_search_finds_titles_in_brackets_like_any_other() -> None:
    assert titles(FILMS.search("le fabuleux destin")) == [
        "Amelie (Fabuleux destin d'Amélie Poulain, Le) (2001)"
    ]


def test_a_search_with_a_year_finds_movies_of_that_year_alone() -> None:
    assert titles(FILMS.search("sabrina (1954)")) == ["Sabrina (1954)"]
    assert titles(FILMS.search("sabrina")) == ["Sabrina (1954)", "Sabrina (1995)"]
    assert titles(FILMS.search("sabrina (1960)")) == []


def test_a_short_title_is_no_match_for_a_long_text_that_holds_it() -> None:
    films = catalogue("It (1990)", "Some Like It Hot (1959)", "Hot (2000)")
    assert titles(films.search("some like it hott")) == ["Some Like It Hot (1959)"]


def test_no_typing_error_is_suspected_where_enough_titles_hold_the_text() -> None:
    holding = [f"Star {i}" for i in range(ENOUGH_MATCHES)]
    assert len(catalogue("Stra", *holding[1:]).search("star")) == ENOUGH_MATCHES
    assert titles(catalogue("Stra", *holding).search("star")) == holding


def test_an_article_within_a_title_is_part_of_it() -> None:
    films = catalogue("A-Team, The (2010)", "Team (1990)")
    assert titles(films.search("team")) == ["Team (1990)", "A-Team, The (2010)"]
    assert titles(films.search("a-team"))[0] == "A-Team, The (2010)"


def test_each_movie_is_found_once_however_many_of_its_titles_match() -> None:
    assert titles(FILMS.search("amelie")) == [
        "Amelie (Fabuleux destin d'Amélie Poulain, Le) (2001)"
    ]


@pytest.mark.parametrize("text", ["", "  ", "(1995)", "!?", "\0", "\ud800", "zxqwv kjhgf"])
def test_a_search_for_what_is_in_no_title_finds_nothing(text: str) -> None:
    assert titles(FILMS.search(text)) == []


@pytest.mark.parametrize(
    "text", ["a" * 10**6, "(" * 10**6, "(1999-" + " " * 10**6, "e\u0301" * 10**6]
)
def test_a_huge_text_is_answered_like_any_other(text: str) -> None:
    assert FILMS.row_of_text(text) is None
    assert titles(FILMS.search(text)) == []
    assert FILMS.nearest_titles(text) == ()


def test_a_huge_title_takes_no_longer_than_any_other() -> None:
    """The year's pattern needs a time that grows with the square of the blanks."""
    films = catalogue("Heat (1999-" + " " * 100_000, "x" * 300 + "1", "x" * 300 + "2")
    assert films.row_of_text("Heat (1999-" + " " * 100_000) == 0
    with pytest.raises(AmbiguousNameError):
        films.row_of_text("x" * LONGEST_NAME)


def test_a_catalogue_without_movies_finds_nothing() -> None:
    nothing = Catalogue([])
    assert len(nothing) == 0
    assert nothing.row_of_text("Heat") is None
    assert titles(nothing.search("Heat")) == []
    assert nothing.nearest_titles("Heat") == ()


@given(ANY_TEXT)
def test_no_text_breaks_it(text: str) -> None:
    row = FILMS.row_of_text(text) if text.strip().casefold() != "sabrina" else None
    assert row is None or 0 <= row < len(FILMS)
    assert len(FILMS.nearest_titles(text)) <= NEAREST_COUNT
    assert len(set(FILMS.search(text))) == len(FILMS.search(text))


@given(st.lists(st.text(max_size=40), unique_by=str.strip, max_size=6))
def test_every_title_that_has_a_name_finds_its_own_movie(several: list[str]) -> None:
    films = catalogue(*several)
    for row, title in enumerate(several):
        # A title of accents alone has none.
        assert films.row_of_text(title) == (row if asked_key(title).name else None)


@pytest.mark.parametrize(
    ("movie_id", "year", "rating_count"),
    [(-1, None, 0), (2**63, None, 0), (1, -1, 0), (1, 10_000, 0), (1, None, -1), (1, None, 2**63)],
)
def test_a_movie_with_a_number_that_no_message_can_hold_is_none(
    movie_id: int, year: int | None, rating_count: int
) -> None:
    with pytest.raises(ValueError, match="is not legal; legal is 0 to"):
        Movie(movie_id, "Heat", year, (), rating_count)
