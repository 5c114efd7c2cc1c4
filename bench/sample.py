"""Making the data set in ML-20M's shape, and whether it has that shape."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from bench.memory import run_watched
from bench.setup import Setup
from bench.tables import Table, in_megabytes
from trainer_service.data import read_dataset

OFTEN = 5_000


def measure(setup: Setup) -> Table:
    """Time, peak memory and what comes out."""
    setup.data.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=setup.data) as parent:
        folder = Path(parent) / "sample"
        elapsed, peak_bytes = run_watched(
            *("-m", "movierec_client", "sample", str(folder), "--scale", "1")
        )
        file_bytes = (folder / "rating.csv").stat().st_size
        ratings = read_dataset(folder, max_bad_row_share=0).ratings
    often = int(np.count_nonzero(ratings.rating_counts > OFTEN))
    return Table(
        title="`movierec sample DIR --scale 1`",
        columns=("", "wanted", "found"),
        rows=(
            ("time", "under 60 s", f"{elapsed:.1f} s"),
            ("users", "138,493", f"{ratings.user_count:,}"),
            ("movies with ratings", "26,744", f"{ratings.movie_count:,}"),
            ("ratings", "20 million", f"{len(ratings):,}"),
            (f"movies with more than {OFTEN:,} ratings", "750 to 1,000", f"{often:,}"),
            ("`rating.csv`", "", in_megabytes(file_bytes)),
            ("peak memory", "", in_megabytes(peak_bytes)),
        ),
        notes=("One run.",),
        figures={
            "seconds": (elapsed,),
            "users": (ratings.user_count,),
            "movies": (ratings.movie_count,),
            "ratings": (len(ratings),),
            "movies over 5,000 ratings": (often,),
            "file bytes": (file_bytes,),
            "peak bytes": (peak_bytes,),
        },
    )
