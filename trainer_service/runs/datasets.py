"""Finds data sets by name under the trainer's data folder."""

from pathlib import Path

from movierec.chassis.errors import InvalidRequestError, Resource, Violation
from movierec.chassis.legal import shown
from trainer_service.data.forms import recognise
from trainer_service.errors import DatasetNotFoundError

MOST_LISTED = 10


def _is_dir(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except OSError:  # a name that no folder can have
        return False


class DatasetFolder:
    """The folder that holds a folder for each data set.

    Args:
        root: The trainer's data folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def locate(self, name: str) -> Path:
        """Where a data set lies.

        Args:
            name: Its folder's name; it may lie deeper ("movielens/ml-1m"), but
                not outside the data folder.

        Raises:
            InvalidRequestError: That can be no data set's name.
            DataError: There is no such folder, or its files are no form of
                MovieLens.
        """
        parts = Path(name).parts if "\0" not in name else ()
        if not parts or ".." in parts or Path(name).is_absolute():
            sentence = (
                f"{shown(name)} is no data set's name: give that of a folder under the "
                f"trainer's data folder; {self._what_there_is()}"
            )
            raise InvalidRequestError(Violation("dataset", sentence))
        folder = self._root.joinpath(*parts)
        if not _is_dir(folder):
            raise DatasetNotFoundError(
                f"there is no data set {shown(name)} in the trainer's data folder; "
                f"{self._what_there_is()}",
                resources=[Resource("dataset", shown(name))],
            )
        recognise(folder)
        return folder

    def _what_there_is(self) -> str:
        try:
            names = sorted(path.name for path in self._root.iterdir() if path.is_dir())
        except OSError as error:
            return f"the data folder cannot be read ({error.strerror})"
        if not names:
            return "it is empty"
        more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
        return f"there is {', '.join(names[:MOST_LISTED])}{more}"
