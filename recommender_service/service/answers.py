"""Answers to queries, as messages of the contract."""

from collections.abc import Iterable, Sequence

from movierec.v1 import recommender_pb2 as pb
from recommender_service.query.recommending import Answer, Recommendation
from recommender_service.service import messages


def header(answer: Answer) -> pb.RecommendHeader:
    """How a request was understood."""
    resolution = answer.resolution
    catalogue = answer.version.catalogue
    return pb.RecommendHeader(
        model_version=answer.version.number,
        resolved_seeds=[
            pb.ResolvedSeed(
                position=seed.position,
                movie=messages.movie(catalogue.movie(seed.row)),
                weight=seed.weight,
            )
            for seed in resolution.seeds
        ],
        duplicate_seeds=resolution.duplicates,
        unresolved_seeds=[
            pb.UnresolvedSeed(
                position=seed.position, text=seed.text, nearest_titles=seed.nearest_titles
            )
            for seed in resolution.unknown
        ],
        corrected_seeds=[
            pb.CorrectedSeed(position=seed.position, text=seed.text, title=seed.title)
            for seed in resolution.corrected
        ],
        unresolved_exclusions=[
            pb.UnresolvedExclusion(
                position=movie.position, text=movie.text, nearest_titles=movie.nearest_titles
            )
            for movie in answer.exclusions.unknown
        ],
        popular_fallback=answer.is_popular,
    )


def recommendations(
    some: Iterable[Recommendation], positions: Sequence[int]
) -> list[pb.Recommendation]:
    """Movies of an answer.

    Args:
        some: Of them.
        positions: Of the seeds that contribute to them.
    """
    return [_recommendation(value, positions) for value in some]


def _recommendation(value: Recommendation, positions: Sequence[int]) -> pb.Recommendation:
    message = pb.Recommendation(
        rank=value.rank,
        movie_id=value.movie.movie_id,
        title=value.movie.title,
        genres=value.movie.genres,
        year=value.movie.year,
        score=value.score,
        rating_count=value.movie.rating_count,
    )
    if value.contributions:
        message.contributions.extend(
            pb.Contribution(position=position, value=contribution)
            for position, contribution in zip(positions, value.contributions, strict=True)
        )
    return message
