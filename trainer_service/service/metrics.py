"""What the trainer says of itself when it is scraped."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from trainer_service.runs.run import Run, RunPhase, RunState
from trainer_service.runs.supervisor import RunSupervisor

UNDER_WAY = frozenset({RunState.QUEUED, RunState.RUNNING})

MEANINGS = {
    "duration_seconds": "Seconds from its request to its end, or until now.",
    "epoch": "The epoch, counted from 1.",
    "epochs": "How many epochs there will be.",
    "epoch_share": "How much of the epoch is done, to 1.",
    "loss": "Mean training loss in this epoch.",
    "val_loss": "Validation loss of the newest finished epoch.",
    "ratings_per_second": "Training ratings that are worked on; 0 unless it is fitting.",
    "rmse": "On held-out ratings, in stars, once that is measured.",
    "ndcg_at_100": "For held-out users, from most of what they like, once that is measured.",
}
"""What is said of a run, by the name's end."""


def trainer_metrics(supervisor: RunSupervisor) -> Iterator[Metric]:
    """The figures as they are.

    Args:
        supervisor: Who conducts the runs.
    """
    runs = supervisor.runs()
    states = GaugeMetricFamily(
        "movierec_runs", "Runs that are kept, by where they stand.", labels=["state"]
    )
    counted = Counter(run.state for run in runs)
    for state in RunState:
        states.add_metric([state], counted[state])
    yield states
    active = next((run for run in runs if run.state in UNDER_WAY), None)
    phases = GaugeMetricFamily(
        "movierec_run_phase",
        "1 for what the run that goes on is doing, and 0 for all else.",
        labels=["phase"],
    )
    for phase in RunPhase:
        phases.add_metric([phase], float(active is not None and active.phase is phase))
    yield phases
    yield from _of_run(active, runs[0] if runs else None)


def _of_run(active: Run | None, newest: Run | None) -> Iterator[Metric]:
    """Of the run that goes on, or the one that was started last, so that its end can be seen."""
    run = active or newest
    figures = _figures_of(run) if run else {}
    for name, meaning in MEANINGS.items():
        family = GaugeMetricFamily(
            f"movierec_run_{name}",
            f"Of the run that goes on, or the last one: {meaning}",
            labels=(),
        )
        figure = figures.get(name)
        if figure is not None:
            family.add_metric([], figure)
        yield family


def _figures_of(run: Run) -> dict[str, float | None]:
    figures: dict[str, float | None] = {"ratings_per_second": 0.0}
    if run.end_time or run.state in UNDER_WAY:
        until = run.end_time or datetime.now(UTC)
        figures["duration_seconds"] = (until - run.create_time).total_seconds()
    if progress := run.progress:
        figures |= {
            "epoch": progress.epoch,
            "epochs": progress.epoch_count,
            "epoch_share": progress.epoch_share,
            "loss": progress.loss,
            "val_loss": progress.val_loss,
        }
        if run.state is RunState.RUNNING and run.phase is RunPhase.FITTING:
            figures["ratings_per_second"] = progress.ratings_per_second
    if metrics := run.metrics:
        figures["rmse"] = metrics.rmse
        figures["ndcg_at_100"] = metrics.ranking.ndcg_at_100 if metrics.ranking else None
    return figures
