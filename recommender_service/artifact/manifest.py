"""A version's manifest, checked and taken out of the contract's form."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from google.protobuf import json_format

from movierec.chassis.legal import shown
from movierec.v1.artifact_pb2 import ArtifactManifest
from movierec.v1.training_pb2 import GateResult
from recommender_service.artifact.files import read_bytes
from recommender_service.errors import BadVersionError

NAME = "manifest.json"
FORMAT = 1
LARGEST_BYTES = 16 * 1024 * 1024
LONGEST_NAME = 255
"""Of a file, in bytes; no usual file system has longer ones."""

_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class FileEntry:
    """A file that a manifest names.

    Args:
        name: Inside the version's folder.
        size_bytes: Its size.
        sha256: 64 hexadecimal digits.
    """

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What loading needs to know.

    Args:
        movie_count: Rows of the embeddings.
        dim: Columns of the embeddings.
        files: By name.
        create_time: When the version was published, with a time zone.
        content: The bytes of the file.
        held_back: Why the quality gate holds it back from becoming the latest
            version by itself, as a sentence; empty when it does not.
    """

    movie_count: int
    dim: int
    files: dict[str, FileEntry]
    create_time: datetime
    content: bytes
    held_back: str


def read_manifest(folder: Path) -> Manifest:
    """Reads a version's manifest.

    Args:
        folder: The version's folder, whose name is its number.

    Raises:
        BadVersionError: It is missing, may not be read, is malformed, of another
            format or another version's, or its digest is wrong.
        OSError: The volume does not answer as it should.
    """
    content = read_bytes(folder / NAME, LARGEST_BYTES)
    message = parse_manifest(content)
    if message.format != FORMAT:
        raise BadVersionError(
            "FORMAT", f"{NAME} says format {message.format}; this recommender reads {FORMAT}"
        )
    _check_digest(content, message.digest)
    if str(message.version) != folder.name:
        raise BadVersionError(
            "FORMAT", f"{NAME} says version {message.version}, and its folder is {folder.name}"
        )
    return Manifest(
        movie_count=message.movie_count,
        dim=message.dim,
        files=_files(message),
        create_time=message.create_time.ToDatetime(UTC),
        content=content,
        held_back=_held_back(message.gate) if message.HasField("gate") else "",
    )


def parse_manifest(content: bytes) -> ArtifactManifest:
    """The message that a manifest's bytes stand for; fields of later writers are passed over.

    Raises:
        BadVersionError: They stand for none.
    """
    if not content.lstrip().startswith(b"{"):
        raise BadVersionError("FORMAT", f"{NAME} is no manifest: it is no JSON object")
    try:
        return json_format.Parse(content, ArtifactManifest(), ignore_unknown_fields=True)
    except RecursionError:
        raise BadVersionError("FORMAT", f"{NAME} is no manifest: it goes too deep") from None
    except (json_format.ParseError, UnicodeDecodeError) as error:
        raise BadVersionError("FORMAT", f"{NAME} is no manifest: {error}"[:300]) from None


def _files(message: ArtifactManifest) -> dict[str, FileEntry]:
    """The files that a manifest names, by name.

    Raises:
        BadVersionError: FORMAT: one is named twice, or is none in the version's folder.
    """
    files: dict[str, FileEntry] = {}
    for file in message.files:
        name = file.name
        is_path = name in {"", ".", ".."} or {"/", "\0"} & set(name)
        if is_path or len(name.encode()) > LONGEST_NAME:
            raise BadVersionError(
                "FORMAT", f"{NAME} names {shown(name)}, which is no file in the version's folder"
            )
        if name in files:
            raise BadVersionError("FORMAT", f"{NAME} names {shown(name)} twice")
        files[name] = FileEntry(name, file.size_bytes, file.sha256)
    return files


def _check_digest(content: bytes, digest: str) -> None:
    if not _DIGEST.fullmatch(digest):
        sentence = f"{NAME} has the digest {shown(digest)}; it must have 64 hexadecimal digits"
        raise BadVersionError("FORMAT", sentence)
    # That it stands there once only goes without saying: nobody can write down
    # the digest of what he writes, other than in its place.
    unsigned = content.replace(digest.encode(), b"0" * len(digest))
    if hashlib.sha256(unsigned).hexdigest() != digest:
        raise BadVersionError("CHECKSUM", f"{NAME} is not what its own digest says")


def _held_back(gate: GateResult) -> str:
    if gate.passed or gate.forced:
        return ""
    if not gate.against_version:
        return gate.note or "nothing was compared, and it is not said why"
    return (
        f"NDCG@100 is {gate.ndcg_at_100:.3f}, and that of version {gate.against_version} is "
        f"{gate.against_ndcg_at_100:.3f} on the same {gate.user_count:,} users: "
        f"{gate.against_ndcg_at_100 - gate.ndcg_at_100:.4f} less, which is more than the margin "
        f"of {gate.margin:.4f}"
    )
