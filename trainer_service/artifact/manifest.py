"""A version's manifest, in the contract's form."""

import hashlib
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
    }
    text = json_format.MessageToJson(
        ArtifactManifest(**facts), preserving_proto_field_name=True, ensure_ascii=False
    )
    unsigned = f"{text}\n".encode()
    digest = hashlib.sha256(unsigned).hexdigest()
    before, _, after = unsigned.rpartition(NO_DIGEST.encode())  # the digest is the last field
    return before + digest.encode() + after
