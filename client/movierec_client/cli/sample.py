"""The command that writes a sample data set; it needs the trainer's packages."""

from pathlib import Path
from typing import Annotated

import typer

from movierec_client.cli.options import JsonOption
from movierec_client.cli.output import complain, say, say_json
from movierec_client.cli.services import service_code


def sample(
    out_dir: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder to write; new or empty.")
    ],
    *,
    scale: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Size as a share of MovieLens 20M, up to 1."),
    ] = None,
    seed: Annotated[
        int, typer.Option(metavar="S", help="Seed of all that is drawn at random.")
    ] = 0,
    json: JsonOption = False,
) -> None:
    """Write a sample data set of real films with simulated ratings.

    It needs no server, but the trainer's packages: pip install 'movierec[trainer]'

    Example: movierec sample data/sample --scale 0.01
    """
    code = service_code("sample", "trainer", "trainer_service.sample")
    try:
        summary = code.write_sample(
            out_dir, seed=seed, **({} if scale is None else {"scale": scale})
        )
    except (OSError, ValueError) as error:
        complain(str(error))
        raise typer.Exit(1) from error
    if json:
        say_json(summary)
        return
    say(
        f"{summary.folder}: {summary.rating_count:,} simulated ratings of "
        f"{summary.movie_count:,} movies by {summary.user_count:,} users"
    )
