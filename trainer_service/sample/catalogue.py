"""The films of the sample: real ones from `films.csv`, and invented ones for larger scales.

Popularity, quality, series and taste are our own rough judgement of each film. They are what the
simulated viewers act on, and so what a model trained on the sample can find again.
"""

import csv
import re
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

GENRES = frozenset(
    {
        *("Action", "Adventure", "Animation", "Children", "Comedy", "Crime"),
        *("Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical"),
        *("Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
    }
)
NO_GENRES = "(no genres listed)"
"""What MovieLens writes in place of genres; one in a hundred invented films has it."""


@dataclass(frozen=True, slots=True)
class Film:
    """A film, and what draws viewers to it.

    Args:
        movie_id: Its number in the files, from 1.
        title: In MovieLens' form: article behind a comma, year in brackets at the end.
        genres: MovieLens' genre names; empty if none are listed.
        series: The series that it belongs to, or "".
        taste: The group of films that the same people like.
        popularity: How often it is rated; the most popular film has 100.
        quality: The stars that an average viewer gives it, 0.5 to 5.
        likeness: The `movie_id` of the real film that it shares its audience with: its own for a
            real film, another's for an invented one.
    """

    movie_id: int
    title: str
    genres: tuple[str, ...]
    series: str
    taste: str
    popularity: float
    quality: float
    likeness: int

    def __post_init__(self) -> None:
        if not re.search(r" \(\d{4}\)$", self.title):
            raise ValueError(f"{self.title!r} does not end in a year, as ' (1995)': add it")
        if unknown := set(self.genres) - GENRES:
            raise ValueError(f"{self.title} has {sorted(unknown)}; legal are {sorted(GENRES)}")
        if not self.taste:
            raise ValueError(f"{self.title} has no taste: name the group that it belongs to")
        if not self.popularity > 0:
            raise ValueError(f"{self.title} has popularity {self.popularity}: give it one above 0")
        if not 0.5 <= self.quality <= 5:
            raise ValueError(f"{self.title} has quality {self.quality}; legal is 0.5 to 5")

    @property
    def year(self) -> int:
        """The year in the title."""
        return int(self.title[-5:-1])

    @property
    def genre_text(self) -> str:
        """The genres as MovieLens writes them, e.g. "Crime|Drama"."""
        return "|".join(self.genres) or NO_GENRES


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Films in order of `movie_id`, numbered from 1 without gaps: the real ones, then the invented.

    Args:
        films: All films.
        real_count: How many of them, from the first, are real.
    """

    films: tuple[Film, ...]
    real_count: int

    def __post_init__(self) -> None:
        if [film.movie_id for film in self.films] != list(range(1, len(self.films) + 1)):
            raise ValueError("films are not numbered 1, 2, 3, ...: number them in their order")

    @property
    def real(self) -> tuple[Film, ...]:
        """The films that exist."""
        return self.films[: self.real_count]

    def filled_up(self, movie_count: int, rng: np.random.Generator) -> "Catalogue":
        """The same films, followed by invented ones up to `movie_count` in all.

        Each invented film takes the year, genres and taste of a real film that is in no series,
        so that no series is thinned out, and its popularity from how far down the list it stands.

        Args:
            movie_count: How many films there should be; no film is taken away.
            rng: Where chance comes from.
        """
        candidates = [film for film in self.real if not film.series]
        count = max(0, movie_count - len(self.films))
        patterns = [candidates[index] for index in rng.integers(len(candidates), size=count)]
        genreless = rng.random(count) < 0.01
        quality = rng.normal(3.5, 0.35, count).clip(1, 4.5)
        # Starts at an ordinary real film's, and falls so that at scale 1 not quite 1,000 films
        # have more than 5,000 ratings, much as in ML-20M, while most have a few dozen. The last
        # summand is worth some 15 ratings: nearly every film is rated.
        popularity = 22 * np.exp(-0.0597 * np.sqrt(np.arange(count))) + 0.012
        invented = (
            Film(
                movie_id=movie_id,
                title=f"Invented Film {movie_id:05} ({pattern.year})",
                genres=() if genreless[index] else pattern.genres,
                series="",
                taste=pattern.taste,
                popularity=float(popularity[index]),
                quality=float(quality[index]),
                likeness=pattern.movie_id,
            )
            for index, (movie_id, pattern) in enumerate(enumerate(patterns, len(self.films) + 1))
        )
        return Catalogue((*self.films, *invented), self.real_count)


def load_catalogue() -> Catalogue:
    """The real films, from the package's `films.csv`."""
    lines = (files(__package__) / "films.csv").read_text("utf-8").splitlines()
    films = tuple(
        Film(
            movie_id=int(row["movie_id"]),
            title=row["title"],
            genres=tuple(row["genres"].split("|")),
            series=row["series"],
            taste=row["taste"],
            popularity=float(row["popularity"]),
            quality=float(row["quality"]),
            likeness=int(row["movie_id"]),
        )
        for row in csv.DictReader(lines)
    )
    return Catalogue(films, len(films))
