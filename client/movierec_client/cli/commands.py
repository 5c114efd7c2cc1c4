"""The commands, each of which is imported when it is called for.

What it takes to start is what one waits for with every key that completes a word: so the names
and their summaries stand here, and the rest is read only where it is needed.
"""

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

SUMMARIES = {
    "train": "Train on a data set, and follow the run to its end.",
    "recommend": "Recommend the movies most similar to those named.",
    "search": "Find movies by their titles, best match first.",
    "replay": "Ask again what a recommender has logged, and compare the answers.",
    "model": "Show the version that serves, or another one.",
    "versions": "List the versions, newest first, and who serves what.",
    "activate": "Choose the version that serves, or move a label.",
    "runs": "List the runs, newest first.",
    "follow": "Follow a run from its first event to its end.",
    "publish": "Publish what a run has trained, without training again.",
    "cancel": "Cancel a run.",
    "insights": "Write a report on a data set, or on a version and what it was trained on.",
    "health": "Ask the services whether they serve.",
    "sample": "Write a sample data set of real films with simulated ratings.",
    "download": "Download a MovieLens data set from GroupLens, and unpack it.",
    "artifacts": "Check, compare and clear versions in a folder, with no server.",
    "completion": "Print what makes a shell complete the words of movierec.",
}
"""What each command does, in the order of the help; the first line of its docstring."""

_MODULES = {
    "train": "training",
    "recommend": "recommending",
    "search": "movies",
    "replay": "replaying",
    "model": "versions",
    "versions": "versions",
    "activate": "versions",
    "runs": "training",
    "follow": "training",
    "publish": "training",
    "cancel": "training",
    "insights": "insights",
    "health": "health",
    "sample": "sample",
    "download": "downloading",
    "artifacts": "artifacts",
    "completion": "completion",
}
"""Where each is: a function of its name, or a group of commands."""


class Commands(MutableMapping[str, Any]):
    """The commands by name, made when they are asked for."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            module = import_module(f"movierec_client.cli.{_MODULES[name]}")
            self._made[name] = _command(name, getattr(module, name))
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"the command {name} cannot be taken away")

    def __iter__(self) -> Iterator[str]:
        return iter(SUMMARIES)

    def __len__(self) -> int:
        return len(SUMMARIES)


class CommandGroup(TyperGroup):
    """The group of all commands."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = Commands()

    def list_commands(self, ctx: Any) -> list[str]:
        """Returns their names, in the order of the help."""
        return list(SUMMARIES)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Writes their names and summaries into the help, and imports none of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))


def _command(name: str, what: Any) -> Any:
    if isinstance(what, typer.Typer):
        group = get_command(what)
        group.name = name
        return group
    alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    alone.command(name)(what)
    return get_command(alone)
