"""The files of a version, looked at before they are opened."""

import stat
from pathlib import Path

from recommender_service.errors import BadVersionError


def size_of(path: Path) -> int:
    """The size of a file in bytes.

    Asked before it is read: a pipe would never end, and a size that only
    somebody says would be memory that only they need.

    Raises:
        BadVersionError: MISSING: there is none, or it is no file.
        OSError: The volume does not answer as it should.
    """
    try:
        facts = path.stat()
    except FileNotFoundError:
        raise BadVersionError("MISSING", f"{path.name} is not there") from None
    if not stat.S_ISREG(facts.st_mode):
        raise BadVersionError("MISSING", f"{path.name} is there, but is no file")
    return facts.st_size
