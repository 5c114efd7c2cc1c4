"""Answers queries as slowly and as obviously as can be, in plain Python.

Two values that are nearly the same may stand in either order once they are
rounded: `NearTieError` says that a query is of no use for a comparison.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from recommender_service.catalogue.movie import Movie
from recommender_service.query.query import Combination, MovieFilter, Query

NEAR = 1e-5
POOL = 1_000


class NearTieError(Exception):
    """Rounding decides about the answer."""


@dataclass(frozen=True)
class Known:
    """A movie and its vector."""

    movie: Movie
    vector: Sequence[float]


def answer(movies: Sequence[Known], query: Query) -> list[tuple[int, float, list[float]]]:
    """(movie id, score, what each seed contributes), best first; seeds are ids of movies.

    Each seed is to be named once.
    """
    by_id = {known.movie.movie_id: known for known in movies}
    seeds = [(by_id[int(seed.movie)], seed.weight) for seed in query.seeds]
    most = max(known.movie.rating_count for known in movies)
    candidates = []
    for known in movies:
        if any(known is seed for seed, _ in seeds) or not passes(known.movie, query.filter):
            continue
        contributions = contributions_of(known, seeds, query.combination)
        if contributions is None:
            continue
        score = sum(contributions)
        if query.filter.min_score is not None:
            if abs(score - query.filter.min_score) < NEAR:
                raise NearTieError
            if score < query.filter.min_score:
                continue
        discount = query.popularity_discount * popularity(known.movie, most)
        candidates.append((score - discount, known, score, contributions))
    ordered = sorted(candidates, key=lambda item: (-item[0], item[1].movie.movie_id))
    for one, other in pairwise(ordered):
        if one[0] - other[0] < NEAR:
            raise NearTieError
    if query.diversity:
        ordered = diversified(ordered[:POOL], query.diversity)
    return [
        (known.movie.movie_id, score, contributions)
        for _, known, score, contributions in ordered[: query.top_k]
    ]


def passes(movie: Movie, wanted: MovieFilter) -> bool:
    """Whether a movie passes a filter, but for its score."""
    genres = {genre.lower() for genre in movie.genres}
    if wanted.any_genres and not any(genre.lower() in genres for genre in wanted.any_genres):
        return False
    if not all(genre.lower() in genres for genre in wanted.all_genres):
        return False
    if any(genre.lower() in genres for genre in wanted.no_genres):
        return False
    if wanted.first_year is not None and (movie.year is None or movie.year < wanted.first_year):
        return False
    if wanted.last_year is not None and (movie.year is None or movie.year > wanted.last_year):
        return False
    return movie.movie_id not in wanted.excluded and movie.rating_count >= wanted.min_rating_count


def contributions_of(
    known: Known, seeds: Sequence[tuple[Known, float]], combination: Combination
) -> list[float] | None:
    """What each seed contributes to the score of a movie; None if it is left out."""
    cosines = [dot(seed.vector, known.vector) for seed, _ in seeds]
    largest = max(abs(weight) for _, weight in seeds)
    factors = [weight / largest for _, weight in seeds]
    if combination is Combination.WEIGHTED_MEAN:
        sums = [
            sum(factor * seed.vector[i] for factor, (seed, _) in zip(factors, seeds, strict=True))
            for i in range(len(known.vector))
        ]
        length = math.sqrt(dot(sums, sums))
        return [factor * cosine / length for factor, cosine in zip(factors, cosines, strict=True)]
    products = [factor * cosine for factor, cosine in zip(factors, cosines, strict=True)]
    likes = [place for place, factor in enumerate(factors) if factor > 0]
    best = max(likes, key=lambda place: products[place])
    unlike = [-products[place] for place, factor in enumerate(factors) if factor < 0]
    if unlike:
        if abs(max(unlike) - products[best]) < NEAR:
            raise NearTieError
        if max(unlike) > products[best]:
            return None
    if any(place != best and products[best] - products[place] < NEAR for place in likes):
        raise NearTieError
    return [products[best] if place == best else 0.0 for place in range(len(seeds))]


def diversified(
    ordered: list[tuple[float, Known, float, list[float]]], diversity: float
) -> list[tuple[float, Known, float, list[float]]]:
    """The same in the order of maximal marginal relevance."""
    left = list(ordered)
    chosen = [left.pop(0)] if left else []
    while left:

        def worth(item: tuple[float, Known, float, list[float]]) -> float:
            likeness = max(dot(item[1].vector, before[1].vector) for before in chosen)
            return (1 - diversity) * item[0] - diversity * likeness

        left.sort(key=worth, reverse=True)
        if len(left) > 1 and worth(left[0]) - worth(left[1]) < NEAR:
            raise NearTieError
        chosen.append(left.pop(0))
    return chosen


def popularity(movie: Movie, most: int) -> float:
    """How well a movie is known, from 0 to 1."""
    return math.log(1 + movie.rating_count) / math.log(1 + most) if most else 0.0


def dot(one: Sequence[float], other: Sequence[float]) -> float:
    """The product of two vectors."""
    return sum(a * b for a, b in zip(one, other, strict=True))
