"""A query: what is asked in a call for recommendations, as a value."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, Literal, SupportsIndex, TypedDict, Unpack

from movierec_client.seeds import MovieLike, Seed

UnknownSeeds = Literal["fail", "skip", "popular"]

Combination = Literal["weighted_mean", "best_match"]

Years = int | tuple[int | None, int | None]
"""One year; or the first and the last, of which None is open."""

VersionLike = SupportsIndex | str
"""What names a version in a call: its number, or a label as a text."""


class QueryOptions(TypedDict, total=False):
    """What can be asked beside the movies; `Query` says what each means."""

    k: int
    dislike: Iterable[MovieLike]
    exclude: Iterable[SupportsIndex | str]
    any_genres: Iterable[str]
    all_genres: Iterable[str]
    no_genres: Iterable[str]
    years: Years | None
    min_rating_count: int
    min_score: float | None
    combination: Combination
    diversity: float
    popularity_discount: float
    explain: bool
    unknown: UnknownSeeds
    version: VersionLike | None


@dataclass(frozen=True, slots=True)
class Query:
    """What to recommend; filters apply before the best k are taken.

    Whether the values are legal, the recommender says. What is iterable is kept
    as a tuple.

    Args:
        movies: Ids (int), titles (str), or `Seed`s with weights.
        k: How many movies, 1 to 1,000.
        dislike: Movies that the answer is to be unlike.
        exclude: Ids or titles of movies that are not to be in it. What is not
            known excludes nothing, and is in the answer's header.
        any_genres: Only movies that have one of these, ...
        all_genres: ... all of these, ...
        no_genres: ... and none of these.
        years: Only movies of this year, or from the first to the last; (1990,
            None) is 1990 or later. Those of unknown year do not pass.
        min_rating_count: Only movies with at least so many ratings.
        min_score: Only movies with at least this score, from -1 to 1.
        combination: "weighted_mean" scores by the cosine with all movies taken
            together, "best_match" by that with the nearest one.
        diversity: From 0, the nearest movies, to 1, the most different ones. It
            changes the order, and no score.
        popularity_discount: From 0 to 1: how much less well known movies come
            first. It changes the order, and no score.
        explain: Whether each recommendation says what each seed contributed.
        unknown: What becomes of seeds that are not known: they "fail"; "skip"
            answers from the others and lists them in the header; "popular" does
            too, and answers with the most rated movies when none is known.
        version: Which is to answer, by its number (int) or a label (str), of
            those that the recommender has loaded; default the one that serves.

    Raises:
        TypeError: One of the movies is none, or a single text stands where a
            list is to be.
    """

    movies: Iterable[MovieLike]
    _: KW_ONLY
    k: int = 10
    dislike: Iterable[MovieLike] = ()
    exclude: Iterable[SupportsIndex | str] = ()
    any_genres: Iterable[str] = ()
    all_genres: Iterable[str] = ()
    no_genres: Iterable[str] = ()
    years: Years | None = None
    min_rating_count: int = 0
    min_score: float | None = None
    combination: Combination = "weighted_mean"
    diversity: float = 0.0
    popularity_discount: float = 0.0
    explain: bool = False
    unknown: UnknownSeeds = "fail"
    version: VersionLike | None = None

    def __post_init__(self) -> None:
        for name in ("movies", "dislike", "exclude"):
            self._keep(name, "title")
        for name in ("any_genres", "all_genres", "no_genres"):
            self._keep(name, "text")
        for movie in (*self.movies, *self.dislike):
            if not isinstance(movie, Seed):
                Seed(movie)
        for movie in self.exclude:
            if isinstance(movie, bool) or not isinstance(movie, str | SupportsIndex):
                raise TypeError(
                    f"{movie!r} excludes no movie: give an id as an int or a title as a str"
                )

    def _keep(self, name: str, kind: str) -> None:
        values = several(name, getattr(self, name), kind)
        object.__setattr__(self, name, tuple(values))


QueryLike = Query | MovieLike | Iterable[MovieLike]
"""What asks a question among many: a query, a movie, or several movies."""


def several(argument: str, values: Any, kind: str = "title") -> Iterable[Any]:
    """Returns values, unless they are one value instead.

    Args:
        argument: What the values were given as.
        values: The values.
        kind: What a single text would be.

    Raises:
        TypeError: There is one value instead.
    """
    # A text is an iterable of texts, so types alone do not catch this.
    if isinstance(values, str):
        raise TypeError(f"{argument} is a single {kind}: give a list, [{values!r}]")
    if not isinstance(values, Iterable):
        raise TypeError(f"{argument} is {values!r}: give a list, [{values!r}]")
    return values


def query_for(asked: Query | Iterable[MovieLike], **options: Unpack[QueryOptions]) -> Query:
    """Returns a query for movies, or a query with some of it changed.

    Raises:
        TypeError: As `Query` does; or there is no such option.
    """
    return replace(asked, **options) if isinstance(asked, Query) else Query(asked, **options)


def query_of(asked: QueryLike) -> Query:
    """Returns the query that is asked among many.

    Raises:
        TypeError: It asks nothing.
    """
    if isinstance(asked, Query):
        return asked
    if isinstance(asked, str | SupportsIndex | Seed):
        return Query([asked])
    return Query(asked)
