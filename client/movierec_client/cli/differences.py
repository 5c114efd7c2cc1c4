"""What is different between two versions, for people."""

from collections.abc import Sequence
from typing import Any

from movierec_client.cli.output import say
from movierec_client.cli.rankings import with_error
from movierec_client.cli.tables import say_table

MOST_NEIGHBOURS = 3
"""Lost and gained neighbours of a movie that are named one by one."""

# By name: its heading, how many times it is printed, its unit and its decimals.
_FIGURES: dict[str, tuple[str, float, str, int]] = {
    "ndcg_at_100": ("NDCG@100", 1, "", 3),
    "recall_at_20": ("Recall@20", 1, "", 3),
    "recall_at_50": ("Recall@50", 1, "", 3),
    "one_seed_ndcg_at_100": ("NDCG@100 from one", 1, "", 3),
    "coverage": ("coverage", 100, " %", 1),
    "popularity_rank": ("mean rank", 1, "", 1),
    "rmse": ("RMSE in stars", 1, "", 3),
}


def say_differences(diff: Any) -> None:
    """Prints what is different between two versions.

    Args:
        diff: A `VersionDiff` of the recommender's.
    """
    say(
        f"movies in both versions: {diff.common_count:,}; only in {diff.before}: "
        f"{diff.only_before.count:,}; only in {diff.after}: {diff.only_after.count:,}"
    )
    for version, movies in ((diff.before, diff.only_before), (diff.after, diff.only_after)):
        for movie in movies.best_known:
            say(f"only in {version}: {movie.title}")
        if movies.count > len(movies.best_known):
            say(f"only in {version}: {movies.count - len(movies.best_known):,} more, less known")
    if diff.overlap is not None:
        say(f"neighbour overlap@{diff.neighbour_count}: {diff.overlap:.3f}")
    if diff.most_changed:
        say()
        say("changed most: the overlap, and neighbours lost (-) and gained (+), nearest first")
    for movie in diff.most_changed:
        say(f"{movie.overlap:.1f}  {movie.title}")
        for sign, neighbours in (("-", movie.lost), ("+", movie.gained)):
            for line in _some(neighbours):
                say(f"     {sign} {line}")
    say()
    say_table(
        ["", f">version {diff.before}", f">version {diff.after}", ">difference"],
        [_row(figure) for figure in diff.figures],
    )
    for note in diff.notes:
        say(f"note: {note}")


def _some(movies: Sequence[Any]) -> list[str]:
    """Returns the first titles, and how many more there are."""
    titles = [movie.title for movie in movies[:MOST_NEIGHBOURS]]
    more = len(movies) - len(titles)
    return [*titles, f"{more} more"] if more else titles


def _row(figure: Any) -> list[str | None]:
    heading, factor, unit, decimals = _FIGURES[figure.name]

    def shown(value: float | None, error: float | None) -> str | None:
        if value is None:
            return None
        return with_error(value * factor, (error or 0) * factor, decimals) + unit

    difference = figure.difference
    return [
        heading,
        shown(figure.before, figure.before_standard_error),
        shown(figure.after, figure.after_standard_error),
        None if difference is None else f"{difference * factor:+,.{decimals}f}{unit}",
    ]
