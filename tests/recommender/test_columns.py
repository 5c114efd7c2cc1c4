"""Very many movies in few objects, held against plain lists."""

import gc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender_service.catalogue.catalogue import Catalogue
from recommender_service.catalogue.movie import Movie
from recommender_service.catalogue.movies import MovieSelection, MovieTable
from recommender_service.catalogue.texts import Texts
from recommender_service.catalogue.utf8 import decoded

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=8)
MOVIES = st.builds(
    Movie,
    movie_id=st.integers(0, 2**63 - 1),
    title=ANY_TEXT,
    year=st.none() | st.integers(0, 9999),
    genres=st.lists(ANY_TEXT, max_size=2).map(tuple),
    rating_count=st.integers(0, 2**63 - 1),
)


@given(st.lists(st.lists(ANY_TEXT, max_size=4), max_size=6))
def test_texts_are_what_was_put_in_whatever_was_put_in_at_a_time(parts: list[list[str]]) -> None:
    texts, expected = Texts(), []
    for part in parts:
        texts.extend(part)
        expected += part
    assert len(texts) == len(expected)
    assert list(texts) == [texts[i] for i in range(len(texts))] == expected
    assert texts[1:3] == expected[1:3]
    assert texts[::-1] == expected[::-1]


def test_a_text_is_found_from_either_end_and_not_beyond() -> None:
    texts = Texts(["Heat", "", "\u8bf4"])
    assert [texts[-3], texts[-2], texts[-1]] == ["Heat", "", "\u8bf4"]
    for outside in (3, -4):
        with pytest.raises(IndexError):
            texts[outside]


@given(st.lists(ANY_TEXT), st.integers(0, 9), st.integers(0, 9))
def test_a_part_of_texts_is_their_bytes_and_where_each_begins(
    several: list[str], begin: int, end: int
) -> None:
    begin, end = min(begin, len(several)), min(max(begin, end), len(several))
    letters, bounds = Texts(several).part(begin, max(begin, end))
    found = [decoded(bytes(letters[one:other])) for one, other in pairwise(bounds.tolist())]
    assert found == several[begin:end]


@given(st.lists(MOVIES, max_size=5))
def test_a_table_gives_back_the_movies_that_were_put_in(movies: list[Movie]) -> None:
    table = MovieTable(movies)
    assert list(table) == movies
    assert table[1:] == movies[1:]
    assert table.movie_ids.tolist() == [movie.movie_id for movie in movies]
    assert table.rating_counts.tolist() == [movie.rating_count for movie in movies]
    assert list(table.titles) == [movie.title for movie in movies]
    turned = MovieSelection(table, np.arange(len(movies), dtype=np.int32)[::-1])
    assert list(turned) == movies[::-1]
    assert turned[:2] == movies[::-1][:2]


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("movie_id", 2**63, "movie_id 9223372036854775808 is not legal; legal is 0 to"),
        ("movie_id", -1, "movie_id -1"),
        ("year", 10_000, "year 10000"),
        ("year", -2, "year -2"),
        ("rating_count", -1, "rating_count -1"),
        ("rating_count", 2**63, "rating_count 9223372036854775808"),
    ],
)
def test_a_number_that_no_message_can_hold_makes_no_movie(
    column: str, value: int, words: str
) -> None:
    good = {"movie_id": 1, "title": "Heat", "year": 1995, "genres": (), "rating_count": 1}
    with pytest.raises(ValueError, match=words):
        Movie(**(good | {column: value}))  # type: ignore[arg-type]


@given(st.lists(MOVIES, max_size=9, unique_by=lambda movie: movie.movie_id))
def test_a_movie_is_found_by_its_id_among_those_that_were_selected(movies: list[Movie]) -> None:
    rows = np.arange(0, len(movies), 2, dtype=np.int32)[::-1]
    selection = MovieSelection(MovieTable(movies), rows)
    selected = [movies[row] for row in rows]
    for movie in movies:
        place = selected.index(movie) if movie in selected else None
        assert selection.place_of(str(movie.movie_id)) == place


@pytest.mark.parametrize(
    "text", ["", "x", "-1", "1.0", "\u0661", "\u00b2", str(2**63), "9" * 10_000]
)
def test_what_is_no_id_is_found_nowhere(text: str) -> None:
    table = MovieTable([Movie(1, "Heat", 1995, (), 1)])
    assert MovieSelection(table, np.zeros(1, np.int32)).place_of(text) is None


def test_a_catalogue_has_no_objects_by_the_movie_for_the_garbage_collector_to_look_at() -> None:
    gc.collect()
    before = len(gc.get_objects())
    table = MovieTable(
        Movie(i, f"{'The ' * (i % 3)}Film {i} (Movie {i}) (1999)", 1999, ("Drama",), i)
        for i in range(20_000)
    )
    catalogue = Catalogue(table)
    assert len(catalogue) == 20_000
    assert catalogue.row_of_text("movie 19999") == 19_999
    assert len(gc.get_objects()) - before < 1_000
