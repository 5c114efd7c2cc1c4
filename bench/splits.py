"""Measures ways of training over several splits, against EASE on the same users."""

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from movierec.chassis.errors import ServiceError
from trainer_service.data import Ratings
from trainer_service.model.settings import TrainingSettings
from trainer_service.model.split import split_ratings


class NothingToCompareError(ServiceError):
    """A split has no figures of the model's rankings, or none of EASE's."""


@dataclass(frozen=True, slots=True)
class Splits:
    """Measures on one split after the other; EASE once on each.

    Args:
        ratings: What is split.
        on: Whose figures, "test" or "validation" users'.
    """

    ratings: Ratings
    on: str
    _known: dict[tuple[int, float], dict[str, Any]] = field(default_factory=dict, init=False)
    """What follows from the split alone, EASE's figures and the notes, by fold and holdout."""

    def measure(self, settings: TrainingSettings, fold: int) -> dict[str, Any]:
        """The figures of one split, by name.

        Args:
            settings: How to train.
            fold: Which split.

        Raises:
            NothingToCompareError: There are none to compare on this split.
        """
        from trainer_service.model.fitting import fit  # noqa: PLC0415  # takes seconds to import

        split = split_ratings(self.ratings, settings.holdout, fold=fold)
        size = dict(user_count=split.train_user_count, movie_count=split.train.movie_count)
        with tempfile.TemporaryDirectory() as checkpoints:
            fitted = fit(split, settings.for_data(**size), Path(checkpoints), lambda _: None)
        if self.on == "validation":
            split = replace(split, validation=split.test, test=split.validation)
        place = fold, settings.holdout
        measured = fitted.measured(split, ease_up_to=0 if place in self._known else 100_000)
        figures = measured.model_dump(mode="json")
        if place not in self._known:
            if measured.ease is None:
                raise NothingToCompareError(
                    f"split {fold} has nothing to compare: {'; '.join(measured.notes)}"
                )
            self._known[place] = {
                name: figures[name] for name in figures if "ease" in name or name == "notes"
            }
        return figures | self._known[place]
