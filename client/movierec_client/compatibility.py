"""Whether client and server are of one version, said once where they are not.

A server tells its version in the metadata of its answers, and of its errors.
Versions that differ in the last number only fit together, and nothing is said.
"""

import logging
from collections.abc import Iterable
from typing import Any

from movierec_client.services import Target
from movierec_client.version import version

METADATA_KEY = "movierec-version"
"""The key under which a server tells its version, e.g. "0.2.0"."""

log = logging.getLogger("movierec_client")
"""Where a difference is logged, as a warning."""

_said: set[tuple[str, str]] = set()


def version_in(*metadata: Iterable[Any] | None) -> str:
    """Returns the server's version, from a call's metadata; empty if it is not told."""
    for pairs in metadata:
        for key, value in pairs or ():
            if key == METADATA_KEY:
                return value if isinstance(value, str) else ""
    return ""


def compare_versions(target: Target, server_version: str) -> None:
    """Logs that a server is of another version than this client, once in this process.

    Args:
        target: Where the server is.
        server_version: Its version; empty if it is not known.
    """
    key = target.service.name, server_version
    if not server_version or key in _said:
        return
    _said.add(key)
    if _major_and_minor(server_version) != _major_and_minor(version()):
        log.warning(
            "the %s at %s is movierec %s, and this client is movierec %s: some of what one "
            "knows may be new to the other; use the same version on both sides",
            *(target.service.name, target.address, server_version, version()),
        )


def _major_and_minor(text: str) -> list[str]:
    return text.split(".")[:2]
