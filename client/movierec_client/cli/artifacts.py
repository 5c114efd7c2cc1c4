"""The commands for a folder of artifacts, which need no server: verify, diff, gc."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from movierec_client.cli.differences import say_differences
from movierec_client.cli.options import JsonOption
from movierec_client.cli.output import complain, say, say_json, short_size
from movierec_client.cli.services import service_code

DirArgument = Annotated[
    Path, typer.Argument(metavar="DIR", help="The artifacts folder; `versions` lies in it.")
]
ControlOption = Annotated[
    Path | None,
    typer.Option(
        envvar="MOVIEREC_CONTROL_DIR",
        metavar="DIR",
        show_default=False,
        help="Where it is said what is to serve; default DIR/control.",
    ),
]

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_LONGEST_S = 10**9


@dataclass(frozen=True, slots=True)
class Removed:
    """A version that gc has removed, or would remove."""

    version: int
    size_bytes: int
    dry_run: bool
    kind: Literal["removed"] = "removed"


@dataclass(frozen=True, slots=True)
class Kept:
    """A version that gc keeps, and why."""

    version: int
    reasons: tuple[str, ...]
    kind: Literal["kept"] = "kept"


artifacts = typer.Typer(
    name="artifacts",
    help="Check, compare and clear versions in a folder, with no server.\n\n"
    "Example: movierec artifacts verify artifacts",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@artifacts.command()
def verify(
    artifacts_dir: DirArgument,
    versions: Annotated[
        list[int] | None, typer.Argument(metavar="VERSION", help="Which; default all.")
    ] = None,
    *,
    control_dir: ControlOption = None,
    json: JsonOption = False,
) -> None:
    """Check every version as a recommender does before it serves it.

    Exits with 1 if any is bad, or if what is said to serve is not there. It needs
    no server, but the recommender's packages: pip install 'movierec[recommender]'

    Example: movierec artifacts verify artifacts
    """
    code = service_code("artifacts verify", "recommender", "recommender_service.artifact.verifying")
    bad = 0
    with _sentences(artifacts_dir):
        for report in code.verify_versions(artifacts_dir, versions or ()):
            bad += not report.good
            say_json(report) if json else say(_verified(report))
        for stray in code.strays(artifacts_dir):
            say_json(stray) if json else say(f"versions/{stray.name} {stray.message}")
        control = code.check_control(artifacts_dir, control_dir)
    if json:
        say_json(control)
    else:
        for line in _controlled(control):
            say(line)
    if bad or control.problems:
        raise typer.Exit(1)


@artifacts.command()
def diff(
    artifacts_dir: DirArgument,
    before: Annotated[int, typer.Argument(metavar="A", help="The number of one version.")],
    after: Annotated[int, typer.Argument(metavar="B", help="The number of another.")],
    *,
    count: Annotated[
        int, typer.Option("-n", "--movies", metavar="N", min=0, help="Of how many movies to tell.")
    ] = 10,
    json: JsonOption = False,
) -> None:
    """Compare two versions: neighbours, movies and figures.

    The overlap is the share of a movie's ten nearest in A that are among its ten
    nearest in B, of the movies that both have. It needs no server, but the
    recommender's packages: pip install 'movierec[recommender]'

    Example: movierec artifacts diff artifacts 6 7
    """
    code = service_code("artifacts diff", "recommender", "recommender_service.artifact.diffing")
    with _sentences(artifacts_dir):
        found = code.diff(artifacts_dir, before, after, changed_count=count)
    if json:
        say_json(found)
    else:
        say_differences(found)


@artifacts.command()
def gc(
    artifacts_dir: DirArgument,
    *,
    keep: Annotated[
        int, typer.Option(metavar="N", min=1, help="How many of the newest are kept.")
    ] = 10,
    keep_for: Annotated[
        str, typer.Option(metavar="TIME", help="For how long all are kept: seconds, 30m, 1h, 2d.")
    ] = "1h",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Remove nothing, only say what would be removed.")
    ] = False,
    control_dir: ControlOption = None,
    json: JsonOption = False,
) -> None:
    """Remove old versions, as the trainer does after each publication.

    What is pinned, labelled, the latest, or loaded by a live recommender is kept.
    It needs no server, but the trainer's packages: pip install 'movierec[trainer]'

    Example: movierec artifacts gc artifacts --keep 3 --dry-run
    """
    age = _time(keep_for)
    code = service_code("artifacts gc", "trainer", "trainer_service.artifact.retention")
    control = service_code("artifacts gc", "trainer", "movierec.control.activation")
    folders = artifacts_dir, control_dir or artifacts_dir / "control"
    with _sentences(artifacts_dir, control.ControlError):
        reasons = code.reasons_to_keep(*folders, keep_versions=keep, keep_for=age)
        failure = ""
        try:
            found = code.collect(*folders, keep_versions=keep, keep_for=age, dry_run=dry_run)
        except code.NotRemovedError as error:
            found, failure = error.removals, str(error)
    removed = [Removed(removal.number, removal.size_bytes, dry_run) for removal in found]
    gone = {one.version for one in removed}
    kept = [
        Kept(number, tuple(why)) for number, why in reasons.items() if why and number not in gone
    ]
    if json:
        for one in (*kept, *removed):
            say_json(one)
    else:
        _say_collected(kept, removed, will="would be" if dry_run else "is", failed=bool(failure))
    if failure:
        complain(failure)
        raise typer.Exit(1)


def _say_collected(
    kept: Sequence[Kept], removed: Sequence[Removed], *, will: str, failed: bool
) -> None:
    for one in kept:
        say(f"version {one.version}  kept: {', '.join(one.reasons)}")
    for gone in removed:
        say(f"version {gone.version}  {will} removed: {short_size(gone.size_bytes)}")
    freed = short_size(sum(gone.size_bytes for gone in removed))
    if removed or not failed:
        say(f"{freed} {will} freed" if removed else "there is nothing to remove")


@contextmanager
def _sentences(artifacts_dir: Path, *kinds: type[Exception]) -> Iterator[None]:
    """Ends the command with 1 and a sentence: what a service's code raises, or a wrong folder.

    Args:
        artifacts_dir: The folder that the command is for.
        *kinds: What may be raised, besides `OSError` and `ValueError`.
    """
    raised: tuple[type[Exception], ...] = (OSError, ValueError, *kinds)
    try:
        _check(artifacts_dir)
        yield
    except raised as error:
        complain(str(error))
        raise typer.Exit(1) from error


def _check(artifacts_dir: Path) -> None:
    if (artifacts_dir / "versions").is_dir():
        return
    if not artifacts_dir.is_dir():
        raise ValueError(f"{artifacts_dir}: there is no such folder")
    is_inside = artifacts_dir.resolve().name == "versions"
    hint = f"; did you mean {artifacts_dir.resolve().parent}?" if is_inside else ""
    raise ValueError(f"{artifacts_dir} is no artifacts folder: it has no versions/ in it{hint}")


def _verified(report: Any) -> str:
    facts = []
    if report.movie_count is not None:
        facts.append(f"{report.movie_count:,} movies in {report.dim} dimensions")
    if report.size_bytes is not None:
        facts.append(short_size(report.size_bytes))
    known = ", ".join(facts)
    if not report.good:
        said = f"{report.reason}: {report.message}"
        return f"version {report.version}  {said}" + (f" ({known})" if known else "")
    held_back = ", held back by the quality gate" if report.held_back else ""
    return f"version {report.version}  good: {known}{held_back}"


def _controlled(control: Any) -> list[str]:
    said = "the latest version" if control.pinned is None else f"version {control.pinned}, pinned,"
    lines = [] if control.problems and not control.generation else [f"{said} is to serve"]
    if control.labels:
        named = ", ".join(
            f"{label} on version {number}" for label, number in control.labels.items()
        )
        lines.append(f"labels: {named}")
    return [*lines, *control.problems]


def _time(text: str) -> timedelta:
    """Reads how long, e.g. "3600", "90 s", "1h" or "2d".

    Raises:
        typer.BadParameter: It is no time.
    """
    found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([smhd]?)\s*", text)
    seconds = float(found[1]) * _SECONDS[found[2] or "s"] if found else -1
    if not 0 <= seconds <= _LONGEST_S:
        raise typer.BadParameter(
            f"{text!r} is no time: give seconds up to {_LONGEST_S:,}, or 30m, 1h, 2d"
        )
    return timedelta(seconds=seconds)
