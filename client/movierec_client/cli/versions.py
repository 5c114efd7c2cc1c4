"""The commands for versions: model, versions and activate."""

from typing import Annotated, Literal

import typer

from movierec_client.cli.connecting import connect
from movierec_client.cli.options import (
    DEFAULT_TIMEOUT_S,
    RECOMMENDER_ADDRESS,
    JsonOption,
    RecommenderOption,
    TimeoutOption,
    VersionOption,
    version_of,
)
from movierec_client.cli.output import complain, say, say_json, when
from movierec_client.cli.reports import say_data, say_metrics
from movierec_client.cli.serving import gate_line, serving_line
from movierec_client.cli.tables import say_table
from movierec_client.results import Activation, Fleet, Version

_LOAD_TIMEOUT_S = 60.0
_NO_FOLDER = (
    "the folder of versions is not there or cannot be read: if a trainer was ever started, is its "
    "volume mounted?"
)


def model(
    *,
    version: VersionOption = None,
    recommender: RecommenderOption = RECOMMENDER_ADDRESS,
    timeout: TimeoutOption = DEFAULT_TIMEOUT_S,
    json: JsonOption = False,
) -> None:
    """Show the version that serves, or another one.

    Example: movierec model --version stable
    """
    with connect(recommender=recommender, timeout_s=timeout) as client:
        shown = client.model(version=version_of(version))
    if json:
        say_json(shown)
        return
    manifest = shown.manifest
    loaded = "loaded" if version else "serving since"
    say(f"version {shown.version}, {loaded} {when(shown.load_time)} UTC")
    say(f"made {when(manifest.create_time)} UTC by run {manifest.run_id} from {manifest.dataset}")
    say(
        f"{manifest.movie_count:,} movies in {manifest.dim} dimensions; "
        f"each has more than {manifest.settings.min_ratings:,} ratings"
    )
    say_data(manifest.data)
    say_metrics(manifest.metrics, in_full=True)
    if manifest.gate:
        say(gate_line(manifest.gate))


def versions(
    *,
    recommender: RecommenderOption = RECOMMENDER_ADDRESS,
    timeout: TimeoutOption = DEFAULT_TIMEOUT_S,
    json: JsonOption = False,
) -> None:
    """List the versions, newest first, and who serves what.

    With --json the last line is the fleet, and "kind" tells it from the versions.

    Example: movierec versions
    """
    with connect(recommender=recommender, timeout_s=timeout) as client:
        found = client.versions()
        if json:
            for version in found:
                say_json(version, kind="version")
            fleet = client.fleet()
            say_json(fleet, kind="fleet")
            if fleet.control_problem:
                complain(fleet.control_problem)
            return
        listed, fleet = list(found), client.fleet()
    say_table(
        [">version", "state", ">made (UTC)", ">movies", ">NDCG@100", "data set"],
        [_row(version) for version in listed],
        empty="there are no versions yet" if fleet.look_time else _NO_FOLDER,
        fold="state",
        spare=["NDCG@100", "movies"],
    )
    _say_fleet(fleet)
    for version in listed:
        if why := ": ".join(filter(None, [version.reason, version.message])):
            say(f"version {version.version} is {version.state}, {why}")


def activate(
    version: Annotated[
        str,
        typer.Argument(
            metavar="VERSION",
            help='A number, or "latest"; with --label a number, or "none" to take it away.',
        ),
    ],
    *,
    label: Annotated[
        str | None,
        typer.Option(metavar="LABEL", help="Put this label on the version, and pin nothing."),
    ] = None,
    recommender: RecommenderOption = RECOMMENDER_ADDRESS,
    timeout: TimeoutOption = _LOAD_TIMEOUT_S,
    json: JsonOption = False,
) -> None:
    """Choose the version that serves, or move a label.

    It holds for every recommender on the volume, and over restarts. A number pins
    that version, until "latest" or another number is activated.

    Example: movierec activate 6; movierec activate 7 --label canary
    """
    target = _target(version, label)
    with connect(recommender=recommender, timeout_s=timeout) as client:
        activation = client.activate(target, label=label)
    if json:
        say_json(activation)
    elif label is not None:
        said = "is taken away" if target is None else f"is on version {version}"
        say(f"the label {label} {said}")
    else:
        say(_activated(activation))


def _target(version: str, label: str | None) -> int | Literal["latest"] | None:
    """Returns what VERSION means; None takes a label away."""
    if version == "latest":
        return "latest"
    if version == "none" and label is not None:
        return None
    if version.isascii() and version.isdigit():
        return int(version)
    legal = 'a number or "latest"' if label is None else 'a number or "none"'
    raise typer.BadParameter(
        f'{version!r} is no version: give {legal}; "none" takes a label away, with --label'
    )


def _activated(activation: Activation) -> str:
    serving = activation.serving_version
    serves = f"version {serving} serves" if serving else "nothing serves yet"
    if activation.pinned is None:
        return f"the latest version is to serve; {serves}"
    if activation.pinned == serving:
        return f"version {serving} is pinned, and serves"
    return f"version {activation.pinned} is pinned; {serves}"


def _say_fleet(fleet: Fleet) -> None:
    """Prints who serves what, and what was said to serve."""
    if fleet.replicas:
        say(serving_line(fleet))
    if fleet.activation.pinned is not None:
        say(
            f"version {fleet.activation.pinned} is pinned; "
            f"`movierec activate latest` goes back to the latest"
        )
    if labels := sorted(fleet.activation.labels.items()):
        say(f"labels: {', '.join(f'{label} on version {number}' for label, number in labels)}")
    if fleet.control_problem:
        say(fleet.control_problem)


def _row(version: Version) -> tuple[object, ...]:
    state = ", ".join([version.state, *(["pinned"] if version.pinned else []), *version.labels])
    manifest = version.manifest
    if not manifest:
        return version.version, state, None, None, None, None
    ranking = manifest.metrics.ranking
    return (
        version.version,
        state,
        when(manifest.create_time),
        f"{manifest.movie_count:,}",
        f"{ranking.ndcg_at_100:.3f}" if ranking else None,
        manifest.dataset,
    )
