"""Reads the messages that tell of movies."""

from movierec.v1 import recommender_pb2
from movierec_client import results
from movierec_client.decoding.fields import optional


def movie(message: recommender_pb2.Movie) -> results.Movie:
    """Reads a movie."""
    return results.Movie(
        movie_id=message.movie_id,
        title=message.title,
        genres=tuple(message.genres),
        year=optional(message, "year"),
        rating_count=message.rating_count,
    )


def recommendation(message: recommender_pb2.Recommendation) -> results.Recommendation:
    """Reads a recommendation."""
    return results.Recommendation(
        rank=message.rank,
        movie_id=message.movie_id,
        title=message.title,
        genres=tuple(message.genres),
        year=optional(message, "year"),
        score=message.score,
        rating_count=message.rating_count,
        contributions=tuple(
            results.Contribution(one.position, one.value) for one in message.contributions
        ),
    )


def recommend_header(message: recommender_pb2.RecommendHeader) -> results.RecommendHeader:
    """Reads the header of an answer."""
    return results.RecommendHeader(
        model_version=message.model_version,
        resolved_seeds=tuple(
            results.ResolvedSeed(seed.position, movie(seed.movie), seed.weight)
            for seed in message.resolved_seeds
        ),
        duplicate_seeds=tuple(message.duplicate_seeds),
        unresolved_seeds=tuple(
            results.UnresolvedSeed(seed.position, seed.text, tuple(seed.nearest_titles))
            for seed in message.unresolved_seeds
        ),
        corrected_seeds=tuple(
            results.CorrectedSeed(seed.position, seed.text, seed.title)
            for seed in message.corrected_seeds
        ),
        unresolved_exclusions=tuple(
            results.UnresolvedExclusion(one.position, one.text, tuple(one.nearest_titles))
            for one in message.unresolved_exclusions
        ),
        popular_fallback=message.popular_fallback,
    )


def chunk(message: recommender_pb2.RecommendResponse) -> results.Chunk:
    """Reads a part of an answer."""
    return results.Chunk(
        recommend_header(message.header),
        [recommendation(one) for one in message.recommendations],
    )
