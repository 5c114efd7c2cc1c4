"""Which movies of a version pass a filter, before any is taken."""

import numpy as np
from numpy.typing import NDArray

from movierec.chassis.errors import InvalidRequestError, Violation
from recommender_service.catalogue.catalogue import Catalogue
from recommender_service.catalogue.genres import UnknownGenreError
from recommender_service.catalogue.movies import NO_YEAR
from recommender_service.query.query import MovieFilter


def passing(catalogue: Catalogue, wanted: MovieFilter) -> NDArray[np.bool_] | None:
    """Which movies have the genres, the years and the ratings that are wanted.

    Scores and exclusions are not looked at.

    Args:
        catalogue: The movies.
        wanted: The filter.

    Returns:
        (M,), or None when all have.

    Raises:
        InvalidRequestError: It names a genre that no movie has.
    """
    conditions = []
    if wanted.any_genres or wanted.all_genres or wanted.no_genres:
        conditions.append(_of_genres(catalogue, wanted))
    years = catalogue.movies.years
    if wanted.first_year is not None or wanted.last_year is not None:
        # One of unknown year is of none of those that are asked for.
        conditions.append(years >= max(wanted.first_year or 0, NO_YEAR + 1))
    if wanted.last_year is not None:
        conditions.append(years <= wanted.last_year)
    if wanted.min_rating_count:
        conditions.append(catalogue.movies.rating_counts >= wanted.min_rating_count)
    return np.logical_and.reduce(conditions) if conditions else None


def least_score(min_score: float) -> np.float32:
    """The smallest score that is no less than a number: scores are float32, and it need not be."""
    least = np.float32(min_score)
    # As Python's own floats: NumPy would round the number before it compares.
    return np.nextafter(least, np.float32(2)) if float(least) < min_score else least


def _of_genres(catalogue: Catalogue, wanted: MovieFilter) -> NDArray[np.bool_]:
    try:
        return catalogue.genres.passing(wanted.any_genres, wanted.all_genres, wanted.no_genres)
    except UnknownGenreError as error:
        raise InvalidRequestError(_unknown(error, wanted)) from None


def _unknown(error: UnknownGenreError, wanted: MovieFilter) -> Violation:
    for name in ("any_genres", "all_genres", "no_genres"):
        genres = list(getattr(wanted, name))
        if error.genre in genres:
            break
    legal = ", ".join(error.there) or "none, since no movie has one"
    sentence = f"{error.genre[:80]!r} is no genre of this version; legal is {legal}"
    return Violation(f"filter.{name}[{genres.index(error.genre)}]", sentence)
