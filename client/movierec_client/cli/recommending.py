"""The command that recommends: for movies that are named, or for queries in a file."""

import re
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from movierec_client.cli.answers import json_of, notes, say_answer
from movierec_client.cli.batches import answer_lines
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
from movierec_client.cli.output import complain, say_json
from movierec_client.queries import Combination, Query, QueryOptions, UnknownSeeds, Years
from movierec_client.results import Answer

if TYPE_CHECKING:
    from movierec_client.client import Client

_YEARS = re.compile(r"(?P<first>[0-9]{1,9})?-(?P<last>[0-9]{1,9})?|(?P<only>[0-9]{1,9})")
_WINDOW = 64  # queries of a file


def recommend(
    movies: Annotated[
        list[str] | None,
        typer.Argument(metavar="MOVIE", help="Titles in any usual form, or ids."),
    ] = None,
    *,
    k: Annotated[int, typer.Option("-k", metavar="N", help="How many movies.")] = 10,
    dislike: Annotated[
        list[str] | None,
        typer.Option(metavar="MOVIE", help="A movie to be unlike; may be given again."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="MOVIE", help="A movie to leave out; may be given again."),
    ] = None,
    genre: Annotated[
        list[str] | None,
        typer.Option(metavar="GENRE", help="Only of this genre; again: of any of them."),
    ] = None,
    all_genres: Annotated[
        bool, typer.Option("--all-genres", help="Of every --genre, instead of any.")
    ] = False,
    not_genre: Annotated[
        list[str] | None,
        typer.Option(metavar="GENRE", help="Not of this genre; may be given again."),
    ] = None,
    years: Annotated[
        str | None,
        typer.Option(metavar="YEARS", help="Only of 1990-1999, 1990-, -1999 or 1994."),
    ] = None,
    min_support: Annotated[
        int, typer.Option(metavar="N", help="Only with at least so many ratings.")
    ] = 0,
    min_score: Annotated[
        float | None, typer.Option(metavar="S", help="Only with this score or more, -1 to 1.")
    ] = None,
    combination: Annotated[
        Combination,
        typer.Option(help="Like all of the movies together, or like any of them."),
    ] = "weighted_mean",
    diversity: Annotated[
        float, typer.Option(metavar="X", help="From 0, the nearest, to 1, the most different.")
    ] = 0.0,
    popularity_discount: Annotated[
        float, typer.Option(metavar="X", help="From 0 to 1: less well known movies first.")
    ] = 0.0,
    unknown: Annotated[
        UnknownSeeds,
        typer.Option(
            help="When a movie is not known: fail, go on without it, or, if none is known, "
            "show the most rated ones."
        ),
    ] = "fail",
    skip_unknown: Annotated[
        bool, typer.Option("--skip-unknown", hidden=True, help="--unknown skip")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say what each movie contributed to each score.")
    ] = False,
    version: VersionOption = None,
    batch: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help='Answer a JSON query a line, {"movies": [...], "k": 5, ...}; - is standard '
            "input. Other options are defaults. Needs --json.",
        ),
    ] = None,
    recommender: RecommenderOption = RECOMMENDER_ADDRESS,
    timeout: TimeoutOption = DEFAULT_TIMEOUT_S,
    json: JsonOption = False,
) -> None:
    """Recommend the movies most similar to those named.

    A movie that is named twice counts twice. The score is from -1 to 1. A whole
    --batch may take any time; it exits with 1 if a query of it failed.

    Example: movierec recommend "Toy Story" "Heat (1995)" --dislike Jumanji -k 5
    """
    genres = tuple(genre or ())
    options = QueryOptions(
        k=k,
        dislike=dislike or (),
        exclude=exclude or (),
        any_genres=() if all_genres else genres,
        all_genres=genres if all_genres else (),
        no_genres=not_genre or (),
        years=years_of(years),
        min_rating_count=min_support,
        min_score=min_score,
        combination=combination,
        diversity=diversity,
        popularity_discount=popularity_discount,
        explain=explain,
        unknown="skip" if skip_unknown else unknown,
        version=version_of(version),
    )
    if not movies and batch is None:
        raise typer.BadParameter("name a movie, or give --batch FILE")
    if batch is not None and (movies or not json):
        raise typer.BadParameter("--batch takes no MOVIE, and prints JSON: give --json")
    with connect(recommender=recommender, timeout_s=timeout) as client:
        if batch is None:
            _recommend(client, Query(movies or (), **options), json=json)
        elif not _recommend_many(client, batch, options):
            raise typer.Exit(1)


def years_of(text: str | None) -> Years | None:
    """Returns what --years means, e.g. (1990, None) for "1990-"."""
    if text is None:
        return None
    found = _YEARS.fullmatch(text)
    if not found or text == "-":
        raise typer.BadParameter(
            f"{text!r} is no span of years: give --years 1990-1999, 1990-, -1999 or 1994"
        )
    first, last, only = (int(year) if year else None for year in found.groups())
    return only if only is not None else (first, last)


def _recommend(client: "Client", query: Query, *, json: bool) -> None:
    with client.recommend(query) as found:
        for note in notes(found.header, query):
            complain(note)
        if json:
            for movie in found:
                say_json(json_of(movie, found.header))
        else:
            say_answer(Answer(found.header, tuple(found)))


def _recommend_many(client: "Client", name: str, options: QueryOptions) -> bool:
    """Answers the queries of a file; returns whether all went well."""
    with ExitStack() as stack:
        if name == "-":
            # Whoever writes there may wait for an answer before the next query.
            return answer_lines(client, typer.get_binary_stream("stdin"), options, window=1)
        try:
            lines = stack.enter_context(Path(name).open("rb"))
        except OSError as error:
            raise typer.BadParameter(
                f"{name} cannot be read ({error.strerror}): give a file with a JSON query a line"
            ) from error
        return answer_lines(client, lines, options, window=_WINDOW)
