"""A movie, as it is shown."""

from dataclasses import dataclass


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
        for name, value, largest in (
            ("movie_id", self.movie_id, 2**63 - 1),
            ("year", self.year or 0, 9999),
            ("rating_count", self.rating_count, 2**63 - 1),
        ):
            if not 0 <= value <= largest:
                raise ValueError(f"{name} {value} is not legal; legal is 0 to {largest:,}")
