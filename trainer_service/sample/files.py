"""The sample's files, in the form in which Kaggle hands out ML-20M.

`movie.csv` and `rating.csv`: numbers bare, text in double quotes, the timestamp as text.
"""

import csv
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trainer_service.sample.catalogue import Catalogue
from trainer_service.sample.viewers import Integers, Ratings

MOVIE_FILE = "movie.csv"
RATING_FILE = "rating.csv"
RATING_HEADER = b'"userId","movieId","rating","timestamp"\n'
DAY_S = 86_400


def write_movies(path: Path, catalogue: Catalogue) -> None:
    """Writes `movie.csv`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        rows.writerow(["movieId", "title", "genres"])
        rows.writerows([film.movie_id, film.title, film.genre_text] for film in catalogue.films)


def write_ratings(path: Path, batches: Iterable[Ratings]) -> int:
    """Writes `rating.csv`.

    Returns:
        How many ratings were written.
    """
    rating_count = 0
    with path.open("wb") as file:
        file.write(RATING_HEADER)
        for ratings in batches:
            file.write(rating_rows(ratings))
            rating_count += len(ratings)
    return rating_count


def rating_rows(ratings: Ratings) -> bytes:
    """The rows of `rating.csv`, such as `1,2,3.5,"2005-04-02 23:53:47"`.

    Text is looked up column by column and set side by side in cells of fixed width, NUL-padded;
    dropping the NULs leaves the rows. Twenty million rows take seconds so, not minutes.

    Args:
        ratings: At least one.
    """
    day, second = np.divmod(ratings.moment, DAY_S)
    columns = [
        _cells(ratings.user_id, "{},".format),
        _cells(ratings.movie_id, "{},".format),
        _cells(ratings.half_stars, lambda half_stars: f'{half_stars / 2},"'),
        _cells(day, _date),
        _cells(second // 3600, "{:02}:".format),
        _cells(second // 60 % 60, "{:02}:".format),
        _cells(second % 60, '{:02}"\n'.format),
    ]
    rows = np.hstack(columns)  # (ratings, width)
    text: bytes = rows[rows != 0].tobytes()
    return text


def _cells(values: Integers, spell: Callable[[int], str]) -> npt.NDArray[np.uint8]:
    """Each value as ASCII bytes, (values, width); every value in the range is spelt only once."""
    low, high = int(values.min()), int(values.max())
    texts = np.array([spell(value) for value in range(low, high + 1)], dtype=np.bytes_)
    table = texts.view(np.uint8).reshape(len(texts), -1)  # (range, width)
    return table[values - low]


def _date(day: int) -> str:
    return f"{datetime.fromtimestamp(day * DAY_S, UTC):%Y-%m-%d} "
