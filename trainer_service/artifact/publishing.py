"""Writes a version to the volume: whole, or not at all.

A version is staged in a folder whose name is no number, which readers pass
over; every file is fsynced, the manifest last, read back and checked; then one
rename gives the folder its number.
"""

import csv
import hashlib
import io
import json
import os
import re
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from trainer_service.artifact.manifest import WrittenFile, encode_manifest
from trainer_service.artifact.publication import Publication
from trainer_service.errors import PublishError

MANIFEST = "manifest.json"
EMBEDDINGS = "embeddings.npy"
MOVIES = "movies.csv"
NUMBER = re.compile(r"[1-9][0-9]{0,17}")
LARGEST_NUMBER = 10**18 - 1
MOVIES_HEADER = ("movie_id", "title", "year", "genres", "rating_count")


def publish(artifacts_dir: Path, publication: Publication) -> int:
    """Publishes a version.

    Args:
        artifacts_dir: The volume's folder, made if it is not there.
        publication: What to publish.

    Returns:
        The version's number.

    Raises:
        PublishError: The volume did not take it. Nothing of it is left.
    """
    versions = artifacts_dir / "versions"
    staging = staging_dir(artifacts_dir, publication.run_id)
    try:
        staging.mkdir(parents=True)
        files = [
            _write(staging / EMBEDDINGS, _encode_embeddings(publication)),
            _write(staging / MOVIES, _encode_movies(publication)),
        ]
        number = claim_number(versions)
        manifest = encode_manifest(
            publication, version=number, created=datetime.now(UTC), files=files
        )
        files.append(_write(staging / MANIFEST, manifest))
        _check(staging, files)
        _sync(staging)
        staging.rename(versions / str(number))
        _sync(versions)
    except OSError as error:
        discard_staging(artifacts_dir, publication.run_id)
        raise PublishError(
            f"the version could not be written to the volume: {error.strerror or error}"
        ) from error
    return number


def published_by(artifacts_dir: Path, run_id: str) -> int | None:
    """The version that a run has published, if it has.

    Raises:
        OSError: The volume does not answer as it should.
    """
    versions = artifacts_dir / "versions"
    if versions.is_dir():
        for number in sorted(numbers(versions), reverse=True):
            # What cannot be read is not what we have just written.
            with suppress(OSError, ValueError, KeyError, TypeError):
                manifest = json.loads((versions / str(number) / MANIFEST).read_bytes())
                if manifest["run_id"] == run_id:
                    return number
    return None


def staging_dir(artifacts_dir: Path, run_id: str) -> Path:
    """Where a run's version is staged."""
    return artifacts_dir / "versions" / f".staging-{run_id}"


def discard_staging(artifacts_dir: Path, run_id: str) -> None:
    """Removes what a run that ended early has staged, if anything."""
    shutil.rmtree(staging_dir(artifacts_dir, run_id), ignore_errors=True)


def claim_number(versions: Path) -> int:
    """Takes the next number, which nobody gets again, not even after the version is gone.

    Args:
        versions: The folder of versions.

    Raises:
        OSError: The volume does not take the claim.
    """
    claims = versions / ".claimed"
    claims.mkdir(exist_ok=True)
    number = max(numbers(versions) | numbers(claims), default=0)
    while True:
        number += 1
        if number > LARGEST_NUMBER:
            raise OSError(
                f"no number is left above {number - 1}: remove that folder, if it is no version"
            )
        with suppress(FileExistsError):
            (claims / str(number)).touch(exist_ok=False)
            _sync(claims)
            return number


def numbers(folder: Path) -> set[int]:
    """The names in a folder that are numbers of versions; all others mean nothing."""
    return {int(path.name) for path in folder.iterdir() if NUMBER.fullmatch(path.name)}


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


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
