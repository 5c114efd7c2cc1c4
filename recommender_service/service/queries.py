"""Queries, from the contract's messages, and back."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from movierec.chassis.errors import InvalidRequestError, Violation
from movierec.v1 import recommender_pb2 as pb
from recommender_service.query.query import (
    DEFAULT_TOP_K,
    MOST_EXCLUDED,
    MOST_SEEDS,
    Combination,
    MovieFilter,
    Query,
    Seed,
    UnknownSeeds,
    check_count,
)
from recommender_service.query.recommending import Answer

Choice = TypeVar("Choice", bound=StrEnum)

_UNKNOWN_SEEDS: Mapping[int, UnknownSeeds] = {
    pb.UNKNOWN_SEEDS_UNSPECIFIED: UnknownSeeds.FAIL,
    pb.UNKNOWN_SEEDS_FAIL: UnknownSeeds.FAIL,
    pb.UNKNOWN_SEEDS_SKIP: UnknownSeeds.SKIP,
    pb.UNKNOWN_SEEDS_POPULAR: UnknownSeeds.POPULAR,
}
_COMBINATIONS: Mapping[int, Combination] = {
    pb.COMBINATION_UNSPECIFIED: Combination.WEIGHTED_MEAN,
    pb.COMBINATION_WEIGHTED_MEAN: Combination.WEIGHTED_MEAN,
    pb.COMBINATION_BEST_MATCH: Combination.BEST_MATCH,
}


def query_of(request: pb.RecommendRequest) -> Query:
    """What a request asks for.

    Raises:
        InvalidRequestError: It is not legal.
    """
    # A quarter of a million of them may have come, which take half a second to be looked at.
    check_count("seeds", len(request.seeds), MOST_SEEDS, least=1)
    return Query(
        seeds=[
            Seed(_movie_of(seed, f"seeds[{position}]"), seed.weight)
            if seed.HasField("weight")
            else Seed(_movie_of(seed, f"seeds[{position}]"))
            for position, seed in enumerate(request.seeds)
        ],
        top_k=request.top_k if request.HasField("top_k") else DEFAULT_TOP_K,
        unknown_seeds=_choice(
            "unknown_seeds", request.unknown_seeds, _UNKNOWN_SEEDS, pb.UnknownSeeds.keys()
        ),
        combination=_choice(
            "combination", request.combination, _COMBINATIONS, pb.Combination.keys()
        ),
        filter=_filter_of(request.filter) if request.HasField("filter") else MovieFilter(),
        diversity=request.diversity,
        popularity_discount=request.popularity_discount,
        explain=request.explain,
    )


def canonical(request: pb.RecommendRequest, query: Query, answer: Answer) -> pb.RecommendRequest:
    """The request that has the same answer whatever happens, in the one form that it has.

    It names the version, movies by their ids, each once, and everything that was left out. Seeds
    that are no movies come last, as they were given.

    Args:
        request: As it came.
        query: What it asks for.
        answer: The answer to it.
    """
    movie_ids = answer.version.index.movie_ids
    resolution, exclusions = answer.resolution, answer.exclusions
    wanted = query.filter
    return pb.RecommendRequest(
        seeds=[
            *(
                pb.Seed(movie_id=int(movie_ids[seed.row]), weight=seed.weight)
                for seed in resolution.seeds
            ),
            *(request.seeds[seed.position] for seed in resolution.unknown),
        ],
        top_k=query.top_k,
        unknown_seeds=pb.UnknownSeeds.Value(f"UNKNOWN_SEEDS_{query.unknown_seeds}"),
        version=pb.VersionSelector(number=answer.version.number),
        combination=pb.Combination.Value(f"COMBINATION_{query.combination}"),
        filter=pb.MovieFilter(
            any_genres=wanted.any_genres,
            all_genres=wanted.all_genres,
            no_genres=wanted.no_genres,
            first_year=wanted.first_year,
            last_year=wanted.last_year,
            excluded=[
                pb.ExcludedMovie(movie_id=movie_id)
                for movie_id in sorted({int(movie_ids[row]) for row in exclusions.rows})
            ],
            min_rating_count=wanted.min_rating_count,
            min_score=wanted.min_score,
        ),
        diversity=query.diversity,
        popularity_discount=query.popularity_discount,
        explain=query.explain,
    )


def _movie_of(named: pb.Seed | pb.ExcludedMovie, field: str) -> int | str:
    kind = named.WhichOneof("movie")
    if kind is None or (kind == "title" and not named.title.strip()):
        raise InvalidRequestError(Violation(field, "give a movie_id or a title"))
    return named.movie_id if kind == "movie_id" else named.title


def _filter_of(wanted: pb.MovieFilter) -> MovieFilter:
    check_count("filter.excluded", len(wanted.excluded), MOST_EXCLUDED)
    return MovieFilter(
        any_genres=tuple(wanted.any_genres),
        all_genres=tuple(wanted.all_genres),
        no_genres=tuple(wanted.no_genres),
        first_year=wanted.first_year if wanted.HasField("first_year") else None,
        last_year=wanted.last_year if wanted.HasField("last_year") else None,
        excluded=[
            _movie_of(movie, f"filter.excluded[{position}]")
            for position, movie in enumerate(wanted.excluded)
        ],
        min_rating_count=wanted.min_rating_count,
        min_score=wanted.min_score if wanted.HasField("min_score") else None,
    )


def _choice(field: str, value: int, choices: Mapping[int, Choice], names: Sequence[str]) -> Choice:
    choice = choices.get(value)
    if choice is None:
        legal = " or ".join(names[1:])
        raise InvalidRequestError(Violation(field, f"{value} is not legal; legal is {legal}"))
    return choice
