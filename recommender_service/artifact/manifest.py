"""A version's manifest, checked and taken out of the contract's form."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from google.protobuf import json_format

from movierec.v1.artifact_pb2 import ArtifactManifest
from recommender_service.artifact.files import size_of
from recommender_service.errors import BadVersionError

NAME = "manifest.json"
FORMAT = 1
LARGEST_BYTES = 16 * 1024 * 1024


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
        content: The bytes of the file.
    """

    movie_count: int
    dim: int
    files: dict[str, FileEntry]
    content: bytes


def read_manifest(folder: Path) -> Manifest:
    """Reads a version's manifest.

    Args:
        folder: The version's folder, whose name is its number.

    Raises:
        BadVersionError: It is missing, malformed, of another format or another
            version's, or its digest is wrong.
        OSError: The volume does not answer as it should.
    """
    path = folder / NAME
    if size_of(path) > LARGEST_BYTES:
        raise BadVersionError("FORMAT", f"{NAME} has more than {LARGEST_BYTES:,} bytes")
    content = path.read_bytes()
    message = parse_manifest(content)
    if message.format != FORMAT:
        raise BadVersionError(
            "FORMAT", f"{NAME} says format {message.format}; this recommender reads {FORMAT}"
        )
    unsigned = content.replace(message.digest.encode(), b"0" * len(message.digest), 1)
    if hashlib.sha256(unsigned).hexdigest() != message.digest:
        raise BadVersionError("CHECKSUM", f"{NAME} is not what its own digest says")
    if str(message.version) != folder.name:
        raise BadVersionError(
            "FORMAT", f"{NAME} says version {message.version}, and its folder is {folder.name}"
        )
    return Manifest(
        movie_count=message.movie_count,
        dim=message.dim,
        files={
            file.name: FileEntry(file.name, file.size_bytes, file.sha256) for file in message.files
        },
        content=content,
    )


def parse_manifest(content: bytes) -> ArtifactManifest:
    """The message that a manifest's bytes stand for; fields of later writers are passed over.

    Raises:
        BadVersionError: They stand for none.
    """
    try:
        return json_format.Parse(content, ArtifactManifest(), ignore_unknown_fields=True)
    except (json_format.ParseError, UnicodeDecodeError, RecursionError) as error:
        raise BadVersionError("FORMAT", f"{NAME} is no manifest: {error}"[:300]) from None
