"""What every table is measured with: where the data lies, and how often to measure."""

from dataclasses import dataclass
from pathlib import Path

from trainer_service.model.settings import TrainingSettings
from trainer_service.sample import write_sample

DEFAULTS = TrainingSettings()
"""How a run trains unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Setup:
    """How to measure.

    Args:
        data: Where data sets are made, and kept for the next time.
        rounds: How often each figure is measured.
    """

    data: Path
    rounds: int

    def __post_init__(self) -> None:
        if self.rounds < 1:
            raise ValueError(f"rounds is {self.rounds}; legal is 1 or more, such as 5")

    def full_scale(self) -> Path:
        """The data set in ML-20M's shape; made when it is not there."""
        folder = self.data / "scale-1"
        if not folder.is_dir():
            write_sample(folder, scale=1)
        return folder
