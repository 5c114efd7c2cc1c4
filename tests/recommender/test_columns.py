"""Very many movies in few objects, held against plain lists."""

import gc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender_service.catalogue.catalogue import Catalogue
from recommender_service.catalogue.movie import Movie
from recommender_service.catalogue.movies import MovieSelection, MovieTable
from recommender_service.catalogue.texts import BLOCK, Texts

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


@pytest.mark.parametrize("count", [BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 3 * BLOCK + 7])
@pytest.mark.parametrize("at_a_time", [1, BLOCK - 1, BLOCK, 10 * BLOCK])
def test_texts_go_on_from_block_to_block(count: int, at_a_time: int) -> None:
    expected = [f"{'é八'[i % 2] * (i % 5)}{i}" for i in range(count)]
    texts = Texts()
    for begin in range(0, count, at_a_time):
        texts.extend(expected[begin : begin + at_a_time])
    assert list(texts) == [texts[i] for i in range(count)] == expected
    assert texts[-1] == expected[-1]
    for outside in (count, -count - 1):
        with pytest.raises(IndexError):
            texts[outside]


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
        ("movie_ids", 2**63, "movie_id 9223372036854775808 is not legal; legal is 0 to"),
        ("movie_ids", -1, "movie_id -1"),
        ("years", 10_000, "year 10000"),
        ("years", -2, "year -2"),
        ("years", 10**6, "year 1000000"),
        ("rating_counts", -1, "rating_count -1"),
        ("rating_counts", 2**63, "rating_count 9223372036854775808"),
    ],
)
def test_a_number_that_no_message_can_hold_is_named_and_no_row_is_added(
    column: str, value: int, words: str
) -> None:
    good = {"movie_ids": [1, 2], "years": [1999, 2000], "rating_counts": [1, 2]}
    table = MovieTable()
    rest = {"titles": ["Heat", "Alien"], "genres": [(), ("Drama",)]}
    with pytest.raises(ValueError, match=words):
        table.extend(**rest, **(good | {column: [good[column][0], value]}))  # type: ignore[arg-type]
    assert list(table) == []
    table.extend(**rest, **good)  # type: ignore[arg-type]
    assert list(table) == [Movie(1, "Heat", 1999, (), 1), Movie(2, "Alien", 2000, ("Drama",), 2)]


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
