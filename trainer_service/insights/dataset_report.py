"""The report on a data set."""

from collections.abc import Callable, Iterator, Sequence

from trainer_service.data import BadRowKind
from trainer_service.insights import dataset_pictures as pictures
from trainer_service.insights.dataset_numbers import DatasetNumbers, Genre, RatedMovie
from trainer_service.insights.drawing import share
from trainer_service.insights.report import Report, Section, Table, shortened

NAME = "dataset"

OF_MOVIES = "by Student's t, with whole movies as what varies"

WHY_BAD = {
    BadRowKind.MISSING_FIELD: "a field that must be there is empty or absent",
    BadRowKind.BAD_ID: "an id that is no whole number of at least 0",
    BadRowKind.BAD_RATING: "a rating that is no number from 0.5 to 5",
    BadRowKind.UNKNOWN_MOVIE: "a rating of a movie that is not in the movie table",
    BadRowKind.DUPLICATE: "replaced by a later rating of the same user, or a movie named twice",
}


def report_on_dataset(numbers: DatasetNumbers, links: tuple[tuple[str, str], ...] = ()) -> Report:
    """The report on a data set.

    Args:
        numbers: What it looks like.
        links: Other pages beside this one.
    """
    data = numbers.data
    cells = data.user_count * data.movie_count
    return Report(
        name=NAME,
        title=f"Data set {numbers.dataset}",
        subtitle=f"In the form {data.form}; fingerprint {data.fingerprint[:16]}",
        facts=(
            ("ratings", f"{data.rating_count:,}"),
            ("users", f"{data.user_count:,}"),
            ("rated movies", f"{data.movie_count:,}"),
            ("mean", f"{numbers.mean:.2f} stars"),
            ("of all pairs rated", share(data.rating_count / cells)),
            ("rows left out", f"{sum(rows.count for rows in data.bad_rows):,}"),
        ),
        sections=tuple(_sections(numbers)),
        numbers=numbers,
        links=links,
    )


def _sections(numbers: DatasetNumbers) -> Iterator[Section]:
    yield Section(
        "Stars",
        "How the ratings are distributed.",
        pictures.stars(numbers),
        _rows(
            ("stars", ">ratings"),
            zip((f"{stars:g}" for stars in numbers.stars), numbers.star_counts, strict=True),
        ),
    )
    movies = numbers.ratings_per_movie
    yield Section(
        "Ratings per movie",
        f"{movies.movies_above:,} of {numbers.data.movie_count:,} movies "
        f"({share(movies.movie_share_above)}) have more than {movies.min_ratings:,} ratings and "
        f"can be trained on; they hold {share(movies.rating_share_above)} of the ratings. Half of "
        f"the movies have no more than {movies.median:,.0f}.",
        pictures.per_movie(movies),
    )
    users = numbers.ratings_per_user
    yield Section(
        "Ratings per user",
        f"Half of the users gave no more than {users.median:,.0f} "
        f"{'rating' if users.median == 1 else 'ratings'}; the mean is "
        f"{users.mean:,.0f}, and the most are {users.most:,}.",
        pictures.per_user(users),
    )
    if numbers.over_time:
        untimed = numbers.over_time.untimed_count
        left_out = f" {untimed:,} rows have no legal time." if untimed else ""
        if outside := numbers.over_time.outside_count:
            said = "1 has a time that is" if outside == 1 else f"{outside:,} have times that are"
            left_out += f" {said} far from all others, and not shown."
        yield Section(
            "Ratings over time",
            f"By month, over all rows with a legal rating and time.{left_out}",
            pictures.over_time(numbers.over_time),
        )
    else:
        yield Section("Ratings over time", "Of no rating is it known when it was given.")
    if numbers.years:
        yield from _by_year(numbers)
    else:
        none = f"None of the {numbers.data.movie_count:,} titles says a year, as Alien (1979) does."
        yield Section("Movies by release year", none)
    if numbers.genres:
        yield from _by_genre(numbers)
    else:
        yield Section("Genres", f"None of the {numbers.data.movie_count:,} movies has a genre.")
    yield Section(
        _headed(len(numbers.most_rated), "most rated"),
        table=_movies(numbers.most_rated, lambda movie: movie.rating_count),
    )
    yield Section(
        _headed(len(numbers.best_rated), "best rated"),
        f"By damped mean: as if each had {numbers.damping} more ratings of the overall mean, so "
        f"that few ratings make no movie the best.",
        table=_movies(numbers.best_rated, lambda movie: movie.damped_mean),
    )
    yield _left_out(numbers)


def _by_year(numbers: DatasetNumbers) -> Iterator[Section]:
    unknown = numbers.movies_without_year
    picture = pictures.ratings_by_year(numbers.years)
    rule = (
        f" Years with fewer than {pictures.LEAST_MOVIES} movies have no mean drawn."
        if len(numbers.years) >= pictures.FEW_YEARS
        else ""
    )
    yield Section(
        "Movies by release year",
        "As the titles say." + (f" {unknown:,} titles say none." if unknown else ""),
        pictures.movies_by_year(numbers.years),
    )
    yield Section(
        "Stars by release year",
        (
            f"The band is the 95 % confidence interval, {OF_MOVIES}. Old "
            f"movies that are still rated were chosen by time.{rule}"
            if picture
            else f"There is no picture: no year has {pictures.LEAST_MOVIES} movies, and a mean of "
            "fewer is not drawn."
        ),
        picture,
        _rows(
            ("year", ">movies", ">ratings", ">mean"),
            (
                (str(year.year), year.movie_count, year.rating_count, year.rating.value)
                for year in numbers.years
            ),
        ),
    )


def _by_genre(numbers: DatasetNumbers) -> Iterator[Section]:
    unknown = numbers.movies_without_genre
    none = f" {unknown:,} movies have none." if unknown else ""
    further = numbers.genre_count - len(numbers.genres)
    more = f" {further:,} genres of fewer movies are not shown." if further else ""
    yield Section(
        "Genres",
        f"Of all movies, how many have it, and of all ratings, how many are of those. A movie "
        f"with several genres counts with each.{none}{more}",
        pictures.genre_sizes(numbers.genres, numbers.data.movie_count, numbers.data.rating_count),
        _rows(
            ("genre", ">movies", ">ratings", ">mean"),
            (
                (shortened(genre.genre), genre.movie_count, genre.rating_count, genre.rating.value)
                for genre in numbers.genres
            ),
        ),
    )
    yield Section(
        "Stars by genre",
        f"With 95 % confidence intervals, {OF_MOVIES}: a few much rated movies say less of a genre "
        f"than their many ratings seem to.{_of_one(numbers.genres)}",
        pictures.genre_ratings(numbers.genres, numbers.mean),
    )
    if len(numbers.genres) > 1:
        yield Section(
            "Genres that go together",
            "The larger a square, the more of the row's movies also have the column's genre.",
            pictures.co_occurrence(numbers.co_occurrence),
        )


def _of_one(genres: Sequence[Genre]) -> str:
    ones = sum(genre.movie_count == 1 for genre in genres)
    return " A genre of a single movie has none." if ones else ""


def _left_out(numbers: DatasetNumbers) -> Section:
    bad_rows = numbers.data.bad_rows
    if not bad_rows:
        return Section("What was left out", "Nothing: every row of both files could be used.")
    return Section(
        "What was left out",
        f"{sum(rows.count for rows in bad_rows):,} rows could not be used.",
        table=Table(
            ("why", "file", ">rows", "first lines"),
            tuple(
                (
                    WHY_BAD[rows.kind],
                    rows.file,
                    f"{rows.count:,}",
                    ", ".join(f"{line:,}" for line in rows.first_lines),
                )
                for rows in bad_rows
            ),
        ),
    )


def _headed(count: int, kind: str) -> str:
    return f"The {count} {kind} movies" if count > 1 else f"The {kind} movie"


def _movies(movies: Sequence[RatedMovie], length: Callable[[RatedMovie], float]) -> Table:
    longest = max(map(length, movies))
    return Table(
        ("movie", ">ratings", ">mean", ">damped"),
        tuple(
            (
                shortened(movie.title),
                f"{movie.rating_count:,}",
                f"{movie.mean:.2f}",
                f"{movie.damped_mean:.2f}",
            )
            for movie in movies
        ),
        bars=tuple(length(movie) / longest for movie in movies),
    )


def _rows(columns: tuple[str, ...], rows: Iterator[tuple[object, ...]]) -> Table:
    """A table of numbers that is folded away."""

    def said(cell: object) -> str:
        if cell is None:
            return "-"
        if isinstance(cell, float):
            return f"{cell:.2f}"
        return f"{cell:,}" if isinstance(cell, int) else str(cell)

    return Table(columns, tuple(tuple(map(said, row)) for row in rows), heading="The numbers")
