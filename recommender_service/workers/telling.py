"""What the first worker tells the others, as JSON can hold it; see `Line`."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from recommender_service.artifact.loading import assemble
from recommender_service.artifact.standing import Standing
from recommender_service.memory import SharedMemory
from recommender_service.query.version import Version

BEGIN, VERSION, STANDING = "begin", "version", "standing"
"""The kinds of messages, as their field `kind` says: with what to begin, a version in
memory that is shared, and where the versions stand. Each is answered, with anything,
once it has been done."""


def of_version(version: Version) -> tuple[dict[str, Any], list[int]]:
    """A version, and the descriptors of its memory.

    Args:
        version: One that was loaded from files.
    """
    descriptors = [file.descriptor for file in version.files.values()]
    assert None not in descriptors  # noqa: S101  # else there are no other workers
    message = {
        "kind": VERSION,
        "number": version.number,
        "load_time": version.load_time.isoformat(),
        "manifest": version.manifest.decode(),
        "files": {name: len(file.content) for name, file in version.files.items()},
    }
    return message, [descriptor for descriptor in descriptors if descriptor is not None]


def to_version(message: dict[str, Any], descriptors: Sequence[int]) -> Version:
    """The same version, on the same memory; its movies are made anew. For a thread.

    Args:
        message: As it came.
        descriptors: That came with it; they are the version's from now on.
    """
    files = {
        name: SharedMemory.handed_over(descriptor, size)
        for descriptor, (name, size) in zip(descriptors, message["files"].items(), strict=True)
    }
    return assemble(
        message["number"],
        message["manifest"].encode(),
        files.__getitem__,
        datetime.fromisoformat(message["load_time"]),
    )


def of_standing(standing: Standing, coming: Sequence[int]) -> dict[str, Any]:
    """Where the versions stand.

    Args:
        standing: That.
        coming: Versions to be kept besides those that are loaded, since they will be.
    """
    return {"kind": STANDING, "standing": asdict(standing), "coming": list(coming)}


def to_standing(message: dict[str, Any]) -> Standing:
    """The same, from a message."""
    told = message["standing"]
    return Standing(**told | {"loaded": tuple(told["loaded"]), "there": tuple(told["there"])})
