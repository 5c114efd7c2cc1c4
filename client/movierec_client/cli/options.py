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
    float, typer.Option("--timeout", metavar="SECONDS", help="How long to follow the run.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
