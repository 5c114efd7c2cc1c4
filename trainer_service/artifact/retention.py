"""Removes versions that nobody needs any more, and their reports with them.

A version is first given a name that readers pass over, then another, and then
deleted, so that none is ever seen with a part of its files. From the first name it can
come back, if it was pinned meanwhile; from the second, under which it may have lost
files, never. Its number stays taken.
"""

import logging
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from movierec.control.activation import ACTIVATION, read_activation
from movierec.control.files import sync_folder
from movierec.control.folder import is_made, make_control_folder
from movierec.control.replicas import REPLICAS, live_replicas
from trainer_service.artifact.layout import (
    DELETING,
    REMOVED,
    STAGING,
    claims_dir,
    deleting_dir,
    numbers,
    removed_dir,
    report_dir,
    reports_dir,
    version_dir,
    versions_dir,
)
from trainer_service.artifact.manifest import BadVersionError
from trainer_service.artifact.reading import latest_version, read_manifest
from trainer_service.artifact.reports import remove_report
from trainer_service.errors import said_by

log = logging.getLogger(__name__)

STAGING_KEPT_FOR = timedelta(days=1)
"""A staging folder that is older is no longer written to, be it by another trainer."""


@dataclass(frozen=True)
class Removal:
    """A version that was removed, or would be.

    Args:
        number: Its number.
        size_bytes: What its files and its report take on the volume.
    """

    number: int
    size_bytes: int


class NotRemovedError(OSError):
    """Something that nobody needs could not be removed; a sentence.

    Args:
        failures: What was in the way, of each.
        removals: What was removed all the same.
    """

    def __init__(self, failures: Sequence[OSError], removals: Sequence[Removal]) -> None:
        first = failures[0]
        which = f": {first.filename}" if first.filename else ""
        more = f", and {len(failures) - 1} more" if len(failures) > 1 else ""
        super().__init__(f"not everything could be removed: {said_by(first)}{which}{more}")
        self.removals = removals


def prepare_control(artifacts_dir: Path, control_dir: Path) -> None:
    """Makes the control folder of a new volume.

    Where there are versions, and none of it or an empty one, it is away, or another one is
    meant: one made in its place would say that no version is in use. Without it nothing is
    ever removed; where it is not made, the log says so.

    Args:
        artifacts_dir: The volume's folder.
        control_dir: Where is to be said which versions are in use.
    """
    try:
        if is_made(control_dir):
            return
        if numbers(versions_dir(artifacts_dir)) | numbers(claims_dir(artifacts_dir)):
            is_what = "empty" if control_dir.is_dir() else "not there"
            why = (
                f"it is {is_what}, and versions are there; bring it back (is its volume mounted?), "
                f"or name the right one with MOVIEREC_CONTROL_DIR; if there never was one, make "
                f"{control_dir / REPLICAS}"
            )
        else:
            make_control_folder(control_dir)
            return
    except OSError as error:
        why = f"it cannot be made: {said_by(error)}: {control_dir}"
    log.warning("no version is removed without the control folder, and %s", why)


def collect(
    artifacts_dir: Path,
    control_dir: Path,
    *,
    keep_versions: int,
    keep_for: timedelta,
    dry_run: bool = False,
) -> Sequence[Removal]:
    """Removes the versions that `reasons_to_keep` finds no reason for, and old staging folders.

    Args:
        artifacts_dir: The volume's folder.
        control_dir: Where is said which versions are in use.
        keep_versions: So many of the newest are kept.
        keep_for: None is removed before it is so old.
        dry_run: Whether to remove nothing, and only say what would be.

    Returns:
        What was removed, in order of the numbers; also what a removal before this one
        was killed in.

    Raises:
        ControlError: Which versions are in use cannot be understood. Nothing is removed.
        FileNotFoundError: The control folder is not there, or empty, or lacks that of the
            replicas. Nothing is removed.
        NotRemovedError: Something could not be removed; all else was.
        OSError: The volume does not answer as it should.
    """
    kept = reasons_to_keep(
        artifacts_dir, control_dir, keep_versions=keep_versions, keep_for=keep_for
    )
    versions = versions_dir(artifacts_dir)
    unneeded = [number for number, reasons in kept.items() if not reasons]
    if dry_run:
        removed = numbers(versions, REMOVED) - _in_use(control_dir).keys()
        folders = {
            number: deleting_dir(artifacts_dir, number) for number in numbers(versions, DELETING)
        }
        folders |= {number: version_dir(artifacts_dir, number) for number in unneeded}
        folders |= {number: removed_dir(artifacts_dir, number) for number in removed}
        return [
            Removal(number, _size(folders[number]) + _size(report_dir(artifacts_dir, number)))
            for number in sorted(folders)
        ]
    for number in unneeded:
        try:
            version_dir(artifacts_dir, number).rename(removed_dir(artifacts_dir, number))
        except FileNotFoundError:
            continue  # another trainer was faster
    failures: list[OSError] = []
    if numbers(versions, REMOVED):
        sync_folder(versions)
        failures += _doomed(artifacts_dir, control_dir)
    removals = []
    for number in sorted(numbers(versions, DELETING)):
        folder = deleting_dir(artifacts_dir, number)
        try:
            # First, so that a report is not left behind when this is cut short.
            size_bytes = remove_report(artifacts_dir, number) + _size(folder)
            _delete(folder)
        except FileNotFoundError:
            continue  # another trainer deletes it at the same time
        except OSError as error:
            failures.append(error)  # the others are not to wait for this one
        else:
            removals.append(Removal(number, size_bytes))
    failures += _discard_stagings(versions)
    failures += _discard_stagings(reports_dir(artifacts_dir))
    if failures:
        raise NotRemovedError(failures, removals)
    return removals


def is_unfinished(artifacts_dir: Path) -> bool:
    """Whether a kill has cut a removal short, be it of a version that is in use.

    Raises:
        OSError: The volume does not answer as it should.
    """
    versions = versions_dir(artifacts_dir)
    return bool(numbers(versions, REMOVED) | numbers(versions, DELETING))


def reasons_to_keep(
    artifacts_dir: Path, control_dir: Path, *, keep_versions: int, keep_for: timedelta
) -> Mapping[int, Sequence[str]]:
    """Why each version is kept, by number, ascending; no reason for one that need not be.

    Args:
        artifacts_dir: The volume's folder.
        control_dir: Where is said which versions are in use.
        keep_versions: So many of the newest are kept.
        keep_for: What is not so old yet is kept.

    Raises:
        ControlError: Which versions are in use cannot be understood.
        FileNotFoundError: The control folder is not there, or empty, or lacks that of the
            replicas.
        OSError: The volume does not answer as it should.
    """
    there = [
        number
        for number in sorted(numbers(versions_dir(artifacts_dir)))
        if version_dir(artifacts_dir, number).is_dir()
    ]
    in_use = _in_use(control_dir)
    latest = latest_version(artifacts_dir)
    oldest_young = datetime.now(UTC) - keep_for
    reasons: dict[int, list[str]] = {}
    for place, number in enumerate(reversed(there)):
        reasons[number] = in_use.get(number, []).copy()
        if latest and number == latest.number:
            reasons[number].append("the latest")
        if place < keep_versions:
            reasons[number].append(f"of the newest {keep_versions}")
        if _created(artifacts_dir, number) > oldest_young:
            reasons[number].append(f"younger than {keep_for}")
    return dict(sorted(reasons.items()))


def _in_use(control_dir: Path) -> dict[int, list[str]]:
    """What versions are in use for, by number.

    Raises:
        ControlError: It cannot be understood.
        FileNotFoundError: The folder is not there, or empty, or lacks that of the replicas:
            what is in use is then not known, which is not the same as nothing.
        OSError: The volume does not answer as it should.
    """
    activation = read_activation(control_dir)
    in_use: defaultdict[int, list[str]] = defaultdict(list)
    if activation.pinned is not None:
        in_use[activation.pinned].append("pinned")
    for label, number in sorted(activation.labels.items()):
        in_use[number].append(f"labelled {label}")
    for replica in live_replicas(control_dir):
        if replica.serving_version is not None:
            in_use[replica.serving_version].append(f"served by {replica.replica_id}")
        for number in replica.loaded_versions:
            if number != replica.serving_version:
                in_use[number].append(f"loaded by {replica.replica_id}")
    if not control_dir.is_dir():  # asked last, for a folder that vanishes while it is read
        raise FileNotFoundError(
            f"{control_dir} is no folder, so that nobody can say which versions are in use, and "
            f"nothing is removed: put the control folder back, or name the right one; if there "
            f"never was one, make {control_dir / REPLICAS}"
        )
    if not is_made(control_dir):
        raise FileNotFoundError(
            f"{control_dir} holds nothing that movierec makes there (neither {ACTIVATION} nor "
            f"{REPLICAS}), so that nobody can say which versions are in use, and nothing is "
            f"removed: is its volume mounted? if it is a new one, make {control_dir / REPLICAS}"
        )
    if not (control_dir / REPLICAS).is_dir():
        raise FileNotFoundError(
            f"{control_dir / REPLICAS} is no folder, so that nobody can say which versions "
            f"recommenders have, and nothing is removed: put it back or, if it is lost, make it, "
            f"and give those that run a few seconds"
        )
    return dict(in_use)


def _created(artifacts_dir: Path, number: int) -> datetime:
    """When a version was published: as it says itself or, if it cannot, as its folder does."""
    try:
        manifest = read_manifest(artifacts_dir, number)
    except (BadVersionError, FileNotFoundError, NotADirectoryError, PermissionError):
        folder = version_dir(artifacts_dir, number)
        try:
            return datetime.fromtimestamp(folder.stat().st_mtime, UTC)
        except FileNotFoundError:
            return datetime.now(UTC)  # another trainer has just removed it
    return manifest.create_time.ToDatetime(UTC)


def _doomed(artifacts_dir: Path, control_dir: Path) -> Sequence[OSError]:
    """Gives its last name to what is to be removed, but for what was pinned since, or labelled.

    That has its number again. The last names are durable before anything is deleted.

    Returns:
        What was in the way of some of them; the others have theirs.

    Raises:
        ControlError: Which versions are in use cannot be understood.
        OSError: The volume does not answer as it should.
    """
    in_use = _in_use(control_dir)
    versions = versions_dir(artifacts_dir)
    failures = []
    for number in sorted(numbers(versions, REMOVED)):
        name = version_dir if number in in_use else deleting_dir
        try:
            removed_dir(artifacts_dir, number).rename(name(artifacts_dir, number))
        except FileNotFoundError:
            continue  # another trainer was faster
        except OSError as error:
            failures.append(error)
    sync_folder(versions)
    return failures


def _discard_stagings(folders: Path) -> Sequence[OSError]:
    """Removes what was staged among versions, or reports, by somebody who ended long ago.

    Returns:
        What was in the way of some.
    """
    failures = []
    latest = datetime.now(UTC) - STAGING_KEPT_FOR
    for folder in folders.glob(f"{STAGING}*"):
        try:
            if datetime.fromtimestamp(folder.lstat().st_mtime, UTC) < latest:
                _delete(folder)
                log.info("%s was left by a run that ended early, and is removed", folder)
        except FileNotFoundError:
            continue  # another trainer was faster
        except OSError as error:
            failures.append(error)
    return failures


def _delete(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()  # and not what it leads to, which is somebody else's
    else:
        shutil.rmtree(folder)


def _size(folder: Path) -> int:
    if folder.is_symlink():
        return 0
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
