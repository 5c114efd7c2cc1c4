"""The command that prints a shell's completion of words; Typer makes it, and answers the shell."""

from typing import Annotated, Literal

import typer
from typer import completion as typers

from movierec_client.cli.output import say_as_it_is

Shell = Literal["bash", "zsh", "fish"]


def completion(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> None:
    """Print what makes a shell complete the words of movierec.

    To be read by the shell when it starts, from ~/.bashrc, ~/.zshrc (below
    compinit) or ~/.config/fish/config.fish:

    \b
        eval "$(movierec completion bash)"
        eval "$(movierec completion zsh)"
        movierec completion fish | source

    Example: movierec completion bash
    """  # noqa: D301 - Typer takes the control for "do not fold"
    script = typers.get_completion_script(  # type: ignore[attr-defined]
        prog_name="movierec", complete_var="_MOVIEREC_COMPLETE", shell=shell
    )
    say_as_it_is(script)
