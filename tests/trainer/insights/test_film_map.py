"""The map keeps together what is near, and gives each film one colour."""

import numpy as np
import pytest
from numpy.typing import NDArray

from trainer_service.insights.film_map import COLOURED_GENRES, NO_GENRE, coloured, placed
from trainer_service.insights.neighbours import nearest


def planted(groups: int, each: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(groups, 16))
    rows = np.repeat(centres, each, axis=0) + 0.2 * rng.normal(size=(groups * each, 16))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32)


def test_planted_groups_stay_together_on_the_map() -> None:
    places, method = placed(planted(6, 20))
    assert method == "t-SNE"
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    neighbours = distances.argsort(axis=1)[:, :10]
    same = neighbours // 20 == np.arange(120)[:, None] // 20
    assert same.mean() > 0.95


def test_the_same_embedding_has_the_same_map() -> None:
    rows = planted(3, 10)
    assert (placed(rows)[0] == placed(rows)[0]).all()


@pytest.mark.parametrize(("count", "dim"), [(1, 4), (2, 4), (3, 1), (20, 1), (11, 3), (13, 2)])
def test_few_films_and_few_dimensions_have_a_map_too(count: int, dim: int) -> None:
    rows = np.random.default_rng(1).normal(size=(count, dim)).astype(np.float32)
    places, _ = placed(rows / np.linalg.norm(rows, axis=1, keepdims=True))
    assert places.shape == (count, 2)
    assert np.isfinite(places).all()
    assert np.abs(places).max() <= 1


def test_the_rarest_genre_that_has_a_colour_counts() -> None:
    genres = [("Drama", "Western"), ("Drama",), ("Drama", "War"), (), ("War",)]
    names, own = coloured(genres)
    assert names[0] == "Drama"
    assert [names[place] if place != NO_GENRE else "" for place in own] == [
        "Western",
        "Drama",
        "War",
        "",
        "War",
    ]


def test_there_are_no_more_colours_than_can_be_told_apart() -> None:
    genres = [(f"genre {place % 30}",) for place in range(300)]
    names, own = coloured(genres)
    assert len(names) == COLOURED_GENRES
    assert (own == NO_GENRE).sum() == 300 - 10 * COLOURED_GENRES


def test_neighbours_of_the_planted_groups_are_of_the_same() -> None:
    places, _ = nearest(planted(6, 20), 5)
    assert (places // 20 == np.arange(120)[:, None] // 20).all()
