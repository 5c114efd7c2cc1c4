"""A seed: a movie that an answer is to be like, or unlike."""

from dataclasses import dataclass
from typing import SupportsIndex


@dataclass(frozen=True, slots=True)
class Seed:
    """A movie, and how much the answer is to be like it.

    Args:
        movie: An id, or a title in any usual form: "Toy Story (1995)",
            "toy story", or "The Matrix" for "Matrix, The (1999)".
        weight: Negative means "unlike this".

    Raises:
        TypeError: `movie` is neither.
    """

    movie: SupportsIndex | str
    weight: float = 1.0

    def __post_init__(self) -> None:
        # True is an int to Python, and never meant as one here.
        if isinstance(self.movie, bool) or not isinstance(self.movie, str | SupportsIndex):
            raise TypeError(
                f"{self.movie!r} names no movie: give an id as an int, a title as a str, "
                f"or Seed(movie, weight)"
            )


MovieLike = SupportsIndex | str | Seed
"""What names a movie in a call."""
