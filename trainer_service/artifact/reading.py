"""Reads versions back from the volume, as the quality gate and the retention need them.

No file is believed unless it is what the manifest's digest says.
"""

import csv
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from movierec.control.activation import read_activation
from movierec.v1.artifact_pb2 import ArtifactManifest
from trainer_service.artifact.files import read_file
from trainer_service.artifact.layout import (
    EMBEDDINGS,
    MANIFEST,
    MOVIES,
    numbers,
    version_dir,
    versions_dir,
)
from trainer_service.artifact.manifest import BadVersionError, decode_manifest
from trainer_service.artifact.messages import gate_of
from trainer_service.model.gate import GateResult

MOST_MANIFEST_BYTES = 16 * 1024 * 1024
"""A larger manifest is none; those that are written have a few thousand bytes."""


@dataclass(frozen=True)
class PublishedVersion:
    """A version, as it lies on the volume.

    Args:
        number: Its number.
        manifest: Its manifest.
        embeddings: Unit rows, float32, (M, D).
        movie_ids: External ids of the rows, (M,).
    """

    number: int
    manifest: ArtifactManifest
    embeddings: NDArray[np.float32]
    movie_ids: NDArray[np.int64]


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


def read_version(artifacts_dir: Path, number: int) -> PublishedVersion:
    """Reads a version.

    Raises:
        BadVersionError: It is not what its manifest says.
        OSError: It is not there, or cannot be read.
    """
    manifest = read_manifest(artifacts_dir, number)
    files = {file.name: file for file in manifest.files}
    contents = {}
    for name in (EMBEDDINGS, MOVIES):
        if name not in files:
            raise BadVersionError(f"its manifest names no {name}")
        path = version_dir(artifacts_dir, number) / name
        contents[name] = read_file(path, files[name].size_bytes)
        if hashlib.sha256(contents[name]).hexdigest() != files[name].sha256:
            raise BadVersionError(f"{name} is not what the manifest's digest says")
    try:
        embeddings = np.load(io.BytesIO(contents[EMBEDDINGS]), allow_pickle=False)
        rows = list(csv.reader(io.StringIO(contents[MOVIES].decode(), newline="")))[1:]
        movie_ids = np.array([int(row[0]) for row in rows], dtype=np.int64)
    except (ValueError, EOFError, IndexError, OverflowError, csv.Error) as error:
        raise BadVersionError(f"its files cannot be understood: {error}") from None
    if embeddings.shape != (len(movie_ids), manifest.dim) or embeddings.dtype != np.float32:
        raise BadVersionError(
            f"{EMBEDDINGS} holds {embeddings.dtype} {embeddings.shape} for {len(movie_ids)} movies"
        )
    return PublishedVersion(number, manifest, embeddings, movie_ids)


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
