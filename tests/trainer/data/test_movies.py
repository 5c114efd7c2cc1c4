"""Movies: years out of titles, and a table that keeps the order of the ids."""

from pathlib import Path

import numpy as np
import pytest

from support.datasets import REAL_DATA
from trainer_service.data import Movie, MovieTable, parse_year
from trainer_service.data.forms import FORMS
from trainer_service.data.movie_rows import read_movie_rows


@pytest.mark.parametrize(
    ("title", "year"),
    [
        ("Toy Story (1995)", 1995),
        ("Babe Ruth Story, The (1948) ", 1948),
        ("Fawlty Towers (1975-1979)", 1975),
        ("Big Bang Theory, The (2007-)", 2007),
        ("Diplomatic Immunity (2009\N{EN DASH} )", 2009),
        ("Mona (Mona ja palavan rakkauden aika) (1983))", 1983),
        ("2001: A Space Odyssey (1968)", 1968),
        ("Babylon 5", None),
        ("Death Race 2000", None),
        ("Millions Game, The (Das Millionenspiel)", None),
        ("(1999) is not at the end", None),
        ("Long Number (12345)", None),
        ("", None),
    ],
)
def test_the_year_is_what_the_title_ends_with(title: str, year: int | None) -> None:
    assert parse_year(title) == year


def test_a_table_answers_by_index() -> None:
    table = MovieTable((Movie(3, "A (1990)", ("Drama",)), Movie(8, "B", ())))
    assert len(table) == 2
    assert [movie.movie_id for movie in table] == [3, 8]
    assert table[1].title == "B"
    assert table.years == (1990, None)
    assert not table.movie_ids.flags.writeable


def test_a_selection_keeps_only_the_movies_asked_for() -> None:
    table = MovieTable(tuple(Movie(i, f"Film {i}", ()) for i in (2, 4, 6, 8)))
    assert table.select(np.array([4, 8])).titles == ("Film 4", "Film 8")


@pytest.mark.parametrize("ids", [(2, 1), (1, 1)])
def test_a_table_out_of_order_is_refused(ids: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="ascend by id"):
        MovieTable(tuple(Movie(i, "A", ()) for i in ids))


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="../shared/data is missing")
def test_all_titles_of_ml_20m_are_read_and_nearly_all_have_a_year() -> None:
    folder: Path = REAL_DATA / "ml-20m-titles"
    table, skipped = read_movie_rows(folder, FORMS[0])
    assert len(table) == 27_278
    assert skipped.bad_count == 0
    without_year = [movie.title for movie in table if movie.year is None]
    assert 0 < len(without_year) < 30
    assert all(1890 <= year <= 2020 for year in table.years if year is not None)
