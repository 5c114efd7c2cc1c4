"""Whether an epoch's cost grows in proportion to the ratings."""

from bench.alternating import alternate
from bench.ours import make_ready, often_rated, split_as_run
from bench.setup import Setup
from bench.tables import Table, in_seconds

EVERY = {"1 M": 20, "5 M": 4, "20 M": 1}
"""By how many rows their users have in the file: one in how many users is taken."""


def measure(setup: Setup) -> Table:
    """Seconds of an epoch on parts of the users, over the same movies."""
    ratings = often_rated(setup.full_scale())
    parts = {}
    for name, every in EVERY.items():
        users = ratings.select(ratings.user_index % every == 0).without_unrated()
        parts[name] = split_as_run(users)
    ours = {name: make_ready(split) for name, split in parts.items()}
    measured = alternate({name: each.epoch() for name, each in ours.items()}, setup.rounds)
    return Table(
        title="An epoch's cost by the number of ratings",
        columns=(
            *("rows in the file", "ratings trained on", "users", "movies", "batch"),
            *("epoch", "range", "ratings/s"),
        ),
        rows=tuple(
            (
                name,
                f"{len(parts[name].train):,}",
                f"{parts[name].train_user_count:,}",
                f"{parts[name].train.movie_count:,}",
                f"{ours[name].settings.batch_size:,}",
                *in_seconds(series),
                f"{len(parts[name].train) / series.median:,.0f}",
            )
            for name, series in measured.items()
        ),
        notes=(
            "Target: seconds in proportion to ratings, that is, the same ratings/s in each row.",
            (
                "Every 20th, every 4th and every user of the same file, at the default filter and "
                "settings; the batch, in users, follows from how many there are."
            ),
        ),
        figures={name: series.figures for name, series in measured.items()},
    )
