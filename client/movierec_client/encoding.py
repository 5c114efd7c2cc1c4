"""Writes the messages that are sent; pure functions, the same for both clients."""

import operator
from collections.abc import Iterable
from typing import Any, Literal, SupportsIndex, TypeVar

from google.protobuf.message import Message

from movierec.v1 import recommender_pb2
from movierec_client.errors import InvalidArgumentError
from movierec_client.seeds import MovieLike, Seed

UnknownSeeds = Literal["fail", "skip"]

VersionLike = SupportsIndex | str
"""What names a version in a call: its number, or a label as a text."""

VersionTarget = SupportsIndex | Literal["latest"]
"""What can be activated: a version's number, or the latest."""

_UNKNOWN_SEEDS: "dict[UnknownSeeds, recommender_pb2.UnknownSeeds.ValueType]" = {
    "fail": recommender_pb2.UNKNOWN_SEEDS_FAIL,
    "skip": recommender_pb2.UNKNOWN_SEEDS_SKIP,
}

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
        **values: By field: numbers, texts and messages.

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
            setattr(message, field, value)
        except (TypeError, ValueError) as error:
            raise invalid(field, value, f"a value that can be sent ({error})") from error
    return message


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
    liked = [_seed(movie) for movie in _several("movies", movies)]
    disliked = [_seed(movie) for movie in _several("dislike", dislike)]
    return [
        *(_encode_seed(seed) for seed in liked),
        *(_encode_seed(Seed(seed.movie, -seed.weight)) for seed in disliked),
    ]


def encode_unknown_seeds(unknown: UnknownSeeds) -> "recommender_pb2.UnknownSeeds.ValueType":
    """Returns what to do about seeds that are no movies of the version.

    Raises:
        InvalidArgumentError: It is neither "fail" nor "skip".
    """
    try:
        return _UNKNOWN_SEEDS[unknown]
    except KeyError:
        raise invalid("unknown", unknown, '"fail" or "skip"') from None


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
        InvalidArgumentError: `version` is neither a number nor "latest".
    """
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


def _several(argument: str, movies: Iterable[MovieLike]) -> Iterable[MovieLike]:
    # A text is an iterable of texts, so types alone do not catch this.
    if isinstance(movies, str):
        raise TypeError(f"{argument} is a single title: give a list, [{movies!r}]")
    return movies


def _seed(movie: MovieLike) -> Seed:
    return movie if isinstance(movie, Seed) else Seed(movie)


def _encode_seed(seed: Seed) -> recommender_pb2.Seed:
    if isinstance(seed.movie, str):
        return encode(recommender_pb2.Seed, title=seed.movie, weight=seed.weight)
    movie_id = operator.index(seed.movie)
    return encode(recommender_pb2.Seed, movie_id=movie_id, weight=seed.weight)
