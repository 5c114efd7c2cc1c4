"""Loading a version: from its folder to one that is ready to serve, beside a running event loop."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.alternating import Series, alternate
from bench.load_once import TICK_S, Found
from bench.setup import Setup
from bench.tables import Table, in_megabytes, in_seconds
from trainer_service.artifact.publication import Publication
from trainer_service.artifact.publishing import prepare_volume, publish
from trainer_service.data import DataReport, Movie, MovieTable
from trainer_service.model.evaluation import TrainingMetrics
from trainer_service.model.settings import TrainingSettings
from trainer_service.sample.catalogue import load_catalogue

TARGETS_S = {(27_278, 64): 0.5, (1_000_000, 128): 10.0}
"""The most that a load may take, by movies and dimensions: from being seen to serving."""

WAYS = ("tuned", "plain")
"""As the service is started, and with Python's own settings."""


def measure(setup: Setup) -> Table:
    """Seconds, pauses and memory, by the size of the version."""
    folders = {size: published(setup.data, *size) for size in TARGETS_S}
    found: dict[tuple[tuple[int, int], str], list[Found]] = {}

    def once(size: tuple[int, int], way: str) -> float:
        found.setdefault((size, way), []).append(load_apart(folders[size], way))
        return found[size, way][-1]["seconds"]

    trials = {
        (size, way): (lambda size=size, way=way: once(size, way))
        for size in folders
        for way in WAYS
    }
    names = {key: f"{key[0][0]:,} x {key[0][1]}, {key[1]}" for key in trials}
    alternate({names[key]: trial for key, trial in trials.items()}, setup.rounds)
    rows = []
    for size, way in trials:
        loads = found[size, way]
        series = Series(tuple(load["seconds"] for load in loads))
        rows.append(
            (
                names[size, way],
                f"{TARGETS_S[size]} s",
                *in_seconds(series),
                in_milliseconds(load["idle_worst_s"] for load in loads),
                in_milliseconds(load["worst_s"] for load in loads),
                in_milliseconds(load["p99_s"] for load in loads),
                in_megabytes(max(load["bytes_before"] for load in loads)),
                in_megabytes(max(load["bytes_after"] for load in loads)),
            )
        )
    return Table(
        title="Loading a version in a thread beside the event loop",
        columns=(
            *("movies x dimensions", "at most", "median", "range"),
            *("longest tick before", "longest tick", "99 of 100 ticks"),
            *("memory before", "memory after"),
        ),
        rows=tuple(rows),
        notes=(
            "From the folder to a version that is checked and warm. The system has the files.",
            (
                f"A tick is a sleep of {TICK_S * 1000:.0f} ms in the event loop: what it takes "
                f"longer, a request would have waited. Of each round's longest the median and, in "
                f"brackets, the longest; so of the 99th of 100."
            ),
            (
                "Tuned: with the switch interval of the service, and what was imported frozen for "
                "the garbage collector. Plain: with Python's own settings."
            ),
            "Memory is what is resident, of a fresh process that has imported the recommender.",
        ),
        figures={
            f"{names[key]}, {what}": tuple(float(load[what]) for load in loads)
            for key, loads in found.items()
            for what in (
                *("seconds", "idle_worst_s", "worst_s", "p99_s"),
                *("bytes_before", "bytes_after"),
            )
        },
    )


def load_apart(folder: Path, way: str) -> Found:
    """Loads a version in a process of its own."""
    command = [sys.executable, "-m", "bench.load_once", str(folder), way]
    said = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    found: Found = json.loads(said)
    return found


def in_milliseconds(figures: Iterator[float]) -> str:
    """Median, and the greatest."""
    series = Series(tuple(figures))
    return f"{series.median * 1000:.1f} ms ({series.spread[1] * 1000:.1f})"


def published(data: Path, movie_count: int, dim: int) -> Path:
    """The folder of a version of that size; made when it is not there."""
    artifacts = data / f"version-{movie_count}x{dim}"
    if not (artifacts / "versions" / "1").is_dir():
        data.mkdir(parents=True, exist_ok=True)
        prepare_volume(artifacts)
        publish(artifacts, invented(movie_count, dim))
    return artifacts / "versions" / "1"


def invented(movie_count: int, dim: int) -> Publication:
    """A version of movies with titles like MovieLens', in directions that are random."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(movie_count, dim)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    counts = {name: 0 for name in DataReport.model_fields if name.endswith("_count")}
    genres = [film.genres for film in load_catalogue().real]
    titles = invented_titles(movie_count, rng)
    movies = MovieTable(
        tuple(
            Movie(movie_id, title, genres[movie_id % len(genres)])
            for movie_id, title in enumerate(titles, start=1)
        )
    )
    return Publication(
        run_id="bench",
        dataset="bench",
        report=DataReport(form="kaggle-ml-20m", bad_rows=(), fingerprint="0" * 64, **counts),
        settings=TrainingSettings(min_ratings=0, dim=dim).for_data(
            user_count=1, movie_count=movie_count
        ),
        metrics=TrainingMetrics(best_epoch=1, loss=1.0, notes=("nothing was trained",)),
        movies=movies,
        rating_counts=rng.integers(0, 60_000, movie_count),
        embeddings=rows,
    )


def invented_titles(count: int, rng: np.random.Generator) -> Iterator[str]:
    """Titles of words of real ones, with articles, brackets and accents as often as in ML-20M."""
    words = sorted(
        {word.strip(",()") for film in load_catalogue().real for word in film.title[:-7].split()}
        - {""}
    )
    for _ in range(count):
        chosen = [words[i] for i in rng.integers(len(words), size=6)]
        article, brackets, accents = rng.random(3)
        title = " ".join(chosen[: rng.integers(1, 4)])
        if accents < 0.05:
            title += " \u00e0 Saint-Andr\u00e9"
        if article < 0.2:
            title += ", The"
        if brackets < 0.15:
            title += f" ({' '.join(chosen[3:])}, Le)"
        yield f"{title} ({rng.integers(1920, 2016)})"
