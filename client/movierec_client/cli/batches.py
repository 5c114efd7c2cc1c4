"""Many queries from a file: a JSON object a line in, and one a line out."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, get_type_hints

from movierec_client.cli.answers import json_of_answer
from movierec_client.cli.output import say_json
from movierec_client.errors import CallError, InvalidArgumentError
from movierec_client.queries import Query, QueryOptions
from movierec_client.seeds import Seed

if TYPE_CHECKING:
    from movierec_client.batches import Outcome
    from movierec_client.client import Client

_FIELDS = ("movies", *get_type_hints(QueryOptions))


def answer_lines(
    client: "Client",
    lines: Iterable[bytes],
    defaults: QueryOptions,
    *,
    window: int,
) -> bool:
    """Answers each line with an object that has its position, counted from 0.

    Args:
        client: Who asks.
        lines: Queries; one that is none is answered with that.
        defaults: What holds for a query unless it says otherwise.
        window: How many lines may be read and not be answered.

    Returns:
        Whether all went well.
    """
    good = True
    queries = (query_in(line, defaults) for line in lines)
    with client.recommend_many(queries, window=window) as outcomes:
        for position, outcome in enumerate(outcomes):
            say_json({"position": position, **json_of_outcome(outcome)})
            good = good and not isinstance(outcome, CallError)
    return good


def json_of_outcome(outcome: "Outcome") -> dict[str, Any]:
    """Returns an answer, or an error, as a JSON object."""
    if isinstance(outcome, CallError):
        error = {"code": outcome.code, "reason": outcome.reason, "message": outcome.message}
        return {"error": error}
    return json_of_answer(outcome)


def query_in(line: bytes, defaults: QueryOptions) -> Query | InvalidArgumentError:
    """Returns the query that a line holds, or what is wrong with it."""
    try:
        return _query(_fields(line), defaults)
    except (ValueError, TypeError) as error:
        sentence = f"the line is no query: {error}"
        return InvalidArgumentError(sentence, code="INVALID_ARGUMENT")


def _fields(line: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict) or "movies" not in fields:
        raise ValueError('give a JSON object, e.g. {"movies": ["Toy Story", 260], "k": 5}')
    if unknown := fields.keys() - set(_FIELDS):
        raise ValueError(f'it has "{min(unknown)}"; legal are {", ".join(_FIELDS)}')
    return fields


def _query(fields: dict[str, Any], defaults: QueryOptions) -> Query:
    options: dict[str, Any] = {**defaults, **fields}
    for name in ("movies", "dislike"):
        if isinstance(options.get(name), list):
            options[name] = list(map(_seed, options[name]))
    if isinstance(options.get("years"), list):
        options["years"] = tuple(options["years"])
    return Query(**options)


def _seed(movie: Any) -> Any:
    if not isinstance(movie, dict):
        return movie
    if "movie" not in movie or movie.keys() - {"movie", "weight"}:
        raise ValueError(f'{movie} is no seed: give e.g. {{"movie": 260, "weight": 2}}')
    return Seed(**movie)
