"""Small data sets with planted tastes, written as files in Kaggle's form."""

from pathlib import Path

import numpy as np

from trainer_service.data import Dataset, read_dataset

REAL_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
"""Where real data lies, if it does; it is never part of the project."""


def write_two_tastes(folder: Path, users: int = 120, movies: int = 20, seed: int = 0) -> Path:
    """Writes users who each love one half of the movies and not the other.

    Movies have the ids 1 to `movies`; the first half is one taste, the second
    half the other. Each user rates about two thirds of them.
    """
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    titles = [f'{i},"Film {i:02d} ({1950 + i})","Drama"' for i in range(1, movies + 1)]
    (folder / "movie.csv").write_text("\n".join(["movieId,title,genres", *titles]) + "\n")
    lines = ["userId,movieId,rating,timestamp"]
    for user in range(1, users + 1):
        taste = user % 2
        for movie in range(1, movies + 1):
            if rng.random() < 2 / 3:
                loved = (movie <= movies // 2) == bool(taste)
                rating = rng.choice([4.0, 4.5, 5.0] if loved else [1.0, 2.0, 3.0])
                lines.append(f'{user},{movie},{rating},"2005-04-02 23:53:47"')
    (folder / "rating.csv").write_text("\n".join(lines) + "\n")
    return folder


def two_tastes(folder: Path, **sizes: int) -> Dataset:
    """The same, read."""
    return read_dataset(write_two_tastes(folder, **sizes), max_bad_row_share=0)
