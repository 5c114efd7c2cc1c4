"""Reading the 20-million-row file, against pandas' C parser on the same three columns."""

import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from bench.alternating import alternate, seconds
from bench.memory import run_watched
from bench.setup import DEFAULTS, Setup
from bench.tables import Table, in_megabytes, in_seconds
from trainer_service.data import read_dataset
from trainer_service.data.forms import recognise
from trainer_service.data.rating_rows import read_rating_rows
from trainer_service.model.split import split_ratings


def with_pandas(folder: Path) -> object:
    """The rating file as a frame."""
    return pd.read_csv(
        folder / recognise(folder).ratings.file,
        usecols=["userId", "movieId", "rating"],
        dtype={"userId": np.int32, "movieId": np.int32, "rating": np.float32},
        engine="c",
    )


def as_rows(folder: Path) -> object:
    """The rating file as arrays, every row checked."""
    form = recognise(folder)
    return read_rating_rows(folder / form.ratings.file, form.ratings)


def as_dataset(folder: Path) -> object:
    """The whole data set, sorted, without duplicates, with its fingerprint."""
    return read_dataset(folder, max_bad_row_share=0)


def as_split(folder: Path) -> object:
    """What a run does before it trains, at the default settings."""
    dataset = read_dataset(folder, max_bad_row_share=0).over_threshold(DEFAULTS.min_ratings)
    return split_ratings(dataset.ratings, DEFAULTS.holdout)


WAYS = {
    "pandas' C parser": with_pandas,
    "`read_rating_rows`: into arrays, checked": as_rows,
    "`read_dataset`: also sorted, and with its fingerprint": as_dataset,
    "`read_dataset`, filter and split": as_split,
}


def measure(setup: Setup) -> Table:
    """Time and peak memory of each way to read."""
    folder = setup.full_scale()
    with_pandas(folder)  # from here on the system has the file in memory
    measured = alternate(
        {name: seconds(partial(read, folder)) for name, read in WAYS.items()},
        setup.rounds,
    )
    pandas = next(iter(measured.values()))
    rows = []
    for name, series in measured.items():
        _, peak_bytes = run_watched("-m", "bench.reading", str(folder), name)
        ratio = series.median / pandas.median
        rows.append((name, *in_seconds(series), f"{ratio:.2f}", in_megabytes(peak_bytes)))
    return Table(
        title="Reading 20 million rows",
        columns=("", "median", "range", "/ pandas", "peak memory"),
        rows=tuple(rows),
        notes=(
            "Target: at most 1.5 times pandas.",
            "`pd.read_csv` with `usecols` of user, movie and rating as int32, int32, float32.",
            "The system has the file in memory. Peak memory is of a fresh process.",
        ),
        figures={name: series.figures for name, series in measured.items()},
    )


if __name__ == "__main__":
    WAYS[sys.argv[2]](Path(sys.argv[1]))
