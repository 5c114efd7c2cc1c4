"""How a run goes on: a bar on a terminal, a line an epoch elsewhere."""

from typing import Self

from rich.progress import BarColumn, Progress, TextColumn

from movierec_client.cli.output import console, say, short_number, short_time
from movierec_client.cli.reports import say_data, say_metrics
from movierec_client.cli.serving import published_lines
from movierec_client.runs import GateResult, RunEvent
from movierec_client.runs import Progress as Fitting
from movierec_client.states import RunPhase

_WIDE = 70  # columns


class RunDisplay:
    """Shows the events of a run, from the first to the last.

    To be used as a context manager, which takes the bar away at the end.
    """

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[figures]}"),
            console=console(),
            disable=not console().is_terminal,
            expand=True,
            transient=True,
        )
        self._task = self._bar.add_task("waiting", total=None, figures="")
        self._run_id = ""
        self._phase: RunPhase | None = None
        self._finished_epoch = 0
        self._gate: GateResult | None = None

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        if not self._bar.disable:  # Older versions of rich print an empty line then.
            self._bar.stop()

    def show(self, event: RunEvent) -> None:
        """Shows an event."""
        if event.run_id != self._run_id:
            self._run_id = event.run_id
            say(f"run {event.run_id}")
        if event.phase and event.phase is not self._phase:
            self._phase = event.phase
            self._show_phase(event.phase)
        if event.data:
            say_data(event.data)
        if event.progress:
            self._show_fitting(event.progress)
        if event.metrics:
            say_metrics(event.metrics)
        self._gate = event.gate or self._gate
        if event.version:
            for line in published_lines(event.version, self._gate, event.run_id):
                say(line)

    def _show_phase(self, phase: RunPhase) -> None:
        self._bar.update(self._task, description=phase.lower(), figures="")
        if self._bar.disable and phase is not RunPhase.FITTING:
            say(phase.lower())

    def _show_fitting(self, fitting: Fitting) -> None:
        epoch = f"epoch {fitting.epoch}/{fitting.epoch_count}"
        self._bar.update(
            self._task,
            description=epoch,
            total=fitting.epoch_count,
            completed=fitting.epoch - 1 + fitting.epoch_share,
            figures=_figures(fitting),
        )
        finished = fitting.epoch_share >= 1 and fitting.epoch != self._finished_epoch
        if self._bar.disable and finished:
            self._finished_epoch = fitting.epoch
            say(f"{epoch}  {_figures(fitting)}")


def _figures(fitting: Fitting) -> str:
    figures = []
    if console().width >= _WIDE:  # Else there is room for what one waits for, and no more.
        figures.append(f"loss {fitting.loss:.4f}")
        if fitting.val_loss is not None:
            figures.append(f"val {fitting.val_loss:.4f}")
    of_what = " ratings" if console().width >= _WIDE else ""
    figures.append(f"{short_number(fitting.ratings_per_second)}{of_what}/s")
    if fitting.time_left_s is not None:
        figures.append(f"{short_time(fitting.time_left_s)} left")
    return "  ".join(figures)
