"""Checks a folder of artifacts as the recommender would, without serving any of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from movierec.control.activation import ACTIVATION, ControlError, read_activation
from movierec.v1.artifact_pb2 import ArtifactManifest
from recommender_service.artifact.contents import ArtifactsFolder
from recommender_service.artifact.loading import load_version
from recommender_service.artifact.manifest import parse_manifest, read_manifest
from recommender_service.errors import BadVersionError


@dataclass(frozen=True, slots=True)
class VersionReport:
    """What is to be said of a version.

    Args:
        version: Its number.
        good: Whether it could serve.
        reason: Why it could not, UPPER_SNAKE.
        message: The same as a sentence.
        movie_count: Rows of its embeddings; None if the manifest cannot be read.
        dim: Columns of its embeddings; None likewise.
        size_bytes: Of all files in its folder; None if they cannot be looked at.
        held_back: Whether the quality gate keeps it from becoming the latest.
    """

    version: int
    good: bool
    reason: str
    message: str
    movie_count: int | None
    dim: int | None
    size_bytes: int | None
    held_back: bool
    kind: Literal["version"] = "version"


@dataclass(frozen=True, slots=True)
class Stray:
    """Something that lies among the versions and is none.

    Args:
        name: Of the file or folder.
        message: What it is, as the rest of a sentence.
    """

    name: str
    message: str
    kind: Literal["stray"] = "stray"


@dataclass(frozen=True, slots=True)
class ControlReport:
    """What is said to serve, and what is wrong with that.

    Args:
        path: The file that says it.
        generation: Of what it says; 0 when nothing was ever said.
        pinned: The version that is to serve; None is the latest.
        labels: Names for versions.
        problems: Sentences; none when all is well.
    """

    path: Path
    generation: int = 0
    pinned: int | None = None
    labels: Mapping[str, int] = field(default_factory=dict)
    problems: Sequence[str] = ()
    kind: Literal["control"] = "control"


def verify_versions(artifacts_dir: Path, numbers: Sequence[int] = ()) -> Iterator[VersionReport]:
    """Checks all that loading checks, version by version, one in memory at a time.

    Args:
        artifacts_dir: The artifacts folder.
        numbers: Which versions; all if none is named.

    Yields:
        What is to be said of each, in the order named, else ascending.

    Raises:
        ValueError: There is no such version.
        OSError: The volume does not answer as it should.
    """
    artifacts = ArtifactsFolder(artifacts_dir)
    for folder in [artifacts.folder_of(number) for number in numbers or artifacts.numbers()]:
        yield _verify(folder)


def strays(artifacts_dir: Path) -> list[Stray]:
    """What lies among the versions and is none.

    Raises:
        OSError: The volume does not answer as it should.
    """
    return [Stray(name, message) for name, message in ArtifactsFolder(artifacts_dir).strays()]


def check_control(artifacts_dir: Path, control_dir: Path | None = None) -> ControlReport:
    """Checks what is said to serve: that it can be understood, and is there.

    Args:
        artifacts_dir: The artifacts folder.
        control_dir: The control folder; None is the one in the artifacts folder.

    Raises:
        OSError: The volume does not answer as it should.
    """
    artifacts = ArtifactsFolder(artifacts_dir)
    there = artifacts.numbers()
    folder = control_dir or artifacts_dir / "control"
    path = folder / ACTIVATION
    try:
        activation = read_activation(folder)
    except ControlError as error:
        return ControlReport(path, problems=(str(error),))
    except OSError as error:
        return ControlReport(path, problems=(f"{path} cannot be read: {error.strerror}",))
    named = {} if activation.pinned is None else {"is pinned": activation.pinned}
    named |= {f"has the label {label}": number for label, number in activation.labels.items()}
    return ControlReport(
        path,
        generation=activation.generation,
        pinned=activation.pinned,
        labels=dict(sorted(activation.labels.items())),
        problems=tuple(
            f"version {number} {role}, and is not there"
            for role, number in named.items()
            if number not in there
        ),
    )


def _verify(folder: Path) -> VersionReport:
    manifest: ArtifactManifest | None = None
    reason = message = ""
    try:
        manifest = parse_manifest(read_manifest(folder).content)
        load_version(folder)
    except BadVersionError as error:
        reason, message = error.reason, error.message
    except OSError as error:
        name = Path(error.filename or folder).name
        reason, message = "UNREADABLE", f"{name} cannot be read: {error.strerror or error}"
    gate = manifest.gate if manifest and manifest.HasField("gate") else None
    return VersionReport(
        version=int(folder.name),
        good=not reason,
        reason=reason,
        message=message,
        movie_count=manifest.movie_count if manifest else None,
        dim=manifest.dim if manifest else None,
        size_bytes=_size_bytes(folder),
        held_back=gate is not None and not (gate.passed or gate.forced),
    )


def _size_bytes(folder: Path) -> int | None:
    try:
        return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
    except OSError:
        return None
