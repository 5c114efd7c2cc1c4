"""What a version consists of, before it is files."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer_service.data import DataReport, MovieTable
from trainer_service.model.evaluation import TrainingMetrics
from trainer_service.model.gate import GateResult
from trainer_service.model.settings import TrainingSettings


@dataclass(frozen=True)
class Publication:
    """A trained model, ready to be published.

    Args:
        run_id: The run that made it.
        dataset: The data set's name.
        report: What was found in the data.
        settings: Every setting, as used.
        metrics: What was measured.
        movies: Titles, genres and years, M of them.
        rating_counts: Clean ratings of each movie, (M,).
        embeddings: Unit rows, float32, (M, D).
        gate: How it compares with the active version; None if that was not asked.

    Raises:
        ValueError: The parts do not fit together, or a row is no unit vector.
    """

    run_id: str
    dataset: str
    report: DataReport
    settings: TrainingSettings
    metrics: TrainingMetrics
    movies: MovieTable
    rating_counts: NDArray[np.int64]
    embeddings: NDArray[np.float32]
    gate: GateResult | None = None

    def __post_init__(self) -> None:
        if not len(self.movies) == len(self.rating_counts) == len(self.embeddings):
            raise ValueError(
                f"{len(self.movies)} movies, {len(self.rating_counts)} rating counts and "
                f"{len(self.embeddings)} vectors are no version"
            )
        lengths = np.linalg.norm(self.embeddings, axis=1)
        if not np.allclose(lengths, 1, atol=1e-4):  # false for NaN too
            row = int(np.flatnonzero(~np.isclose(lengths, 1, atol=1e-4))[0])
            raise ValueError(f"the vector of row {row} has length {lengths[row]}, not 1")
