"""Forms of MovieLens: which files a data set may consist of, and how they are laid out."""

from dataclasses import dataclass
from pathlib import Path

from movierec.chassis.errors import Resource
from trainer_service.data.cells import listed, readable
from trainer_service.errors import DatasetNotFoundError


@dataclass(frozen=True, slots=True)
class TableForm:
    """How one file's lines are laid out.

    Files separated by commas are CSV: they have a header, by which columns are
    found, and may quote cells. All others have neither, and the wanted columns
    come first.

    Args:
        file: The file's name.
        separator: What stands between the cells of a line.
        columns: Names of the wanted columns.
    """

    file: str
    separator: str
    columns: tuple[str, ...]

    @property
    def is_csv(self) -> bool:
        """Whether there is a header and cells may be quoted."""
        return self.separator == ","


@dataclass(frozen=True, slots=True)
class Form:
    """One form of MovieLens: a movie table and a rating file.

    Args:
        name: What reports call it.
        movies: The table of movies.
        ratings: The file of ratings.
        genre_file: Set where a movie's genres are 0/1 flags: the optional file
            that names them in order.
    """

    name: str
    movies: TableForm
    ratings: TableForm
    genre_file: str | None = None


def _form(name: str, movies: str, ratings: str, separator: str) -> Form:
    return Form(
        name,
        TableForm(movies, separator, ("movieId", "title", "genres")),
        TableForm(ratings, separator, ("userId", "movieId", "rating")),
    )


FORMS = (
    _form("kaggle-ml-20m", "movie.csv", "rating.csv", ","),
    _form("grouplens-csv", "movies.csv", "ratings.csv", ","),
    _form("movielens-dat", "movies.dat", "ratings.dat", "::"),
    Form(
        "movielens-100k",
        TableForm("u.item", "|", ("movieId", "title")),
        TableForm("u.data", "\t", ("userId", "movieId", "rating")),
        genre_file="u.genre",
    ),
)
"""All forms; where several fit, the first one counts."""


def recognise(folder: Path) -> Form:
    """The form of the data set in a folder, by what lies in it.

    Raises:
        DatasetNotFoundError: There is no such folder, or no form fits.
        MalformedFileError: The folder cannot be read.
    """
    resource = Resource("movierec.v1.Dataset", folder.name)
    if not folder.is_dir():
        raise DatasetNotFoundError(
            f"there is no data set {folder.name!r}: name a folder under the trainer's "
            f"MOVIEREC_DATA_DIR",
            resources=[resource],
        )
    with readable(folder):
        files = sorted(path.name for path in folder.iterdir() if path.is_file())
    for form in FORMS:
        if form.movies.file in files and form.ratings.file in files:
            return form
    pairs = ", ".join(f"{form.movies.file} and {form.ratings.file}" for form in FORMS)
    raise DatasetNotFoundError(
        f"data set {folder.name!r} holds no form of MovieLens: found {listed(files)}; any of "
        f"these pairs would work: {pairs}",
        resources=[resource],
    )
