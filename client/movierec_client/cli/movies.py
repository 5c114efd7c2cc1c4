"""The commands for movies: recommend and search."""

from typing import Annotated

import typer

from movierec_client.cli.options import (
    DEFAULT_TIMEOUT_S,
    RECOMMENDER_ADDRESS,
    JsonOption,
    RecommenderOption,
    TimeoutOption,
    VersionOption,
    version_of,
)
from movierec_client.cli.output import complain, say, say_json, say_table
from movierec_client.client import Client
from movierec_client.results import RecommendHeader


def recommend(
    movies: Annotated[
        list[str], typer.Argument(metavar="MOVIE...", help="Titles in any usual form, or ids.")
    ],
    *,
    k: Annotated[int, typer.Option("-k", metavar="N", help="How many movies.")] = 10,
    dislike: Annotated[
        list[str] | None,
        typer.Option(metavar="MOVIE", help="A movie to be unlike; may be given again."),
    ] = None,
    skip_unknown: Annotated[
        bool, typer.Option("--skip-unknown", help="Go on without the movies that are not known.")
    ] = False,
    version: VersionOption = None,
    recommender: RecommenderOption = RECOMMENDER_ADDRESS,
    timeout: TimeoutOption = DEFAULT_TIMEOUT_S,
    json: JsonOption = False,
) -> None:
    """Recommend the movies most similar to those named.

    Example: movierec recommend "Toy Story" "Heat (1995)" --dislike Jumanji -k 5
    """
    with (
        Client(recommender=recommender, timeout_s=timeout) as client,
        client.recommend(
            movies,
            k=k,
            dislike=dislike or (),
            unknown="skip" if skip_unknown else "fail",
            version=version_of(version),
        ) as found,
    ):
        for seed in found.header.unresolved_seeds:
            nearest = ", ".join(seed.nearest_titles)
            complain(
                f"skipped {seed.text!r}, which is not known"
                + (f"; near it: {nearest}" if nearest else "")
            )
        if json:
            for movie in found:
                say_json(movie)
            return
        say(_understood(found.header))
        rows = [
            (
                movie.rank,
                movie.title,
                f"{movie.score:.3f}",
                f"{movie.rating_count:,}",
                ", ".join(movie.genres),
            )
            for movie in found
        ]
    columns = [">#", "title", ">score", ">ratings", "genres"]
    say_table(columns, rows, empty="there is no other movie")


def search(
    text: Annotated[str, typer.Argument(help="Some of a title.")],
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
    with Client(recommender=recommender, timeout_s=timeout) as client:
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
    )


def _understood(header: RecommendHeader) -> str:
    """Returns how the seeds were understood, e.g. "like Heat (1995); from version 3"."""
    like = [seed.movie.title for seed in header.resolved_seeds if seed.weight >= 0]
    unlike = [seed.movie.title for seed in header.resolved_seeds if seed.weight < 0]
    parts = [
        f"{word} {' + '.join(titles)}"
        for word, titles in (("like", like), ("unlike", unlike))
        if titles
    ]
    return "; ".join([*parts, f"from version {header.model_version}"])
