"""The entry of `movierec`: its commands, and what becomes of errors.

Exit codes: 0 good, 1 an error (one sentence on standard error), 2 wrong usage,
130 after Ctrl-C.
"""

import io
import logging
import sys
from typing import Annotated, Any

import typer

from movierec_client.cli.commands import CommandGroup
from movierec_client.cli.output import complain, say
from movierec_client.cli.wording import in_words
from movierec_client.compatibility import log as warnings
from movierec_client.errors import MovierecError
from movierec_client.version import version as movierec_version


class _Complaints(logging.Handler):
    """Says what the library has to warn of, in a line on standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        complain(record.getMessage())


class _Commands(CommandGroup):
    def invoke(self, ctx: Any) -> Any:
        """Runs a command; an error of the library ends in its sentence and code 1."""
        complaints = _Complaints(logging.WARNING)
        warnings.addHandler(complaints)
        try:
            return super().invoke(ctx)
        except MovierecError as error:
            complain(in_words(error))
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
    """People who liked these films also liked: train models, and ask them.

    Example: movierec recommend "Toy Story"
    """


app = typer.Typer(
    name="movierec",
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.callback()(_movierec)


def main() -> None:
    """Runs the command line."""
    # A title that the terminal has no letters for is printed with "?", not refused.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app(prog_name="movierec")
