"""Versions with answers known by hand, published by the trainer's own writer."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from movierec.control.files import make_folder
from trainer_service.artifact import publishing
from trainer_service.artifact.publication import Publication
from trainer_service.artifact.publishing import prepare_volume
from trainer_service.data import DataReport, Movie, MovieTable
from trainer_service.model.evaluation import TrainingMetrics
from trainer_service.model.gate import GateResult
from trainer_service.model.settings import TrainingSettings

TITLES = (
    "Toy Story (1995)",
    "Toy Story 2 (1999)",
    "Matrix, The (1999)",
    "Heat (1995)",
    "Sabrina (1954)",
    "Sabrina (1995)",
)
"""Movie i has the id 10 * (i + 1)."""

ANGLES = (0, 10, 30, 60, 90, 120)
"""Degrees: the cosine of two movies is that of the angle between them."""


def publication(
    titles: Sequence[str] = TITLES,
    angles: Sequence[float] = ANGLES,
    *,
    run_id: str = "run-1",
    embeddings: NDArray[np.float32] | None = None,
    gate: GateResult | None = None,
) -> Publication:
    """A version of movies on a circle."""
    radians = np.radians(np.asarray(angles, dtype=np.float64))
    circle = np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)
    vectors = circle if embeddings is None else embeddings
    movies = MovieTable(
        tuple(
            Movie(10 * (i + 1), title, ("Comedy", "Drama") if i % 2 else ())
            for i, title in enumerate(titles)
        )
    )
    count = len(titles)
    return Publication(
        run_id=run_id,
        dataset="by-hand",
        report=DataReport(
            form="kaggle-ml-20m",
            row_count=100,
            rating_count=100,
            user_count=10,
            movie_count=count,
            kept_rating_count=100,
            kept_user_count=10,
            kept_movie_count=count,
            bad_rows=(),
            fingerprint="0" * 64,
        ),
        settings=TrainingSettings(min_ratings=0, dim=vectors.shape[1]).for_data(
            user_count=10, movie_count=count
        ),
        metrics=TrainingMetrics(best_epoch=1, loss=1.0, notes=("measured by hand",)),
        movies=movies,
        rating_counts=np.arange(count, 0, -1, dtype=np.int64) * 10,
        embeddings=vectors,
        gate=gate,
    )


def publish(artifacts_dir: Path, told: Publication) -> int:
    """Publishes on a volume, which is made ready if it is new; returns the version's number."""
    make_folder(artifacts_dir.parent)
    prepare_volume(artifacts_dir)
    return publishing.publish(artifacts_dir, told)


def publish_by_hand(artifacts_dir: Path, run_id: str = "run-1") -> int:
    """Publishes that version; returns its number."""
    return publish(artifacts_dir, publication(run_id=run_id))


def publish_many(artifacts_dir: Path, name: str) -> int:
    """Publishes 1,200 movies on a half circle; returns the version's number.

    Their answers come in chunks, and their titles begin with the name and are
    long, so that the transport does not take a whole answer in advance.
    """
    count = 1_200
    titles = [f"{name} {i} {'x' * 400} (1999)" for i in range(count)]
    return publish(artifacts_dir, publication(titles, np.linspace(0, 180, count).tolist()))
