"""The command that finds movies by their titles."""

from typing import Annotated

import typer

from movierec_client.cli.connecting import connect
from movierec_client.cli.options import (
    DEFAULT_TIMEOUT_S,
    RECOMMENDER_ADDRESS,
    JsonOption,
    RecommenderOption,
    TimeoutOption,
    VersionOption,
    version_of,
)
from movierec_client.cli.output import say_json
from movierec_client.cli.tables import say_table


def search(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Some of a title.")],
    *,
    limit: Annotated[
        int, typer.Option("-n", "--limit", metavar="N", help="At most how many.")
    ] = 10,
    version: VersionOption = None,
    recommender: RecommenderOption = RECOMMENDER_ADDRESS,
    timeout: TimeoutOption = DEFAULT_TIMEOUT_S,
    json: JsonOption = False,
) -> None:
    """Find movies by their titles, best match first.

    Example: movierec search matrix
    """
    with connect(recommender=recommender, timeout_s=timeout) as client:
        found = client.search(text, limit, version=version_of(version))
    if json:
        for movie in found:
            say_json(movie)
        return
    say_table(
        [">id", "title", ">ratings", "genres"],
        [
            (movie.movie_id, movie.title, f"{movie.rating_count:,}", ", ".join(movie.genres))
            for movie in found
        ],
        empty="no title is like that",
        cut="title",
        spare=("genres", "ratings"),
    )
