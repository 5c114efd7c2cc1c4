"""Where everything of a version lies on the volume, and which names mean one."""

import re
from pathlib import Path

MANIFEST = "manifest.json"
EMBEDDINGS = "embeddings.npy"
MOVIES = "movies.csv"
MOVIES_HEADER = ("movie_id", "title", "year", "genres", "rating_count")
NUMBER = re.compile(r"[1-9][0-9]{0,17}")
LARGEST_NUMBER = 10**18 - 1
STAGING = ".staging-"
"""What stands before the run of a version that is being staged, or was."""

REMOVED = ".removed-"
"""What stands before the number of a version that is to be removed, and is whole yet."""

DELETING = ".deleting-"
"""What stands before the number of a version whose files are being deleted."""


def versions_dir(artifacts_dir: Path) -> Path:
    """The folder of versions."""
    return artifacts_dir / "versions"


def version_dir(artifacts_dir: Path, number: int) -> Path:
    """The folder of a version."""
    return versions_dir(artifacts_dir) / str(number)


def staging_dir(artifacts_dir: Path, run_id: str) -> Path:
    """Where a run's version is staged; readers pass it over."""
    return versions_dir(artifacts_dir) / f"{STAGING}{run_id}"


def removed_dir(artifacts_dir: Path, number: int) -> Path:
    """What a version is called when it is to be removed; readers pass it over."""
    return versions_dir(artifacts_dir) / f"{REMOVED}{number}"


def deleting_dir(artifacts_dir: Path, number: int) -> Path:
    """What a version is called while its files are deleted; readers pass it over."""
    return versions_dir(artifacts_dir) / f"{DELETING}{number}"


def reports_dir(artifacts_dir: Path) -> Path:
    """The folder of reports, beside that of versions."""
    return artifacts_dir / "reports"


def report_dir(artifacts_dir: Path, number: int) -> Path:
    """The report on a version; whole, if it is there."""
    return reports_dir(artifacts_dir) / str(number)


def claims_dir(artifacts_dir: Path) -> Path:
    """Where a file for every number that was ever taken lies."""
    return versions_dir(artifacts_dir) / ".claimed"


def is_file_name(name: str) -> bool:
    """Whether that is the name of a file in a version's folder, rather than a path to elsewhere."""
    return name not in {"", ".", ".."} and not {"/", "\0"} & set(name)


def numbers(folder: Path, prefix: str = "") -> set[int]:
    """The names in a folder that are numbers of versions; all others mean nothing.

    Args:
        folder: Where to look; without it there are none.
        prefix: What stands before the number.

    Raises:
        OSError: The volume does not answer as it should.
    """
    try:
        names = [path.name for path in folder.iterdir() if path.name.startswith(prefix)]
    except FileNotFoundError:
        return set()
    bare = [name.removeprefix(prefix) for name in names]
    return {int(name) for name in bare if NUMBER.fullmatch(name)}
