"""The command that brings a data set of GroupLens to a folder."""

from pathlib import Path
from typing import Annotated, Self

import typer
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from movierec_client.cli.options import JsonOption
from movierec_client.cli.output import complain, console, say, say_json, short_size
from movierec_client.cli.tables import say_wrapped
from movierec_client.movielens import download as downloads
from movierec_client.movielens.datasets import BASE_URL, DATASETS, TERMS
from movierec_client.movielens.watching import Watcher

_TIMEOUT_S = 30.0
_SHARES = 10  # Where there is no bar, so many lines are printed.
_LEAST_BYTES = 10_000_000  # of what such lines are printed for


def download(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help=f"Which: {', '.join(DATASETS)}.",
            autocompletion=lambda: list(DATASETS),
        ),
    ],
    data_dir: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder to put the folder NAME in.")
    ],
    *,
    base_url: Annotated[
        str,
        typer.Option(
            "--from",
            envvar="MOVIEREC_DOWNLOAD_URL",
            metavar="URL",
            help="Another server's folder of NAME.zip files.",
        ),
    ] = BASE_URL,
    timeout: Annotated[
        float,
        typer.Option("--timeout", metavar="SECONDS", help="For how long the server may be silent."),
    ] = _TIMEOUT_S,
    json: JsonOption = False,
) -> None:
    """Download a MovieLens data set from GroupLens, and unpack it.

    What broke off goes on from there when it is called again, and nothing has the
    name DIR/NAME before it is whole. It needs no server of movierec.

    Example: movierec download ml-latest-small data
    """
    if not timeout > 0:
        raise typer.BadParameter(f"--timeout is {timeout:g}: give seconds above 0")
    (complain if json else say)(TERMS)
    display = _Display(silent=json)
    try:
        with display:
            found = downloads.download(
                name, data_dir, base_url=base_url, timeout_s=timeout, watcher=display
            )
    except KeyboardInterrupt:
        complain("interrupted: the same command goes on from what has arrived")
        raise typer.Exit(130) from None
    if json:
        say_json(found)
    else:
        _say_found(found)


class _Display(Watcher):
    """Shows a bar on a terminal, and some lines elsewhere."""

    def __init__(self, *, silent: bool) -> None:
        self._silent = silent
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(compact=True),
            console=console(),
            disable=silent or not console().is_terminal,
            expand=True,
            transient=True,
        )
        self._task = self._bar.add_task("", visible=False, total=None)
        self._what, self._total, self._told = "", 0, 0

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        if not self._bar.disable:
            self._bar.stop()

    def note(self, sentence: str) -> None:
        complain(sentence)

    def stage(self, what: str, done_bytes: int, total_bytes: int | None) -> None:
        self._what, self._total = what, total_bytes or 0
        self._told = _SHARES * done_bytes // self._total if self._total else 0
        size = f" {short_size(total_bytes)}" if total_bytes else ""
        gone_on = f", from {short_size(done_bytes)} on" if done_bytes else ""
        if not self._silent:
            say(f"{what}{size}{gone_on}")
        self._bar.reset(
            self._task, description=what, total=total_bytes, completed=done_bytes, visible=True
        )

    def advance(self, done_bytes: int) -> None:
        self._bar.update(self._task, completed=done_bytes)
        if not self._bar.disable or self._silent or self._total < _LEAST_BYTES:
            return
        share = _SHARES * done_bytes // self._total
        if share > self._told:
            self._told = share
            say(f"{self._what} {100 * share // _SHARES} %: {short_size(done_bytes)}")


def _say_found(found: downloads.Downloaded) -> None:
    if not found.url:
        say(f"{found.folder} is there already; remove it to download it anew")
    elif found.md5:
        say(f"MD5 {found.md5}, as published")
    if found.licence:
        say()
        say(f"the licence of {found.name}, from its README:")
        say()
        for line in found.licence.splitlines():
            say_wrapped(line, 4) if line.strip() else say()
        say()
    say(f"{found.folder}: {', '.join(found.files)}; {short_size(found.size_bytes)}")
    min_ratings = DATASETS[found.name].min_ratings
    train = f"movierec train {found.name}" + (
        f" --min-ratings {min_ratings}" if min_ratings else ""
    )
    say(f"with {found.folder.parent} as the trainer's data folder: {train}")
