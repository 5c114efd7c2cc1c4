"""Reports beside the versions: `<artifacts>/reports/<number>/`, each whole or not there."""

import os
import secrets
import shutil
from pathlib import Path

from movierec.control.files import make_in_folder, sync_folder
from trainer_service.artifact.layout import (
    STAGING,
    numbers,
    report_dir,
    reports_dir,
    version_dir,
    versions_dir,
)


def unreported(artifacts_dir: Path) -> list[int]:
    """Versions that are newer than any that has a report; without any report, the newest alone.

    Raises:
        OSError: The volume does not answer as it should.
    """
    versions = sorted(numbers(versions_dir(artifacts_dir)))
    newest_reported = max(numbers(reports_dir(artifacts_dir)), default=None)
    if newest_reported is None:
        return versions[-1:]
    return [number for number in versions if number > newest_reported]


def staged_report(artifacts_dir: Path, number: int) -> Path:
    """A new and empty folder for a report; readers pass it over.

    Raises:
        FileNotFoundError: The version is not there, or its volume.
        OSError: The volume does not take it.
    """
    version_dir(artifacts_dir, number).stat()  # of a volume that has vanished nothing is made anew
    make_in_folder(reports_dir(artifacts_dir))
    staged = reports_dir(artifacts_dir) / f"{STAGING}{number}-{secrets.token_hex(4)}"
    staged.mkdir()
    return staged


def publish_report(artifacts_dir: Path, number: int, staged: Path) -> None:
    """Gives a report its version's number; one that is there already stays.

    Args:
        artifacts_dir: The volume's folder.
        number: The version's number.
        staged: The folder that holds the report.

    Raises:
        FileNotFoundError: The version is not there any more; neither is the report then.
        OSError: The volume does not take it.
    """
    for path in staged.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    sync_folder(staged)
    report = report_dir(artifacts_dir, number)
    if not report.is_dir():
        staged.rename(report)
        sync_folder(report.parent)
    if not version_dir(artifacts_dir, number).is_dir():  # it was removed meanwhile
        remove_report(artifacts_dir, number)
        raise FileNotFoundError(f"version {number} is not there any more")


def remove_report(artifacts_dir: Path, number: int) -> int:
    """Removes the report on a version, if there is one; it loses its number first.

    Returns:
        How many bytes that freed.

    Raises:
        OSError: The volume does not answer as it should.
    """
    doomed = reports_dir(artifacts_dir) / f"{STAGING}{number}-{secrets.token_hex(4)}"
    try:
        report_dir(artifacts_dir, number).rename(doomed)
    except (FileNotFoundError, NotADirectoryError):
        return 0
    size_bytes = sum(path.stat().st_size for path in doomed.iterdir())
    shutil.rmtree(doomed)
    return size_bytes
