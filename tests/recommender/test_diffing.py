"""Two versions side by side, with answers known by hand."""

from pathlib import Path
from typing import Any

import pytest

from recommender_service.artifact.diffing import (
    ChangedMovie,
    FigureChange,
    MoviesOfOne,
    NamedMovie,
    VersionDiff,
    diff,
)
from support.damage import change_manifest, flip_bit
from support.versions import ANGLES, TITLES, publication, publish, publish_by_hand

RANKING = {
    "user_count": 96,
    "recall_at_20": 0.25,
    "recall_at_50": 0.5,
    "ndcg_at_100": 0.375,
    "recall_at_20_standard_error": 0.03,
    "recall_at_50_standard_error": 0.02,
    "ndcg_at_100_standard_error": 0.01,
    "coverage": 0.625,
    "coverage_standard_error": 0.05,
    "popularity_rank": 20.5,
    "popularity_rank_standard_error": 4.0,
}


def measured(folder: Path, **figures: Any) -> None:
    """Has a version's manifest say how good it is."""
    change_manifest(folder, metrics=figures)


def figures_of(found: VersionDiff) -> dict[str, FigureChange]:
    return {figure.name: figure for figure in found.figures}


def test_movies_and_neighbours_of_two_versions_are_told_apart(tmp_path: Path) -> None:
    publish(tmp_path, publication())
    # Heat has moved to where Toy Story is, and the last Sabrina is another film.
    others = publication([*TITLES[:5], "Alien (1979)"], [0, 10, 30, 5, 90, 120])
    publish(tmp_path, others)
    publish(tmp_path, publication(TITLES[:4], ANGLES[:4]))

    found = diff(tmp_path, 1, 3)
    assert (found.before, found.after) == (1, 3)
    assert (found.common_count, found.neighbour_count, found.overlap) == (4, 3, 1)
    assert found.most_changed == []
    assert found.only_after == MoviesOfOne(0, [])
    assert found.only_before == MoviesOfOne(
        2, [NamedMovie(50, "Sabrina (1954)"), NamedMovie(60, "Sabrina (1995)")]
    )
    assert diff(tmp_path, 3, 1).only_after == found.only_before


def test_the_movies_that_changed_most_are_told_with_what_they_lost_and_gained(
    tmp_path: Path,
) -> None:
    # Twelve films at the one end and twelve at the other; the first changes sides.
    titles = [f"Film {number}" for number in range(24)]
    angles = [*range(12), *range(90, 102)]
    publish(tmp_path, publication(titles, angles))
    publish(tmp_path, publication(titles, [95.5, *angles[1:]]))

    found = diff(tmp_path, 1, 2)

    first = found.most_changed[0]
    assert first == ChangedMovie(
        movie_id=10,
        title="Film 0",
        overlap=0,
        lost=[NamedMovie(10 * (i + 1), f"Film {i}") for i in range(1, 11)],
        gained=first.gained,
    )
    assert {movie.movie_id for movie in first.gained[:2]} == {10 * (17 + 1), 10 * (18 + 1)}
    assert [len(movie.lost) for movie in found.most_changed[1:]] == [1] * 9
    assert [movie.overlap for movie in diff(tmp_path, 1, 2, changed_count=2).most_changed] == [
        *(0, 0.9),
    ]
    assert found.overlap is not None
    assert 0.8 < found.overlap < 1


def test_a_version_against_itself_has_not_changed(tmp_path: Path) -> None:
    publish_by_hand(tmp_path)
    measured(tmp_path / "versions" / "1", ranking=RANKING, rmse=0.875)

    found = diff(tmp_path, 1, 1)

    assert (found.overlap, found.most_changed, found.notes) == (1, [], [])
    assert found.only_before == found.only_after == MoviesOfOne(0, [])
    assert {figure.difference for figure in found.figures} == {0, None}


def test_figures_stand_side_by_side_with_errors_and_differences(tmp_path: Path) -> None:
    publish_by_hand(tmp_path)
    publish_by_hand(tmp_path)
    measured(
        tmp_path / "versions" / "1",
        ranking=RANKING,
        one_seed=RANKING | {"ndcg_at_100": 0.25},
        rmse=0.875,
        rmse_standard_error=0.0625,
    )
    measured(
        tmp_path / "versions" / "2",
        ranking=RANKING | {"ndcg_at_100": 0.5, "popularity_rank": 18.25},
        one_seed=RANKING | {"ndcg_at_100": 0.125},
        rmse=0.75,
    )

    found = figures_of(diff(tmp_path, 1, 2))

    assert found == {
        figure.name: figure
        for figure in (
            FigureChange("ndcg_at_100", 0.375, 0.01, 0.5, 0.01, 0.125),
            FigureChange("recall_at_20", 0.25, 0.03, 0.25, 0.03, 0),
            FigureChange("recall_at_50", 0.5, 0.02, 0.5, 0.02, 0),
            FigureChange("one_seed_ndcg_at_100", 0.25, 0.01, 0.125, 0.01, -0.125),
            FigureChange("coverage", 0.625, 0.05, 0.625, 0.05, 0),
            FigureChange("popularity_rank", 20.5, 4, 18.25, 4, -2.25),
            FigureChange("rmse", 0.875, 0.0625, 0.75, None, -0.125),
        )
    }


def test_what_was_not_measured_is_none_and_not_zero(tmp_path: Path) -> None:
    publish_by_hand(tmp_path)
    publish_by_hand(tmp_path)
    earlier = {"user_count": 4, "recall_at_20": 0.25, "recall_at_50": 0.5, "ndcg_at_100": 0.375}
    measured(tmp_path / "versions" / "2", ranking=earlier)

    found = figures_of(diff(tmp_path, 1, 2))

    assert found["ndcg_at_100"] == FigureChange("ndcg_at_100", None, None, 0.375, None, None)
    assert found["coverage"] == FigureChange("coverage", None, None, None, None, None)
    assert found["rmse"] == FigureChange("rmse", None, None, None, None, None)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dataset": "ml-25m"}, "trained on other data, by-hand and ml-25m"),
        ({"data": {"fingerprint": "f00d"}}, "by-hand has changed in between"),
        ({"settings": {"holdout": 0.25}}, "0.0714 and 0.25 of the people were held out"),
    ],
)
def test_what_makes_figures_hard_to_compare_is_said(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    publish_by_hand(tmp_path)
    publish_by_hand(tmp_path)
    change_manifest(tmp_path / "versions" / "2", **{"settings": {"holdout": 1 / 14}} | changes)

    (note,) = diff(tmp_path, 1, 2).notes

    assert words in note


def test_a_bad_version_or_none_cannot_be_compared(tmp_path: Path) -> None:
    publish_by_hand(tmp_path)
    publish_by_hand(tmp_path)
    flip_bit(tmp_path / "versions" / "2" / "movies.csv", 0)

    with pytest.raises(ValueError, match=r"version 2 cannot be compared, CHECKSUM: movies\.csv"):
        diff(tmp_path, 1, 2)
    with pytest.raises(ValueError, match="there is no version 3"):
        diff(tmp_path, 1, 3)
