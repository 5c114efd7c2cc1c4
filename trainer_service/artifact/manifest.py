"""A version's manifest, in the contract's form: written, and read again."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from google.protobuf import json_format

from movierec.v1.artifact_pb2 import ArtifactFile, ArtifactManifest
from trainer_service.artifact import messages
from trainer_service.artifact.publication import Publication

FORMAT = 1
NO_DIGEST = "0" * 64
"""What stands in the digest's place while the digest is taken."""

DIGEST = re.compile(r"[0-9a-f]{64}")


class BadVersionError(Exception):
    """A version is not what it should be; says in which way."""


@dataclass(frozen=True)
class WrittenFile:
    """A file of a version, as it was written.

    Args:
        name: Inside the version's folder.
        size_bytes: Its size.
        sha256: 64 hexadecimal digits.
    """

    name: str
    size_bytes: int
    sha256: str


def encode_manifest(
    publication: Publication,
    *,
    version: int,
    created: datetime,
    files: Sequence[WrittenFile],
) -> bytes:
    """The bytes of `manifest.json`.

    Args:
        publication: What is published.
        version: Its number.
        created: When, with a time zone.
        files: Every other file of the version.
    """
    facts: dict[str, Any] = {
        "format": FORMAT,
        "version": version,
        "create_time": messages.timestamp(created),
        "run_id": publication.run_id,
        "dataset": publication.dataset,
        "data": messages.data_report(publication.report),
        "settings": messages.training_settings(publication.settings),
        "metrics": messages.training_metrics(publication.metrics),
        "movie_count": publication.embeddings.shape[0],
        "dim": publication.embeddings.shape[1],
        "files": [
            ArtifactFile(name=file.name, size_bytes=file.size_bytes, sha256=file.sha256)
            for file in files
        ],
        "digest": NO_DIGEST,
        "gate": publication.gate and messages.gate_result(publication.gate),
    }
    manifest = ArtifactManifest(**facts)
    manifest.digest = hashlib.sha256(_text(manifest)).hexdigest()
    return _text(manifest)


def decode_manifest(content: bytes, *, version: int) -> ArtifactManifest:
    """The message that the bytes of a `manifest.json` stand for.

    Args:
        content: The bytes.
        version: The number that its folder has.

    Raises:
        BadVersionError: They stand for none, were changed, are another version's, or of a
            format that is not read here.
    """
    try:
        manifest = json_format.Parse(content, ArtifactManifest(), ignore_unknown_fields=True)
    except (json_format.ParseError, ValueError, RecursionError) as error:
        raise BadVersionError(f"its manifest is none: {error}"[:300]) from None
    digest = manifest.digest
    unsigned = content.replace(digest.encode(), NO_DIGEST.encode()) if digest else b""
    if not DIGEST.fullmatch(digest) or hashlib.sha256(unsigned).hexdigest() != digest:
        raise BadVersionError("its manifest is not what its own digest says")
    if (manifest.format, manifest.version) != (FORMAT, version):
        raise BadVersionError(
            f"its manifest says format {manifest.format} and version {manifest.version}"
        )
    return manifest


def _text(manifest: ArtifactManifest) -> bytes:
    text = json_format.MessageToJson(manifest, preserving_proto_field_name=True, ensure_ascii=False)
    return f"{text}\n".encode()
