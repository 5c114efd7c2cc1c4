"""The files of a version, of which none is believed to be one."""

import errno
from pathlib import Path

from movierec.control import files
from trainer_service.artifact.manifest import BadVersionError


def read_file(path: Path, most_bytes: int) -> bytes:
    """The content of a file.

    Args:
        path: The file; a link to one will do.
        most_bytes: The largest size that is read.

    Raises:
        BadVersionError: What is there is no file (a folder, a pipe, a link that leads nowhere),
            or a larger one.
        OSError: It is not there, may not be read, or the volume does not answer as it should.
    """
    try:
        return files.read_file(path, most_bytes)
    except files.NoFileError as error:
        raise BadVersionError(str(error)) from None
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENAMETOOLONG}:
            raise BadVersionError(f"{path.name} is there, but is no file") from None
        raise
