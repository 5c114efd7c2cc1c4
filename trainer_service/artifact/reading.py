"""Reads versions back from the volume, as the quality gate and the retention need them.

No file is believed unless it is what the manifest's digest says.
"""

import csv
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from pydantic import ValidationError

from movierec.control.activation import read_activation
from movierec.v1.artifact_pb2 import ArtifactManifest
from trainer_service.artifact.files import read_file
from trainer_service.artifact.layout import (
    EMBEDDINGS,
    MANIFEST,
    MOVIES,
    MOVIES_HEADER,
    is_file_name,
    numbers,
    version_dir,
    versions_dir,
)
from trainer_service.artifact.manifest import BadVersionError, decode_manifest
from trainer_service.artifact.messages import gate_of, training_metrics_of
from trainer_service.data import Movie
from trainer_service.model.evaluation import TrainingMetrics
from trainer_service.model.gate import GateResult

MOST_MANIFEST_BYTES = 16 * 1024 * 1024
"""A larger manifest is none; those that are written have a few thousand bytes."""


LENGTH_TOLERANCE = 1e-3
"""By how much a row's length may differ from 1; as with recommenders, as are the next two."""

LARGEST_NUMBER = 2**63 - 1
"""The largest id of a movie, and the most ratings of one."""

LARGEST_YEAR = 9_999


@dataclass(frozen=True)
class PublishedVersion:
    """A version, as it lies on the volume.

    Args:
        number: Its number.
        manifest: Its manifest.
        embeddings: Unit rows, float32, (M, D).
        movies: What the rows are of, M of them.
        rating_counts: Ratings of each movie, (M,).
    """

    number: int
    manifest: ArtifactManifest
    embeddings: NDArray[np.float32]
    movies: tuple[Movie, ...]
    rating_counts: NDArray[np.int64]

    @property
    def movie_ids(self) -> NDArray[np.int64]:
        """External ids of the rows, (M,)."""
        return np.array([movie.movie_id for movie in self.movies], dtype=np.int64)


def read_manifest(artifacts_dir: Path, number: int) -> ArtifactManifest:
    """A version's manifest.

    Raises:
        BadVersionError: It is no manifest of that version, or no file.
        OSError: It is not there, or cannot be read.
    """
    content = read_file(version_dir(artifacts_dir, number) / MANIFEST, MOST_MANIFEST_BYTES)
    return decode_manifest(content, version=number)


def gate_in(manifest: ArtifactManifest) -> GateResult | None:
    """How a version compared with the one active then; None if that was not asked.

    Raises:
        BadVersionError: It says what no comparison can have come to.
    """
    if not manifest.HasField("gate"):
        return None
    try:
        return gate_of(manifest.gate)
    except ValidationError as error:
        raise BadVersionError(f"its manifest's gate is none: {error}"[:300]) from None


def metrics_in(manifest: ArtifactManifest) -> TrainingMetrics:
    """What was measured of a version.

    Raises:
        BadVersionError: It says what no measurement can have come to.
    """
    try:
        return training_metrics_of(manifest.metrics)
    except ValidationError as error:
        raise BadVersionError(f"its manifest's metrics are none: {error}"[:300]) from None


def read_version(artifacts_dir: Path, number: int) -> PublishedVersion:
    """Reads a version.

    Raises:
        BadVersionError: It is not what its manifest says, so that no recommender serves it.
        OSError: It is not there, or cannot be read.
    """
    manifest = read_manifest(artifacts_dir, number)
    contents = _read_files(version_dir(artifacts_dir, number), manifest)
    try:
        embeddings = _array(contents[EMBEDDINGS])
        movies, rating_counts = _movies(contents[MOVIES])
    except Exception as error:  # noqa: BLE001  # an array's header is parsed as Python: all can happen
        raise BadVersionError(f"its files cannot be understood: {error}"[:300]) from None
    shape = (manifest.movie_count, manifest.dim)
    if embeddings.shape != shape or embeddings.dtype != np.float32 or len(movies) != shape[0]:
        raise BadVersionError(
            f"{EMBEDDINGS} holds {embeddings.dtype} {embeddings.shape} and {MOVIES} "
            f"{len(movies)} movies; the manifest says {shape}"
        )
    if not 0 < len({movie.movie_id for movie in movies}) == len(movies):
        raise BadVersionError(f"{MOVIES} has no movie, or one twice")
    with np.errstate(all="ignore"):
        lengths = np.linalg.norm(embeddings, axis=1)
    if not np.allclose(lengths, 1, rtol=0, atol=LENGTH_TOLERANCE):  # false for NaN too
        raise BadVersionError(f"{EMBEDDINGS} has rows that are not of length 1")
    return PublishedVersion(number, manifest, embeddings, movies, rating_counts)


def _read_files(folder: Path, manifest: ArtifactManifest) -> dict[str, bytes]:
    """The files that a manifest names, by name: those that every version has, and any others."""
    names = [file.name for file in manifest.files]
    if missing := {EMBEDDINGS, MOVIES}.difference(names):
        raise BadVersionError(f"its manifest names no {' and no '.join(sorted(missing))}")
    if len(set(names)) < len(names) or not all(map(is_file_name, names)):
        raise BadVersionError("its manifest names a file twice, or one that is not in its folder")
    contents = {}
    for file in manifest.files:
        content = contents[file.name] = read_file(folder / file.name, file.size_bytes)
        if len(content) != file.size_bytes:
            raise BadVersionError(
                f"{file.name} has {len(content):,} bytes, and the manifest says {file.size_bytes:,}"
            )
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise BadVersionError(f"{file.name} is not what the manifest's digest says")
    return contents


def _array(content: bytes) -> NDArray[np.float32]:
    """The array that a file holds, of whatever type, and nothing else."""
    file = io.BytesIO(content)
    array: NDArray[np.float32] = npy.read_array(file, allow_pickle=False)
    if file.read(1):
        raise ValueError(f"{EMBEDDINGS} goes on after its array")
    return array


def _movies(content: bytes) -> tuple[tuple[Movie, ...], NDArray[np.int64]]:
    """The table of movies, and how many ratings each has; every row is looked at."""
    header, *rows = csv.reader(io.StringIO(content.decode(), newline=""), strict=True)
    if tuple(header) != MOVIES_HEADER:
        raise ValueError(f"{MOVIES} has the columns {', '.join(header)}"[:300])
    movies, rating_counts = [], []
    for movie_id, title, year, genres, rating_count in rows:
        numbers = int(movie_id), int(year or 0), int(rating_count)
        if min(numbers) < 0 or max(numbers) > LARGEST_NUMBER or numbers[1] > LARGEST_YEAR:
            raise ValueError(f"{MOVIES} has a number that cannot be, with movie {movie_id}")
        movies.append(Movie(numbers[0], title, tuple(genres.split("|")) if genres else ()))
        rating_counts.append(numbers[2])
    return tuple(movies), np.array(rating_counts, dtype=np.int64)


def latest_version(artifacts_dir: Path) -> PublishedVersion | None:
    """The highest number that is no bad version and may be the latest; None if there is none.

    Raises:
        OSError: The volume does not answer as it should.
    """
    for number in sorted(numbers(versions_dir(artifacts_dir)), reverse=True):
        try:
            gate = gate_in(read_manifest(artifacts_dir, number))
            if gate is None or gate.is_open:
                return read_version(artifacts_dir, number)
        except (BadVersionError, FileNotFoundError, NotADirectoryError, PermissionError):
            continue
    return None


def active_version(artifacts_dir: Path, control_dir: Path) -> PublishedVersion | None:
    """The version that is to serve: the pinned one, or the latest; None if there is none.

    Raises:
        BadVersionError: The pinned one is not what its manifest says.
        ControlError: What is to serve cannot be understood.
        OSError: The volume does not answer as it should, or the pinned one is not there.
    """
    pinned = read_activation(control_dir).pinned
    return latest_version(artifacts_dir) if pinned is None else read_version(artifacts_dir, pinned)
