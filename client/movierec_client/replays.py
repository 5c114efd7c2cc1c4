"""Asking again what a recommender has logged, and whether the answer is the same."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from movierec.v1 import recommender_pb2
from movierec_client.errors import CallError, InvalidArgumentError
from movierec_client.results import Answer

NOT_LOGGED = "REQUEST_NOT_LOGGED"

_LONGEST_EXCERPT = 60  # characters


@dataclass(frozen=True, slots=True)
class LoggedAnswer:
    """How a query was answered, as a line of the recommendation log says."""

    time: str
    """When, in the form of RFC 3339; empty if it does not say."""
    version: int
    """Which version answered; 0 if none did."""
    movie_ids: tuple[int, ...]
    """The recommendations, in the order of their ranks."""
    code: str
    """The gRPC status if it failed, e.g. "NOT_FOUND"; else empty."""
    reason: str


@dataclass(frozen=True, slots=True)
class Replay:
    """A query that was logged and asked again, and what came of it."""

    logged: LoggedAnswer
    outcome: Answer | CallError

    @property
    def same(self) -> bool:
        """Whether the answer is the one that was logged, or the error has its code and reason."""
        if isinstance(self.outcome, CallError):
            now = (self.outcome.code, self.outcome.reason)
            return now == (self.logged.code, self.logged.reason)
        return not self.logged.code and not self.different_ranks

    @property
    def different_ranks(self) -> tuple[int, ...]:
        """The ranks with another movie than in the log, or with one in only one of them."""
        if isinstance(self.outcome, CallError) or self.logged.code:
            return ()
        now = [movie.movie_id for movie in self.outcome.recommendations]
        pairs = zip_longest(self.logged.movie_ids, now)
        return tuple(rank for rank, (then, now) in enumerate(pairs, start=1) if then != now)


def read_logged(line: str) -> tuple[LoggedAnswer, recommender_pb2.RecommendRequest]:
    """Reads a line of the recommendation log.

    Returns:
        How the query was answered, and the request to ask it again.

    Raises:
        InvalidArgumentError: It is no such line, or, with the reason `NOT_LOGGED`, one without
            its request, which was too large.
    """
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        raise _no_line(line, "it is not JSON") from None
    if not isinstance(fields, dict) or not isinstance(fields.get("request"), dict):
        raise _no_line(line, 'it is no object with a "request"')
    if "request_bytes" in fields:
        raise InvalidArgumentError(
            f"a request of {fields['request_bytes']} bytes was refused, and is too large for the "
            f"log: it cannot be asked again",
            code="INVALID_ARGUMENT",
            reason=NOT_LOGGED,
        )
    logged = LoggedAnswer(
        time=_field(line, fields, "time", str),
        version=_field(line, fields, "version", int),
        movie_ids=_movie_ids(line, fields),
        code=_field(line, fields, "code", str),
        reason=_field(line, fields, "reason", str),
    )
    if "movie_ids" not in fields and not logged.code:
        raise _no_line(line, 'it has neither "movie_ids" nor a "code"')
    return logged, _request(line, fields["request"])


def _field(line: str, fields: Mapping[str, Any], name: str, kind: type) -> Any:
    """Returns a field, or what is empty of its kind if there is none."""
    value = fields.get(name)
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise _no_line(line, f'its "{name}" is {value!r}')
    return value


def _movie_ids(line: str, fields: Mapping[str, Any]) -> tuple[int, ...]:
    movie_ids = _field(line, fields, "movie_ids", list)
    try:
        return tuple(map(int, movie_ids))
    except (TypeError, ValueError):
        raise _no_line(line, 'its "movie_ids" are no ids') from None


def _request(line: str, fields: Mapping[str, Any]) -> recommender_pb2.RecommendRequest:
    # Who imports the client seldom needs it.
    from google.protobuf import json_format  # noqa: PLC0415

    try:
        return json_format.ParseDict(dict(fields), recommender_pb2.RecommendRequest())
    except (json_format.ParseError, ValueError, TypeError) as error:
        raise _no_line(line, f"its request cannot be read: {error}") from error


def _no_line(line: str, why: str) -> InvalidArgumentError:
    start = line.strip()[:_LONGEST_EXCERPT]
    sentence = (
        f"{start!r} is no line of the recommendation log: {why}; "
        f"give one as the recommender wrote it (MOVIEREC_RECOMMENDATION_LOG)"
    )
    return InvalidArgumentError(sentence, code="INVALID_ARGUMENT", violations={"line": sentence})
