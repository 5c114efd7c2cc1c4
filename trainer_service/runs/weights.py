"""How long a run's weights are kept once it has ended."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from trainer_service.errors import WeightsNotKeptError
from trainer_service.runs.run import Run
from trainer_service.runs.store import RunStore


class KeptWeights:
    """The weights of runs of which something may still be published.

    Args:
        store: Where they are.
        keep_for: How long after a run has ended.
    """

    def __init__(self, store: RunStore, keep_for: timedelta) -> None:
        self._store = store
        self._keep_for = keep_for

    def discard(self, runs: Iterable[Run]) -> None:
        """Removes the weights of those runs that have ended, and need them no more."""
        for run in runs:
            if run.is_spent or self._is_long_over(run):
                self._store.discard_checkpoints(run.run_id)

    def require(self, run: Run) -> None:
        """Makes sure that a run's weights were not removed for their age.

        Args:
            run: As it was before it is taken up again.

        Raises:
            WeightsNotKeptError: They were.
        """
        if self._is_long_over(run) and not self._store.checkpoints(run.run_id).exists():
            raise WeightsNotKeptError(
                f"the weights of run {run.run_id} were removed: they are kept for "
                f"{self._keep_for.total_seconds():,.0f} s after a run has ended "
                f"(MOVIEREC_KEEP_WEIGHTS_S): train again"
            )

    def _is_long_over(self, run: Run) -> bool:
        ended = run.end_time or run.create_time
        return run.state.is_final and datetime.now(UTC) - ended >= self._keep_for
