"""What a run found in its data and measured at its end, for people."""

from movierec_client.cli.output import say
from movierec_client.cli.rankings import say_rankings, say_rankings_in_full, with_error
from movierec_client.cli.tables import say_table
from movierec_client.runs import DataReport, TrainingMetrics


def say_data(data: DataReport) -> None:
    """Prints what the data is, and the rows that were not used, by kind."""
    say(f"data in the form {data.form}, {data.row_count:,} rows of ratings")
    say_table(
        ["", ">ratings", ">users", ">movies"],
        [
            [
                "in the data",
                f"{data.rating_count:,}",
                f"{data.user_count:,}",
                f"{data.movie_count:,}",
            ],
            [
                "trained on",
                f"{data.kept_rating_count:,}",
                f"{data.kept_user_count:,}",
                f"{data.kept_movie_count:,}",
            ],
        ],
    )
    if data.bad_rows:
        say()
        say_table(
            ["rows not used", "file", ">rows", "first lines"],
            [
                [
                    rows.kind.lower().replace("_", " "),
                    rows.file,
                    f"{rows.count:,}",
                    ", ".join(map(str, rows.first_lines)),
                ]
                for rows in data.bad_rows
            ],
        )


def say_metrics(metrics: TrainingMetrics, *, in_full: bool = False) -> None:
    """Prints what was measured on held-out users and ratings.

    Args:
        metrics: What was measured.
        in_full: Print every figure of the rankings, not only the foremost.
    """
    losses = f"loss {metrics.loss:.4f}"
    if metrics.val_loss is not None:
        losses += f", validation {metrics.val_loss:.4f}"
    say(f"from epoch {metrics.best_epoch}: {losses}")
    if metrics.rmse is not None:
        rmse = with_error(metrics.rmse, metrics.rmse_standard_error)
        say(f"RMSE on held-out ratings: {rmse} stars")
    (say_rankings_in_full if in_full else say_rankings)(metrics)
    for note in metrics.notes:
        say(f"note: {note}")
