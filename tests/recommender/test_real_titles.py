"""Every real title finds its own movie: 27,278 of them, as people bring them."""

import csv
import re
import unicodedata
from collections import Counter
from contextlib import suppress

import pytest

from recommender_service.catalogue.catalogue import AmbiguousNameError, Catalogue
from recommender_service.catalogue.movie import Movie
from recommender_service.catalogue.titles import title_keys
from support.datasets import REAL_DATA
from support.titles import keys_by_the_rules

MOVIES = REAL_DATA / "ml-20m-titles" / "movie.csv"

pytestmark = pytest.mark.skipif(not MOVIES.exists(), reason=f"real titles are not at {MOVIES}")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    with MOVIES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return Catalogue(
        [Movie(int(row["movieId"]), row["title"], year_of(row["title"]), (), 1) for row in rows]
    )


def year_of(title: str) -> int | None:
    found = re.search(r"\((\d{4})[^()]*\)+\s*$", title)
    return int(found[1]) if found else None


def usual_form(title: str) -> str:
    """How people write it: no brackets, the article in front."""
    bare = re.sub(r"(^| )\(([^()]|\([^()]*\))*\)", "", title).strip()
    return re.sub(r"^(.*), (The|An?|L[ae]s?|El|Il|Der|Die|Das|L')$", r"\2 \1", bare).replace(
        "L' ", "L'"
    )


def letters(text: str) -> str:
    """A form that is coarser than any that a text may be compared in."""
    decomposed = unicodedata.normalize("NFKD", text.lower().replace("&", "and"))
    return "".join(char for char in decomposed if char.isalnum())


def test_the_quick_ways_give_what_the_rules_give(catalogue: Catalogue) -> None:
    for title in catalogue.movies.titles:
        assert [(key.name, key.year) for key in title_keys(title)] == keys_by_the_rules(title)


def test_every_title_that_only_one_movie_has_finds_that_movie(catalogue: Catalogue) -> None:
    count = Counter(movie.title for movie in catalogue.movies)
    unique = [row for row, movie in enumerate(catalogue.movies) if count[movie.title] == 1]
    assert len(unique) > 27_000
    assert [row for row in unique if catalogue.row_of_text(catalogue.movie(row).title) != row] == []


def test_every_usual_form_that_only_one_movie_has_finds_that_movie(catalogue: Catalogue) -> None:
    forms = [usual_form(movie.title) for movie in catalogue.movies]
    # Also a title in brackets may be another movie's usual form.
    bracketed = [
        letters(usual_form(re.sub(r"^a\.?k\.?a\.? ", "", form)))
        for movie in catalogue.movies
        for form in set(re.findall(r"\(([^()]*)\)", movie.title))
    ]
    count = Counter([*map(letters, forms), *bracketed])
    unique = [
        row
        for row, form in enumerate(forms)
        if count[letters(form)] == 1 and not form.isdigit()  # digits are an id first
    ]
    assert len(unique) > 24_000
    assert [forms[row] for row in unique if catalogue.row_of_text(forms[row]) != row] == []


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("the godfather", "Godfather, The (1972)"),
        ("Schindler\u2019s list", "Schindler's List (1993)"),
        ("l'avventura", "Avventura, L' (Adventure, The) (1960)"),
        ("amélie", "Amelie (Fabuleux destin d'Amélie Poulain, Le) (2001)"),
        ("aka", "AKA (2002)"),
        ("(500) Days of Summer", "(500) Days of Summer (2009)"),
        ("8½", "8 1/2 (8½) (1963)"),
    ],
)
def test_a_real_movie_is_found_as_people_write_it(
    catalogue: Catalogue, text: str, title: str
) -> None:
    row = catalogue.row_of_text(text)
    assert row is not None
    assert catalogue.movie(row).title == title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("schindlers lsit", "Schindler's List (1993)"),
        ("pulp ficton", "Pulp Fiction (1994)"),
        ("forest gump", "Forrest Gump (1994)"),
        ("some like it hott", "Some Like It Hot (1959)"),
        ("LA confidential", "L.A. Confidential (1997)"),
        ("spiderman", "Spider-Man (2002)"),
        ("ths shwshank redmption", "Shawshank Redemption, The (1994)"),
        ("star wras episode iv", "Star Wars: Episode IV - A New Hope (1977)"),
        ("lord of teh rings", "Lord of the Rings, The (1978)"),
    ],
)
def test_a_misspelt_real_title_is_what_a_search_gives_first(
    catalogue: Catalogue, text: str, title: str
) -> None:
    assert catalogue.search(text)[0].title == title
    assert catalogue.nearest_titles(text)[0] == title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Toy Stroy", "Toy Story (1995)"),
        ("pulp ficton", "Pulp Fiction (1994)"),
        ("the shawshank redmeption", "Shawshank Redemption, The (1994)"),
        ("Casblanca (1942)", "Casablanca (1942)"),
        ("Alienn", None),  # or "Aliens"
        ("1409", None),  # near to "1408"
        ("Star Trk", "Star Trek (2009)"),
    ],
)
def test_a_misspelt_real_title_is_corrected_if_only_one_is_near(
    catalogue: Catalogue, text: str, title: str | None
) -> None:
    row = catalogue.row_of_misspelt(text)
    assert (None if row is None else catalogue.movie(row).title) == title


def test_a_real_title_with_a_letter_less_is_never_taken_for_another(catalogue: Catalogue) -> None:
    corrected = 0
    for row in range(0, len(catalogue), 50):
        title = usual_form(catalogue.movie(row).title)
        text = title[: len(title) // 2] + title[len(title) // 2 + 1 :]
        with suppress(AmbiguousNameError):
            if catalogue.row_of_text(text) is None:
                found = catalogue.row_of_misspelt(text)
                assert found in {row, None}
                corrected += found == row
    assert corrected > 400
