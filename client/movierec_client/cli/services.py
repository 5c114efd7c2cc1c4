"""The services' own code, for the commands that need no server but what a service installs."""

import importlib
from typing import Any, Literal

import typer

from movierec_client.cli.output import complain


def service_code(command: str, extra: Literal["trainer", "recommender"], module: str) -> Any:
    """Imports a module of a service, whose many packages the client does without.

    Args:
        command: What needs it, e.g. "sample".
        extra: What is to be installed for it.
        module: The module's name.

    Raises:
        typer.Exit: It is not installed; that has been said.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        complain(
            f"movierec {command} needs the {extra}'s packages: pip install 'movierec[{extra}]'"
        )
        raise typer.Exit(1) from None
