"""Our model, made ready to be fitted just as a run does it, for whoever times the fitting."""

from dataclasses import dataclass
from pathlib import Path

from bench.alternating import Trial, seconds
from bench.setup import DEFAULTS
from trainer_service.data import Ratings, read_dataset
from trainer_service.model.fitting import Fitting, prepare
from trainer_service.model.settings import FittingSettings
from trainer_service.model.split import Split, split_ratings


@dataclass(frozen=True, slots=True)
class Ours:
    """Our model, ready to be fitted.

    Args:
        fitting: Both heads, compiled, and what they are fitted to.
        settings: The default ones, with what follows the data filled in.
    """

    fitting: Fitting
    settings: FittingSettings

    def epoch(self) -> Trial:
        """The trial that times one epoch in seconds; an epoch before that compiles."""
        self._fit_epoch()
        return seconds(self._fit_epoch)

    def _fit_epoch(self) -> None:
        self.fitting.heads.fit(self.fitting.batches, shuffle=False, verbose=0)


def make_ready(split: Split) -> Ours:
    """Our model for a split, at the default settings."""
    settings = DEFAULTS.for_data(
        user_count=split.train_user_count, movie_count=split.train.movie_count
    )
    return Ours(prepare(split, settings), settings)


def often_rated(folder: Path) -> Ratings:
    """What is left of a data set at the default filter."""
    dataset = read_dataset(folder, max_bad_row_share=0)
    return dataset.over_threshold(DEFAULTS.min_ratings).ratings


def split_as_run(ratings: Ratings) -> Split:
    """The split that a run makes at the default settings."""
    return split_ratings(ratings, DEFAULTS.holdout)
