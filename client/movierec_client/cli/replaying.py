"""The command that asks again what a recommender has logged."""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from movierec_client.cli.answers import notes, say_answer
from movierec_client.cli.batches import json_of_outcome
from movierec_client.cli.connecting import connect
from movierec_client.cli.options import (
    DEFAULT_TIMEOUT_S,
    RECOMMENDER_ADDRESS,
    JsonOption,
    RecommenderOption,
    TimeoutOption,
)
from movierec_client.cli.output import complain, say, say_json
from movierec_client.errors import CallError, InvalidArgumentError, UnavailableError

if TYPE_CHECKING:
    from movierec_client.replays import Replay


def replay(
    line: Annotated[
        str,
        typer.Argument(
            metavar="LINE",
            help="A line of the recommendation log; - reads lines from standard input.",
        ),
    ],
    *,
    recommender: RecommenderOption = RECOMMENDER_ADDRESS,
    timeout: TimeoutOption = DEFAULT_TIMEOUT_S,
    json: JsonOption = False,
) -> None:
    """Ask again what a recommender has logged, and compare the answers.

    The same version is asked, and has to be loaded. Exits with 0 only if every
    answer is the one that was logged. Of requests that were refused because they
    were too large the log has only the size; they are named and passed over.

    Example: movierec replay - < recommendations.jsonl
    """
    from movierec_client.replays import NOT_LOGGED  # noqa: PLC0415  # it is slow to import

    good = True
    with connect(recommender=recommender, timeout_s=timeout) as client:
        for position, one in enumerate(_lines(line)):
            try:
                replayed = client.replay(one)
            except InvalidArgumentError as error:
                _show_no_line(position, error, json=json)
                good = good and error.reason == NOT_LOGGED
                continue
            _check_reached(replayed)
            if json:
                say_json({"position": position, **_json_of(replayed)})
            else:
                _show(replayed)
            good = good and replayed.same
    if not good:
        raise typer.Exit(1)


def _lines(line: str) -> Iterable[str]:
    if line != "-":
        return [line]
    stdin = typer.get_binary_stream("stdin")
    return (one for one in _read(stdin, _size_of(stdin)) if one.strip())


def _size_of(stream: BinaryIO) -> int | None:
    """The size of a file as it is now; None for what is none.

    What is asked again is logged again, and it may be in this very file, which then never ends.
    """
    try:
        facts = os.fstat(stream.fileno())
    except OSError:
        return None
    return facts.st_size if stat.S_ISREG(facts.st_mode) else None


def _read(stream: BinaryIO, left: int | None) -> Iterator[str]:
    """The lines of a stream, of at most so many bytes from its beginning."""
    for line in stream:
        if left is not None:
            left -= len(line)
            if left < 0:
                return
        yield line.decode("utf-8", "replace")


def _check_reached(replayed: "Replay") -> None:
    """Raises if there was nobody to ask, which is no difference between answers."""
    outcome = replayed.outcome
    if isinstance(outcome, UnavailableError) and not (outcome.reason or replayed.same):
        raise outcome


def _show_no_line(position: int, error: InvalidArgumentError, *, json: bool) -> None:
    if json:
        say_json({"position": position, **json_of_outcome(error)})
    complain(error.message)


def _show(replayed: "Replay") -> None:
    outcome = replayed.outcome
    if isinstance(outcome, CallError):
        (say if replayed.same else complain)(outcome.message)
    else:
        for note in notes(outcome.header):
            complain(note)
        say_answer(outcome)
    (say if replayed.same else complain)(_verdict(replayed))


def _json_of(replayed: "Replay") -> dict[str, Any]:
    return {
        "same": replayed.same,
        "different_ranks": replayed.different_ranks,
        **json_of_outcome(replayed.outcome),
    }


def _verdict(replayed: "Replay") -> str:
    """Returns how the answer compares with the log, in a sentence."""
    logged, outcome = replayed.logged, replayed.outcome
    when = f"the answer of {logged.time}" if logged.time else "the logged answer"
    if replayed.same:
        return f"the same as {when}" + (f": {logged.code}" if logged.code else "")
    if isinstance(outcome, CallError):
        was = logged.code or f"{len(logged.movie_ids):,} movies"
        return f"not {when}: it was {was}, and is {outcome.code} now"
    if logged.code:
        return f"not {when}: it was {logged.code}, and is an answer now"
    ranks = replayed.different_ranks
    return f"not {when}: other movies in rank{'s' if len(ranks) > 1 else ''} {_spans(ranks)}"


def _spans(numbers: Sequence[int]) -> str:
    """Returns ascending numbers, e.g. "3, 7-9"."""
    return ", ".join(_span(numbers))


def _span(numbers: Sequence[int]) -> Iterator[str]:
    for _, pairs in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        run = [number for _, number in pairs]
        yield str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}"
