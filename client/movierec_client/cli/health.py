"""The command that asks the services whether they serve."""

from typing import Annotated

import typer

from movierec_client.cli.connecting import connect
from movierec_client.cli.options import (
    DEFAULT_TIMEOUT_S,
    RECOMMENDER_ADDRESS,
    TRAINER_ADDRESS,
    JsonOption,
    RecommenderOption,
    TimeoutOption,
    TrainerOption,
)
from movierec_client.cli.output import complain, say, say_json
from movierec_client.services import ServiceName
from movierec_client.states import ServingStatus


def health(
    service: Annotated[
        ServiceName | None, typer.Argument(help="Which service to ask; both if none is named.")
    ] = None,
    *,
    live: Annotated[
        bool, typer.Option("--live", help="Ask whether the process works, ready or not.")
    ] = False,
    trainer: TrainerOption = TRAINER_ADDRESS,
    recommender: RecommenderOption = RECOMMENDER_ADDRESS,
    timeout: TimeoutOption = DEFAULT_TIMEOUT_S,
    json: JsonOption = False,
) -> None:
    """Ask the services whether they serve.

    Exits with 0 only if all that were asked do.

    Example: movierec health recommender
    """
    with connect(trainer=trainer, recommender=recommender, timeout_s=timeout) as client:
        answers = client.health(*([service] if service else []), live=live)
    for answer in answers:
        if json:
            say_json(answer)
            continue
        say(f"{answer.service:<11}  {answer.status:<15}  {answer.address}")
        if answer.message:
            complain(answer.message)
    if any(answer.status is not ServingStatus.SERVING for answer in answers):
        raise typer.Exit(1)
