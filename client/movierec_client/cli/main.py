"""The entry of `movierec`: its commands, and what becomes of errors.

Exit codes: 0 good, 1 an error (one sentence on standard error), 2 wrong usage,
130 after Ctrl-C.
"""

import io
import logging
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from movierec_client.cli import artifacts
from movierec_client.cli.health import health
from movierec_client.cli.insights import insights
from movierec_client.cli.movies import search
from movierec_client.cli.output import complain, say
from movierec_client.cli.recommending import recommend
from movierec_client.cli.replaying import replay
from movierec_client.cli.sample import sample
from movierec_client.cli.training import cancel, follow, publish, runs, train
from movierec_client.cli.versions import activate, model, versions
from movierec_client.compatibility import log as warnings
from movierec_client.errors import MovierecError
from movierec_client.version import version as movierec_version


class _Complaints(logging.Handler):
    """Says what the library has to warn of, in a line on standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        complain(record.getMessage())


class _Commands(TyperGroup):
    def invoke(self, ctx: Any) -> Any:
        """Runs a command; an error of the library ends in its sentence and code 1."""
        complaints = _Complaints(logging.WARNING)
        warnings.addHandler(complaints)
        try:
            return super().invoke(ctx)
        except MovierecError as error:
            complain(error.message)
            raise typer.Exit(1) from error
        finally:
            warnings.removeHandler(complaints)


def _say_version(asked: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if asked:
        say(f"movierec {movierec_version()}")
        raise typer.Exit


def _movierec(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_say_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """People who liked these films also liked: train models, and ask them."""


app = typer.Typer(
    name="movierec",
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.callback()(_movierec)
for _command in (
    *(train, recommend, search, replay, model, versions, activate),
    *(runs, follow, publish, cancel, insights, health, sample),
):
    app.command()(_command)

_artifacts = typer.Typer(
    name="artifacts",
    help="Check, compare and clear versions in a folder, with no server.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
for _offline in (artifacts.verify, artifacts.diff, artifacts.gc):
    _artifacts.command()(_offline)
app.add_typer(_artifacts)


def main() -> None:
    """Runs the command line."""
    # A title that the terminal has no letters for is printed with "?", not refused.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app(prog_name="movierec")
