"""The command that shows what a data set or a version looks like."""

from pathlib import Path
from typing import Annotated

import typer

from movierec_client.cli.connecting import connect
from movierec_client.cli.options import TRAINER_ADDRESS, JsonOption, TrainerOption, version_of
from movierec_client.cli.output import complain, say, say_in_a_line, say_json, short_size
from movierec_client.insights import is_of_report

DEFAULT_TIMEOUT_S = 600.0


def insights(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="DATASET|VERSION",
            help="A folder under the trainer's data directory, or a version's number.",
        ),
    ],
    out_dir: Annotated[
        Path,
        typer.Option("-o", "--out", metavar="DIR", help="Where to write; made if it is not there."),
    ],
    *,
    min_ratings: Annotated[
        int | None,
        typer.Option(help="Of a data set: the threshold to look at; default 5,000."),
    ] = None,
    trainer: TrainerOption = TRAINER_ADDRESS,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", help="How long it may take.")
    ] = DEFAULT_TIMEOUT_S,
    json: JsonOption = False,
) -> None:
    """Write a report on a data set, or on a version and what it was trained on.

    It is a page that needs nothing else, its pictures as SVG and its numbers as
    JSON. A number is a version; of a data set that is called so, write ./7.

    Example: movierec insights ml-latest-small -o report --min-ratings 50
    """
    asked = version_of(subject)
    try:
        out_dir.mkdir(parents=True, exist_ok=True)  # refused before the trainer has worked
        with connect(trainer=trainer) as client:
            found = client.insights(
                subject if asked is None else asked, min_ratings=min_ratings, timeout_s=timeout
            )
        paths = found.write(out_dir)
    except OSError as error:
        complain(
            f"the report cannot be written to {out_dir} ({error.strerror or error}): give another "
            f"folder with -o"
        )
        raise typer.Exit(1) from error
    others = sorted({path.name for path in out_dir.iterdir() if is_of_report(path.name)})
    if left := [name for name in others if name not in found.files]:
        complain(
            f"{len(left)} files of another report stay in {out_dir}, such as {left[0]}: give each "
            f"report a folder of its own"
        )
    if json:
        for path in paths:
            say_json({"path": str(path), "size_bytes": path.stat().st_size})
        return
    size = short_size(sum(path.stat().st_size for path in paths))
    say(f"{len(paths)} files, {size}, in {out_dir}")
    for page in found.pages:
        say_in_a_line(f"open {out_dir / page}")
