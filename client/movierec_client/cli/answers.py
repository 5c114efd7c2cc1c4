"""How an answer to a query is shown: a table, sentences beside it, JSON."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from movierec_client.cli.output import say
from movierec_client.cli.tables import bar, say_table
from movierec_client.queries import Query
from movierec_client.results import (
    Answer,
    Contribution,
    Movie,
    Recommendation,
    RecommendHeader,
)
from movierec_client.seeds import Seed

_MOST_NAMED = 5
"""Contributions that a sentence names one by one."""


def say_answer(answer: Answer) -> None:
    """Prints how the seeds were understood, and a table of the recommendations."""
    say(_understood(answer.header))
    movies = answer.recommendations
    because = [_because(movie, answer.header) for movie in movies]
    say_table(
        [">#", "title", ">score", "", ">ratings", "genres"],
        [
            (
                movie.rank,
                movie.title,
                f"{movie.score:.3f}",
                bar(movie.score),
                f"{movie.rating_count:,}",
                ", ".join(movie.genres),
            )
            for movie in movies
        ],
        under=because,
        cut="title",
        spare=("genres", "ratings", ""),
        bars="",
        empty="there is no other movie",
    )


def json_of(movie: Recommendation, header: RecommendHeader) -> dict[str, Any]:
    """Returns a recommendation as a JSON object, with contributions if there are any."""
    fields = dataclasses.asdict(movie)
    del fields["contributions"]
    if movie.contributions:
        fields["contributions"] = [
            {"movie_id": seed.movie_id, "title": seed.title, "value": one.value}
            for seed, one in _contributed(movie, header)
        ]
    return fields


def json_of_answer(answer: Answer) -> dict[str, Any]:
    """Returns a whole answer as a JSON object, with notes if there are any."""
    said = list(notes(answer.header))
    return {
        "model_version": answer.header.model_version,
        "recommendations": [json_of(movie, answer.header) for movie in answer.recommendations],
        **({"notes": said} if said else {}),
    }


def notes(header: RecommendHeader, query: Query | None = None) -> Iterator[str]:
    """Yields a sentence for each thing that was not taken as it was given.

    Args:
        header: How the query was understood.
        query: The query, if it is known.
    """
    for seed in header.unresolved_seeds:
        yield f"skipped {seed.text!r}, which is not known{_near(seed.nearest_titles)}"
    for corrected in header.corrected_seeds:
        yield f"took {corrected.text!r} for {corrected.title}"
    asked = [*query.movies, *query.dislike] if query else []
    for position in header.duplicate_seeds:
        if position < len(asked):
            again = asked[position]
            named = again.movie if isinstance(again, Seed) else again
            yield f"{named!r} names a movie again: the weights are added"
    for one in header.unresolved_exclusions:
        yield f"{one.text!r} excludes nothing: it is not known{_near(one.nearest_titles)}"
    if header.popular_fallback:
        yield "none of the movies is known: these are the most rated ones"


def _near(titles: Sequence[str]) -> str:
    return f"; near it: {', '.join(titles)}" if titles else ""


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


def _because(movie: Recommendation, header: RecommendHeader) -> str:
    """Returns what made the score, e.g. "because of Heat (1995): 0.61, Ran (1985): 0.22"."""
    parts = [(seed.title, one.value) for seed, one in _contributed(movie, header) if one.value]
    if not parts:
        return ""
    said = [f"{title}: {value:.2f}" for title, value in parts[:_MOST_NAMED]]
    if others := parts[_MOST_NAMED:]:
        said.append(f"{len(others)} more: {sum(value for _, value in others):.2f}")
    return f"because of {', '.join(said)}"


def _contributed(
    movie: Recommendation, header: RecommendHeader
) -> list[tuple[Movie, Contribution]]:
    """Returns what each seed contributed, the largest first."""
    seeds = {seed.position: seed.movie for seed in header.resolved_seeds}
    known = [(seeds[one.position], one) for one in movie.contributions if one.position in seeds]
    return sorted(known, key=lambda pair: -pair[1].value)
