"""The flags that several commands share."""

from typing import Annotated

import typer

from movierec_client.services import RECOMMENDER, TRAINER

DEFAULT_TIMEOUT_S = 10.0
DEFAULT_RUN_TIMEOUT_S = 24 * 60 * 60.0
TRAINER_ADDRESS = TRAINER.default_address
RECOMMENDER_ADDRESS = RECOMMENDER.default_address

TrainerOption = Annotated[
    str,
    typer.Option(
        "--trainer", envvar=TRAINER.variable, metavar="HOST:PORT", help="Where the trainer is."
    ),
]
RecommenderOption = Annotated[
    str,
    typer.Option(
        "--recommender",
        envvar=RECOMMENDER.variable,
        metavar="HOST:PORT",
        help="Where the recommender is.",
    ),
]
TimeoutOption = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", help="How long to wait for an answer.")
]
RunTimeoutOption = Annotated[
    float,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        show_default="a day",
        help="How long to follow the run.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
ForceOption = Annotated[
    bool, typer.Option("--force", help="The version counts as if it had passed the quality gate.")
]
VersionOption = Annotated[
    str | None,
    typer.Option(
        "--version",
        metavar="VERSION",
        help="Which version is to answer: a number or a label; default the one that serves.",
    ),
]


def version_of(text: str | None) -> int | str | None:
    """Returns what `VersionOption` was given: a number if it looks like one, else a label."""
    return int(text) if text and text.isascii() and text.isdigit() else text
