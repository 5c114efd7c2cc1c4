"""Writes a version to the volume: whole, or not at all.

A version is staged in a folder whose name is no number, which readers pass
over; every file is fsynced, the manifest last, read back and checked; then one
rename gives the folder its number.
"""

import csv
import hashlib
import io
import os
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from movierec.control.files import make_folder, make_in_folder, sync_folder
from trainer_service.artifact.layout import (
    EMBEDDINGS,
    LARGEST_NUMBER,
    MANIFEST,
    MOVIES,
    MOVIES_HEADER,
    claims_dir,
    numbers,
    staging_dir,
    version_dir,
    versions_dir,
)
from trainer_service.artifact.manifest import BadVersionError, WrittenFile, encode_manifest
from trainer_service.artifact.publication import Publication
from trainer_service.artifact.reading import read_manifest
from trainer_service.errors import PublishError, said_by

VANISHED = "the volume has vanished"
"""Why nothing can be written where there is no folder of versions."""


def prepare_volume(artifacts_dir: Path) -> None:
    """Makes the folder of versions, if it is not there; for the start of a trainer alone.

    Afterwards nobody makes it, so that a volume that has vanished is told from one that is
    new: see `require_volume`.

    Raises:
        OSError: The volume does not take it, or what it is to lie in is not there.
    """
    if not artifacts_dir.absolute().parent.is_dir():
        raise OSError(
            f"no version can be kept in {artifacts_dir}: what it is to lie in is not there; mount "
            f"the volume, or name the right folder with MOVIEREC_ARTIFACTS_DIR"
        )
    versions = versions_dir(artifacts_dir)
    try:
        make_folder(versions)
    except OSError as error:
        raise OSError(
            f"no version can be kept in {versions}: {said_by(error)}; mend it, or name another "
            f"folder with MOVIEREC_ARTIFACTS_DIR"
        ) from error


def require_volume(artifacts_dir: Path, run_id: str, *, trained: bool = True) -> None:
    """Makes sure that the volume is there, rather than the empty folder that it was mounted on.

    Args:
        artifacts_dir: The volume's folder.
        run_id: The run that is to publish.
        trained: Whether there is something to publish already.

    Raises:
        PublishError: It has vanished.
    """
    if versions_dir(artifacts_dir).is_dir():
        return
    if trained:
        raise _not_published(artifacts_dir, run_id, VANISHED)
    raise PublishError(
        f"no version can be written to {versions_dir(artifacts_dir)}: {VANISHED}; nothing was "
        f"trained: bring it back, and train again"
    )


def publish(artifacts_dir: Path, publication: Publication) -> int:
    """Publishes a version.

    Args:
        artifacts_dir: The volume's folder, with that of versions in it.
        publication: What to publish.

    Returns:
        The version's number.

    Raises:
        PublishError: The volume did not take it, or is not there. Nothing of it is left.
    """
    run_id = publication.run_id
    staging = staging_dir(artifacts_dir, run_id)
    require_volume(artifacts_dir, run_id)
    try:
        discard_staging(artifacts_dir, run_id)  # of an attempt that was killed
        staging.mkdir()
        files = [
            _write(staging / EMBEDDINGS, _encode_embeddings(publication)),
            _write(staging / MOVIES, _encode_movies(publication)),
        ]
        number = claim_number(artifacts_dir)
        manifest = encode_manifest(
            publication, version=number, created=datetime.now(UTC), files=files
        )
        files.append(_write(staging / MANIFEST, manifest))
        _check(staging, files)
        sync_folder(staging)
        _give_number(staging, version_dir(artifacts_dir, number))
    except OSError as error:
        discard_staging(artifacts_dir, run_id)
        raise _not_published(artifacts_dir, run_id, said_by(error)) from error
    return number


def published_by(artifacts_dir: Path, run_id: str, *, after: int = 0) -> int | None:
    """The version that a run has published, if it has.

    Args:
        artifacts_dir: The volume's folder.
        run_id: The run.
        after: The version that the run had published before, which is not meant.

    Raises:
        OSError: The volume does not answer as it should.
    """
    for number in sorted(numbers(versions_dir(artifacts_dir)), reverse=True):
        if number <= after:
            break
        # What cannot be read is not what we have just written.
        with suppress(OSError, BadVersionError):
            if read_manifest(artifacts_dir, number).run_id == run_id:
                return number
    return None


def discard_staging(artifacts_dir: Path, run_id: str) -> None:
    """Removes what a run that ended early has staged, if anything."""
    shutil.rmtree(staging_dir(artifacts_dir, run_id), ignore_errors=True)


def claim_number(artifacts_dir: Path) -> int:
    """Takes the next number, which nobody gets again, not even after the version is gone.

    Args:
        artifacts_dir: The volume's folder.

    Raises:
        OSError: The volume does not take the claim, or has no folder of versions.
    """
    claims = claims_dir(artifacts_dir)
    make_in_folder(claims)
    number = max(numbers(versions_dir(artifacts_dir)) | numbers(claims), default=0)
    while True:
        number += 1
        if number > LARGEST_NUMBER:
            raise OSError(
                f"no number is left above {number - 1}: remove that folder, if it is no version"
            )
        with suppress(FileExistsError):
            (claims / str(number)).touch(exist_ok=False)
            sync_folder(claims)
            return number


def _give_number(staging: Path, version: Path) -> None:
    staging.rename(version)
    try:
        sync_folder(version.parent)
    except OSError:
        version.rename(staging)  # what is not durable is not published
        raise


def _not_published(artifacts_dir: Path, run_id: str, why: str) -> PublishError:
    return PublishError(
        f"the version could not be written to {versions_dir(artifacts_dir)}: {why}; what was "
        f"trained is kept: mend the volume, and `movierec publish {run_id}` publishes it "
        f"without training again"
    )


def _encode_embeddings(publication: Publication) -> bytes:
    buffer = io.BytesIO()
    embeddings = np.ascontiguousarray(publication.embeddings, dtype="<f4")
    np.save(buffer, embeddings, allow_pickle=False)
    return buffer.getvalue()


def _encode_movies(publication: Publication) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(MOVIES_HEADER)
    for movie, rating_count in zip(publication.movies, publication.rating_counts, strict=True):
        year = "" if movie.year is None else movie.year
        writer.writerow((movie.movie_id, movie.title, year, "|".join(movie.genres), rating_count))
    return buffer.getvalue().encode()


def _write(path: Path, content: bytes) -> WrittenFile:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return WrittenFile(path.name, len(content), hashlib.sha256(content).hexdigest())


def _check(staging: Path, files: list[WrittenFile]) -> None:
    for file in files:
        if hashlib.sha256((staging / file.name).read_bytes()).hexdigest() != file.sha256:
            raise OSError(f"{file.name} reads back otherwise than it was written")
