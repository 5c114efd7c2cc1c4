"""A movie, as it is shown."""

from dataclasses import dataclass

LARGEST_NUMBER = 2**63 - 1
LARGEST_YEAR = 9999


@dataclass(frozen=True, slots=True)
class Movie:
    """A movie of a version.

    Args:
        movie_id: As in the data.
        title: As in the data, e.g. "Matrix, The (1999)".
        year: Of release, if known.
        genres: In the data's order.
        rating_count: Clean ratings in the data.

    Raises:
        ValueError: A number is not one that a message can hold.
    """

    movie_id: int
    title: str
    year: int | None
    genres: tuple[str, ...]
    rating_count: int

    def __post_init__(self) -> None:
        if (
            0 <= self.movie_id <= LARGEST_NUMBER
            and 0 <= (self.year or 0) <= LARGEST_YEAR
            and 0 <= self.rating_count <= LARGEST_NUMBER
        ):
            return
        for name, value, largest in (
            ("movie_id", self.movie_id, LARGEST_NUMBER),
            ("year", self.year or 0, LARGEST_YEAR),
            ("rating_count", self.rating_count, LARGEST_NUMBER),
        ):
            if not 0 <= value <= largest:
                raise ValueError(f"{name} {value} is not legal; legal is 0 to {largest:,}")
