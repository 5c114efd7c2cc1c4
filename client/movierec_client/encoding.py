"""Writes the messages that are sent; pure functions, the same for both clients."""

import operator
from collections.abc import Iterable
from typing import Any, Literal, SupportsIndex, TypeVar

from google.protobuf.message import Message

from movierec.v1 import recommender_pb2
from movierec_client.errors import InvalidArgumentError
from movierec_client.queries import Combination, Query, UnknownSeeds, VersionLike, Years, several
from movierec_client.seeds import MovieLike, Seed

VersionTarget = SupportsIndex | Literal["latest"]
"""What can be activated: a version's number, or the latest."""

_UNKNOWN_SEEDS: "dict[UnknownSeeds, recommender_pb2.UnknownSeeds.ValueType]" = {
    "fail": recommender_pb2.UNKNOWN_SEEDS_FAIL,
    "skip": recommender_pb2.UNKNOWN_SEEDS_SKIP,
    "popular": recommender_pb2.UNKNOWN_SEEDS_POPULAR,
}
_COMBINATIONS: "dict[Combination, recommender_pb2.Combination.ValueType]" = {
    "weighted_mean": recommender_pb2.COMBINATION_WEIGHTED_MEAN,
    "best_match": recommender_pb2.COMBINATION_BEST_MATCH,
}

C = TypeVar("C")
M = TypeVar("M", bound=Message)


def invalid(field: str, value: object, legal: str) -> InvalidArgumentError:
    """Returns the error for a value that this client cannot send.

    Whether a value that can be sent is legal, is for the server to say.

    Args:
        field: Where it stands in the request.
        value: The value.
        legal: What would do.
    """
    sentence = f"{field} is {value!r}: give {legal}"
    return InvalidArgumentError(sentence, code="INVALID_ARGUMENT", violations={field: sentence})


def encode(kind: type[M], **values: Any) -> M:
    """Returns a message; values that are None are not set.

    Args:
        kind: The message's class.
        **values: By field: numbers, texts and messages, or lists of them.

    Raises:
        InvalidArgumentError: A value that the field cannot hold.
    """
    message = kind()
    for field, value in values.items():
        if value is None:
            continue
        if isinstance(value, Message):
            getattr(message, field).CopyFrom(value)
            continue
        try:
            if isinstance(value, list):
                getattr(message, field).extend(value)
            else:
                setattr(message, field, value)
        except (TypeError, ValueError) as error:
            raise invalid(field, value, f"a value that can be sent ({error})") from error
    return message


def encode_query(query: Query) -> recommender_pb2.RecommendRequest:
    """Returns the request that asks a query.

    Raises:
        InvalidArgumentError: A value that cannot be sent.
    """
    return encode(
        recommender_pb2.RecommendRequest,
        seeds=encode_seeds(query.movies, query.dislike),
        top_k=query.k,
        unknown_seeds=_choice("unknown", query.unknown, _UNKNOWN_SEEDS),
        version=encode_version(query.version),
        combination=_choice("combination", query.combination, _COMBINATIONS),
        filter=_encode_filter(query),
        diversity=query.diversity,
        popularity_discount=query.popularity_discount,
        explain=query.explain,
    )


def encode_seeds(
    movies: Iterable[MovieLike], dislike: Iterable[MovieLike]
) -> list[recommender_pb2.Seed]:
    """Returns the seeds, those that the answer is to be unlike last.

    Args:
        movies: Ids, titles or `Seed`s.
        dislike: The same; their weights are taken negative.

    Raises:
        InvalidArgumentError: An id or title that cannot be sent.
        TypeError: Something that names no movie.
    """
    liked = [_encode_seed(movie) for movie in several("movies", movies)]
    disliked = [_encode_seed(movie) for movie in several("dislike", dislike)]
    for seed in disliked:
        seed.weight = -seed.weight
    return [*liked, *disliked]


def encode_version(version: VersionLike | None) -> recommender_pb2.VersionSelector | None:
    """Returns which version is to answer; None is the one that serves.

    Raises:
        InvalidArgumentError: It is neither a number nor a label.
    """
    if version is None:
        return None
    if isinstance(version, str):
        return encode(recommender_pb2.VersionSelector, label=version)
    return encode(recommender_pb2.VersionSelector, number=_number(version, "a number or a label"))


def encode_activation(
    version: VersionTarget | None, label: str | None
) -> recommender_pb2.ActivateVersionRequest:
    """Returns the request to pin a version, go back to the latest, or move a label.

    Raises:
        InvalidArgumentError: `version` is neither a number nor "latest", or the label is empty.
    """
    if label == "":  # which on the wire is none, so that the version would be pinned
        legal = "1 to 64 letters, digits, '.', '_' or '-', the first of them a letter"
        raise invalid("label", label, legal)
    if version is None:
        return encode(recommender_pb2.ActivateVersionRequest, label=label)
    if version == "latest":
        return encode(recommender_pb2.ActivateVersionRequest, latest=True, label=label)
    number = _number(version, 'a number or "latest"')
    return encode(recommender_pb2.ActivateVersionRequest, version=number, label=label)


def _number(version: object, legal: str) -> int:
    # True is an int to Python, and never meant as one here.
    if isinstance(version, bool) or not isinstance(version, SupportsIndex):
        raise invalid("version", version, legal)
    return operator.index(version)


def _encode_seed(movie: MovieLike) -> recommender_pb2.Seed:
    seed = movie if isinstance(movie, Seed) else Seed(movie)
    return encode(recommender_pb2.Seed, **_named(seed.movie), weight=seed.weight)


def _encode_filter(query: Query) -> recommender_pb2.MovieFilter | None:
    """Returns which movies may be in the answer; None if all may."""
    first_year, last_year = _first_and_last(query.years)
    wanted = encode(
        recommender_pb2.MovieFilter,
        any_genres=list(query.any_genres),
        all_genres=list(query.all_genres),
        no_genres=list(query.no_genres),
        first_year=first_year,
        last_year=last_year,
        excluded=[
            encode(recommender_pb2.ExcludedMovie, **_named(movie)) for movie in query.exclude
        ],
        min_rating_count=query.min_rating_count,
        min_score=query.min_score,
    )
    return wanted if wanted.ListFields() else None


def _named(movie: SupportsIndex | str) -> dict[str, int | str]:
    """Returns the field that names a movie, by id or by title."""
    return {"title": movie} if isinstance(movie, str) else {"movie_id": operator.index(movie)}


def _first_and_last(years: Years | None) -> tuple[int | None, int | None]:
    match years:
        case None:
            return None, None
        case (first, last):
            return first, last
        case SupportsIndex():
            return years, years
    raise invalid("years", years, "a year, or the first and the last, as in (1990, None)")


def _choice(argument: str, chosen: C, numbers: dict[C, Any]) -> Any:
    """Returns the number of an enum for one of our words."""
    # Not by looking it up: what is no text may not be fit for that.
    for word, number in numbers.items():
        if word == chosen:
            return number
    raise invalid(argument, chosen, " or ".join(f'"{word}"' for word in numbers))
