"""Writes the sample as a folder: whole under its final name, or not at all."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainer_service.sample.catalogue import load_catalogue
from trainer_service.sample.files import MOVIE_FILE, RATING_FILE, write_movies, write_ratings
from trainer_service.sample.viewers import Audience

README_FILE = "README.txt"
DEFAULT_SCALE = 0.01
FULL_USER_COUNT = 138_493  # of ML-20M, which scale 1 has the shape of
FULL_MOVIE_COUNT = 26_744


@dataclass(frozen=True, slots=True)
class SampleSummary:
    """What was written, and where.

    Args:
        folder: The folder, absolute.
        user_count: Simulated viewers.
        movie_count: Films in `movie.csv`, rated or not.
        rating_count: Simulated ratings.
    """

    folder: Path
    user_count: int
    movie_count: int
    rating_count: int


def write_sample(out_dir: Path, *, scale: float = DEFAULT_SCALE, seed: int = 0) -> SampleSummary:
    """Writes real films and simulated ratings in Kaggle's ML-20M form.

    Args:
        out_dir: The folder to write; it is made, and must be empty if it exists.
        scale: Size as a share of ML-20M: 1 gives 138,493 viewers, 26,744 films (most of them
            invented) and about 20 million ratings.
        seed: The same seed and scale give the same bytes.

    Raises:
        ValueError: `scale` is not above 0 and at most 1, or `seed` is negative.
        FileExistsError: `out_dir` is a file, or a folder with something in it.
    """
    if not 0 < scale <= 1:
        raise ValueError(f"scale is {scale}; legal is above 0 and at most 1, such as 0.01")
    if seed < 0:
        raise ValueError(f"seed is {seed}; legal is 0 or any whole number above, such as 0")
    out_dir = out_dir.resolve()
    _refuse_to_overwrite(out_dir)

    rng = np.random.default_rng(seed)
    catalogue = load_catalogue().filled_up(round(FULL_MOVIE_COUNT * scale), rng)
    user_count = max(1, round(FULL_USER_COUNT * scale))
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out_dir.name}-", dir=out_dir.parent) as staging:
        # One level down, because the temporary folder itself is closed to other users.
        folder = Path(staging, out_dir.name)
        folder.mkdir()
        write_movies(folder / MOVIE_FILE, catalogue)
        batches = Audience(catalogue).ratings(user_count, rng)
        rating_count = write_ratings(folder / RATING_FILE, batches)
        summary = SampleSummary(out_dir, user_count, len(catalogue.films), rating_count)
        readme = _readme(summary, len(catalogue.real), scale, seed)
        (folder / README_FILE).write_text(readme, encoding="utf-8")
        if out_dir.exists():
            out_dir.rmdir()  # fails, and so protects, what was put there meanwhile
        folder.rename(out_dir)
    return summary


def _refuse_to_overwrite(out_dir: Path) -> None:
    if out_dir.exists() and not out_dir.is_dir():
        raise FileExistsError(f"{out_dir} is a file: name a folder that is empty or not there yet")
    if out_dir.is_dir() and any(out_dir.iterdir()):
        raise FileExistsError(
            f"{out_dir} is not empty, and nothing is overwritten: "
            f"name another folder, or empty this one first"
        )


def _readme(summary: SampleSummary, real_count: int, scale: float, seed: int) -> str:
    invented_count = summary.movie_count - real_count
    return f"""\
SIMULATED RATINGS

The viewers and ratings in this folder are simulated: no person gave any of them. They come from
`movierec sample` and are meant for trying movierec out, not for learning anything about films or
people.

  viewers   {summary.user_count:>12,}  all simulated
  ratings   {summary.rating_count:>12,}  all simulated
  films     {summary.movie_count:>12,}  {real_count:,} real, {invented_count:,} invented

  scale {float(scale)}, seed {seed}: the same two numbers give the same files again.

{MOVIE_FILE} and {RATING_FILE} have the form of Kaggle's ML-20M. Titles, years and genres of the
real films are true; film numbers are our own, not MovieLens'. Films called "Invented Film 12345"
do not exist: they fill larger scales up to the size of ML-20M.

How it was done: every film has a popularity, a quality, a taste (such as "film-noir" or "pixar")
and perhaps a series, by our own rough judgement. Every viewer leans at random towards some tastes,
series and genres, and towards old or new films. Popular films, and films that a viewer leans to,
are rated more often; the stars are the film's quality, plus the viewer's leaning and generosity,
plus noise, rounded to halves. Half of the viewers give whole stars only. The times are made up.
"""
