"""What lies in a folder of artifacts, for who looks at it without a server."""

import errno
import os
import re
from pathlib import Path

from recommender_service.errors import listed

CLAIMS = ".claimed"
"""Where the trainer remembers which numbers were given."""

STAGING = ".staging-"
"""How the name of a folder begins in which a run stages its version."""

REMOVED = ".removed-"
"""How the name of a folder begins that was a version and is removed."""

DELETING = ".deleting-"
"""How it begins while the files of such a one are deleted."""

NUMBER = re.compile(r"[1-9][0-9]{0,17}")
"""Of a version, as it is written to folders' names, and well below 2^63."""


# What says of a name that it leads nowhere, rather than of the volume that it is away.
_LEADS_NOWHERE = {errno.ENOENT, errno.ELOOP, errno.ENAMETOOLONG}


def is_folder(entry: os.DirEntry[str] | Path) -> bool:
    """Whether there is a folder of that name, or a link that leads to one.

    Raises:
        OSError: The volume does not answer as it should.
    """
    try:
        return entry.is_dir()
    except OSError as error:
        if error.errno in _LEADS_NOWHERE:
            return False
        raise


class ArtifactsFolder:
    """A folder of artifacts.

    Args:
        path: Where it is; what MOVIEREC_ARTIFACTS_DIR names.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.versions = path / "versions"

    def numbers(self) -> list[int]:
        """The versions that there are, ascending.

        Raises:
            OSError: The volume does not answer as it should.
        """
        return sorted(
            int(path.name)
            for path in self.versions.iterdir()
            if NUMBER.fullmatch(path.name) and is_folder(path)
        )

    def folder_of(self, number: int) -> Path:
        """The folder of a version.

        Raises:
            ValueError: There is no such version; a sentence that names those that are.
            OSError: The volume does not answer as it should.
        """
        there = self.numbers()
        if number not in there:
            named = listed(there) if there else "is none yet"
            raise ValueError(f"there is no version {number} in {self.path}: there {named}")
        return self.versions / str(number)

    def strays(self) -> list[tuple[str, str]]:
        """What lies among the versions and is none: its name, and a sentence about it.

        Raises:
            OSError: The volume does not answer as it should.
        """
        found = []
        for path in sorted(self.versions.iterdir()):
            if NUMBER.fullmatch(path.name):
                if not is_folder(path):
                    found.append((path.name, "has the name of a version, and is no folder"))
            elif path.name.startswith(STAGING):
                run = path.name.removeprefix(STAGING)
                sentence = f"is a leftover of run {run}, unless that publishes just now"
                found.append((path.name, sentence))
            elif path.name.startswith(REMOVED):
                number = path.name.removeprefix(REMOVED)
                sentence = (
                    f"was version {number}; `movierec artifacts gc`, and a trainer that starts or "
                    f"publishes, deletes it or, if it is in use, puts it back"
                )
                found.append((path.name, sentence))
            elif path.name.startswith(DELETING):
                number = path.name.removeprefix(DELETING)
                sentence = f"is what is left of version {number}, of no use any more"
                found.append((path.name, sentence))
            elif path.name != CLAIMS:
                found.append((path.name, "is no version's name; readers pass over it"))
        return found
