"""The commands for the trainer: train, publish, follow, runs, cancel."""

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from movierec_client.cli.connecting import connect
from movierec_client.cli.options import (
    DEFAULT_RUN_TIMEOUT_S,
    DEFAULT_TIMEOUT_S,
    RECOMMENDER_ADDRESS,
    TRAINER_ADDRESS,
    ForceOption,
    JsonOption,
    RecommenderOption,
    RunTimeoutOption,
    TimeoutOption,
    TrainerOption,
)
from movierec_client.cli.output import complain, say, say_json, when
from movierec_client.cli.serving import serving_line
from movierec_client.cli.tables import say_table
from movierec_client.errors import DeadlineExceededError, UnavailableError
from movierec_client.runs import Run, RunEvent
from movierec_client.states import RunState

if TYPE_CHECKING:
    from movierec_client.streams import Stream

_SERVING_TIMEOUT_S = 5 * 60.0


def train(
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET", help="A folder under the trainer's data directory.")
    ],
    *,
    min_ratings: Annotated[
        int | None,
        typer.Option(metavar="N", help="Movies need more ratings than this; default 5,000."),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Passes over the users; default 3 to 40, fewer for many users."
        ),
    ] = None,
    dim: Annotated[
        int | None, typer.Option(metavar="D", help="Dimensions of the embedding; default 256.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(metavar="S", help="Seed of all that is drawn at random; default 0."),
    ] = None,
    co_liked_weight: Annotated[
        float | None,
        typer.Option(metavar="WEIGHT", help="Weight of the co-liked loss; 0: none; default 4."),
    ] = None,
    few_seeds: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Share of users given 1 to 5 films; default 0.13."),
    ] = None,
    holdout: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Share of users held out; 0: none; default 1/14."),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(metavar="EPOCHS", help="End after so many without a lower loss; default 20."),
    ] = None,
    ease_up_to: Annotated[
        int | None,
        typer.Option(metavar="MOVIES", help="Measure EASE too, up to this many; default 4,000."),
    ] = None,
    request_id: Annotated[
        str | None, typer.Option(metavar="ID", help="Asking again with the same id joins the run.")
    ] = None,
    validate_only: Annotated[
        bool, typer.Option("--validate-only", help="Check the request and read the data, no more.")
    ] = False,
    force: ForceOption = False,
    wait: Annotated[
        bool,
        typer.Option("--wait", help="Wait, for 5 min at most, until every recommender serves it."),
    ] = False,
    trainer: TrainerOption = TRAINER_ADDRESS,
    recommender: RecommenderOption = RECOMMENDER_ADDRESS,
    timeout: RunTimeoutOption = DEFAULT_RUN_TIMEOUT_S,
    json: JsonOption = False,
) -> None:
    """Train on a data set, and follow the run to its end.

    Ctrl-C ends the following, not the run. With --wait it ends well only if the
    new version serves.

    Example: movierec train ml-latest-small --min-ratings 50 --wait
    """
    with connect(trainer=trainer, run_timeout_s=timeout) as client:
        events = client.train(
            dataset,
            min_ratings=min_ratings,
            epochs=epochs,
            dim=dim,
            seed=seed,
            co_liked_weight=co_liked_weight,
            few_seeds=few_seeds,
            holdout=holdout,
            patience=patience,
            ease_up_to=ease_up_to,
            request_id=request_id,
            validate_only=validate_only,
            force=force,
        )
        last = _watch(events, json=json)
    if validate_only and not json:
        say(f"{dataset} can be trained on")
    if wait and last and last.version:
        _wait_until_serving(last.version, recommender, json=json)


def publish(
    run_id: Annotated[
        str, typer.Argument(metavar="RUN", help="A run; `movierec runs` lists them.")
    ],
    *,
    force: ForceOption = False,
    trainer: TrainerOption = TRAINER_ADDRESS,
    timeout: RunTimeoutOption = DEFAULT_RUN_TIMEOUT_S,
    json: JsonOption = False,
) -> None:
    """Publish what a run has trained, without training again.

    It is for a run that failed to publish, on a full disk for example; for one
    whose version the quality gate held back since it could not compare it; and,
    with --force, for any that it held back.

    Example: movierec publish RUN --force
    """
    with connect(trainer=trainer, run_timeout_s=timeout) as client:
        _watch(client.publish(run_id, force=force), json=json)


def follow(
    run_id: Annotated[
        str, typer.Argument(metavar="RUN", help="A run; `movierec runs` lists them.")
    ],
    *,
    trainer: TrainerOption = TRAINER_ADDRESS,
    timeout: RunTimeoutOption = DEFAULT_RUN_TIMEOUT_S,
    json: JsonOption = False,
) -> None:
    """Follow a run from its first event to its end.

    Example: movierec follow RUN
    """
    with connect(trainer=trainer, run_timeout_s=timeout) as client:
        _watch(client.follow(run_id), json=json)


def runs(
    *,
    trainer: TrainerOption = TRAINER_ADDRESS,
    timeout: TimeoutOption = DEFAULT_TIMEOUT_S,
    json: JsonOption = False,
) -> None:
    """List the runs, newest first.

    Example: movierec runs
    """
    with connect(trainer=trainer, timeout_s=timeout) as client:
        found = client.runs()
        if json:
            for run in found:
                say_json(run)
            return
        rows = [
            (run.run_id, run.state, run.dataset, when(run.create_time), _outcome(run))
            for run in found
        ]
    columns = ["run", "state", "data set", "started (UTC)", "outcome"]
    say_table(columns, rows, empty="there are no runs yet", cut="data set", spare=["started (UTC)"])


def cancel(
    run_id: Annotated[
        str, typer.Argument(metavar="RUN", help="A run; `movierec runs` lists them.")
    ],
    *,
    trainer: TrainerOption = TRAINER_ADDRESS,
    timeout: TimeoutOption = DEFAULT_TIMEOUT_S,
    json: JsonOption = False,
) -> None:
    """Cancel a run.

    Exits with 1 if it was too late for that.

    Example: movierec cancel RUN
    """
    with connect(trainer=trainer, timeout_s=timeout) as client:
        run = client.cancel(run_id)
    if json:
        say_json(run)
    if run.state is not RunState.CANCELLED:
        complain(f"run {run.run_id} was not cancelled: it is {run.state}")
        raise typer.Exit(1)
    if not json:
        say(f"run {run.run_id} is cancelled")


def _watch(events: "Stream[RunEvent]", *, json: bool) -> RunEvent | None:
    """Shows a run to its end, and says what becomes of it if one leaves early.

    Returns:
        Its last event, if there was any.
    """
    from movierec_client.cli.progress import RunDisplay  # noqa: PLC0415 - help does without it

    run_id, event = "", None
    try:
        with ExitStack() as stack:
            show = say_json if json else stack.enter_context(RunDisplay()).show
            for event in events:
                run_id = event.run_id
                show(event)
    except KeyboardInterrupt:
        complain(_what_now(run_id))
        raise typer.Exit(130) from None
    except (UnavailableError, DeadlineExceededError) as error:
        complain(error.message)
        if run_id:
            complain(_what_now(run_id))
        raise typer.Exit(1) from error
    return event


def _wait_until_serving(version: int, recommender: str, *, json: bool) -> None:
    try:
        with connect(recommender=recommender) as client:
            fleet = client.wait_until_serving(version, timeout_s=_SERVING_TIMEOUT_S)
    except KeyboardInterrupt:
        complain(f"version {version} is published: `movierec versions` shows where it serves")
        raise typer.Exit(130) from None
    if not json:
        say(serving_line(fleet))
    if fleet.control_problem:
        complain(f"others may serve another version: {fleet.control_problem}")


def _what_now(run_id: str) -> str:
    if not run_id:
        return "a run that has begun goes on: `movierec runs` lists it"
    return (
        f"leaving does not end run {run_id}: `movierec follow {run_id}` shows it, "
        f"`movierec cancel {run_id}` ends it"
    )


def _outcome(run: Run) -> str:
    if run.version:
        return f"version {run.version}" + (", held back" if run.gate and run.gate.held_back else "")
    if run.error:
        return run.error.reason
    if run.progress and run.end_time is None:
        return f"epoch {run.progress.epoch}/{run.progress.epoch_count}"
    return ""
