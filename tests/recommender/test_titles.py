"""The usual forms of a title, brought to one."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recommender_service.catalogue.titles import TitleKey, asked_key, title_keys
from support.titles import keys_by_the_rules

PARTS = (
    *("(),&'`-.!_ \t\n\x1f\x7f", " (", ") ", ", ", ",  "),
    *("(1995)", " (1995)", "(1995-2001)", "(19\u0669\u0665)", "(\u00b2\u00b2\u00b2\u00b2)", "1995"),
    *("The", "the", "AN", "L'", "L`", "l\u2019", "a.k.a. ", "AKA ", "A\u212aA "),
    *("Matrix", "Straße", "Cité", "e\u0301", "8\u00bd", "八月", "\u00b4"),
)
LIKE_A_TITLE = st.lists(
    st.sampled_from(PARTS) | st.text(st.characters(exclude_categories=()), max_size=2), max_size=12
).map("".join)
"""Made of all that titles are read by, in any order."""


def names(title: str) -> list[str]:
    return [key.name for key in title_keys(title)]


@pytest.mark.parametrize(
    ("title", "typed"),
    [
        ("Matrix, The (1999)", "The Matrix"),
        ("Matrix, The (1999)", "matrix, the"),
        ("Matrix, The (1999)", "  MATRIX,   THE (1999)  "),
        ("Matrix, The (1999)", "the matrix ( 1999 )"),
        ("American Tail, An (1986)", "an american tail"),
        ("A-Team, The (2010)", "the a-team"),
        ("Schindler's List (1993)", "Schindlers list"),
        ("Schindler's List (1993)", "Schindler\u2019s List"),
        ("Schindler's List (1993)", "Schindler\u00b4s List"),
        ("Avventura, L' (Adventure, The) (1960)", "L'Avventura"),
        ("Avventura, L' (Adventure, The) (1960)", "L\u2019avventura"),
        ("Avventura, L' (Adventure, The) (1960)", "The Adventure"),
        ("Amelie (Fabuleux destin d'Amélie Poulain, Le) (2001)", "Amélie"),
        (
            "Amelie (Fabuleux destin d'Amélie Poulain, Le) (2001)",
            "Le fabuleux destin d'Amelie Poulain",
        ),
        ("Lost Children, The (Cité perdue, La) (1995)", "la cite perdue"),
        ("To Have, or Not (En avoir (ou pas)) (1995)", "to have, or not"),
        ("To Have, or Not (En avoir (ou pas)) (1995)", "en avoir ou pas"),
        ("C(r)ook (Basta) (2004)", "c(r)ook"),
        ("M*A*S*H (a.k.a. MASH) (1970)", "mash"),
        ("M*A*S*H (a.k.a. MASH) (1970)", "M.A.S.H."),
        ("Seven (a.k.a. Se7en) (1995)", "Se7en"),
        ("Birdman: Or (The Virtue of Ignorance) (2014)", "birdman or the virtue of ignorance"),
        ("Fast & Furious (2009)", "Fast and Furious"),
        ("Æon Flux (2005)", "aeon flux"),
        ("Après-midi à Paris, Un", "un apres midi a paris"),
        ("Straße, Die (1990)", "die strasse"),
        ("Smilla's Sense of Snow (Frøken Smilla) (1997)", "froken smilla"),
        ("Los Amores de la Última", "LOS AMORES DE LA ULTIMA"),
        ("八月の狂詩曲 (1991)", "八月の狂詩曲"),
        ("Scanner_Darkly", "scanner darkly"),
        ("8½ (1963)", "8½"),
        ("\u210beat (1995)", "heat"),  # a capital that only appears when taken apart
        ("İstanbul (1990)", "istanbul"),
    ],
)
def test_a_title_is_found_in_every_usual_form(title: str, typed: str) -> None:
    assert asked_key(typed).name in names(title)


@pytest.mark.parametrize(
    ("title", "typed"),
    [
        ("Matrix, The (1999)", "Matrix Reloaded"),
        ("Heat (1995)", "The Heat"),
        ("Toy Story (1995)", "Toy Story 2"),
        ("Sabrina (1995)", "Sabrina (1995) (1954)"),
        ("Se7en", "Seven"),
    ],
)
def test_another_title_is_another_title(title: str, typed: str) -> None:
    assert asked_key(typed).name not in names(title)


def test_a_title_without_its_brackets_comes_first_then_the_whole_then_what_is_in_them() -> None:
    assert names("Seven (a.k.a. Se7en) (1995)") == ["seven", "seven a k a se7en", "se7en"]
    assert names("Heat (1995)") == ["heat"]


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("Heat (1995)", 1995),
        ("Heat (1995) ", 1995),
        ("Heat ( 1995 )", 1995),
        ("Heat (1995))", 1995),
        ("Doctor Who (2005-2010)", 2005),
        ("Doctor Who (2005\u2013 )", 2005),
        ("Blade Runner 2049 (2017)", 2017),
        ("Heat 1995", None),
        ("Heat (195)", None),
        ("Heat (1995) again", None),
        ("1984", None),
        ("Heat (\u0661\u0669\u0669\u0665)", None),  # Arabic digits
    ],
)
def test_the_year_is_what_stands_in_brackets_at_the_end(text: str, year: int | None) -> None:
    assert asked_key(text).year == year
    assert {key.year for key in title_keys(text)} == {year}


@pytest.mark.parametrize(
    ("title", "name"), [("AKA (2002)", "aka"), ("A.K.A. Don Bonus (1995)", "a k a don bonus")]
)
def test_a_title_may_begin_with_what_elsewhere_means_also_known_as(title: str, name: str) -> None:
    assert names(title) == [name]


@pytest.mark.parametrize(("title", "name"), [("$ (1971)", "$"), ("(2010)", "2010"), ("...", "...")])
def test_a_title_without_a_letter_still_has_a_name(title: str, name: str) -> None:
    assert asked_key(title).name == name
    assert names(title)[0] == name


def test_a_text_without_anything_has_no_name() -> None:
    assert asked_key(" \t ") == TitleKey("", None)
    assert title_keys("") == []


@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_the_form_that_titles_are_compared_in_is_its_own(text: str) -> None:
    name = asked_key(text).name
    assert asked_key(name).name == name


@given(st.text(max_size=40), st.text("() ", max_size=10))
def test_a_title_is_always_found_by_itself(text: str, brackets: str) -> None:
    title = text + brackets
    assert not asked_key(title).name or asked_key(title) in title_keys(title)


@given(LIKE_A_TITLE)
@example("He\nat, The")  # a pattern's "." is no line feed
@example("Heat\n, The (1995)")
@example("&Heat, L' (1995)")
@settings(max_examples=2_000)
def test_the_quick_ways_give_what_the_rules_give(title: str) -> None:
    assert [(key.name, key.year) for key in title_keys(title)] == keys_by_the_rules(title)
