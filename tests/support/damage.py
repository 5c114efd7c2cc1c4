"""Versions made bad on purpose.

What is put in a file's place is entered in the manifest, and the manifest is
signed anew, so that only the one thing that a test is about is wrong.
"""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def npy(array: NDArray[Any]) -> bytes:
    """An array as a file holds it, pickled if it has to be."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def facts_of(folder: Path) -> dict[str, Any]:
    """What a version's manifest says."""
    facts: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    return facts


def sign(folder: Path, facts: dict[str, Any]) -> None:
    """Writes a manifest with a digest that fits."""
    no_digest = "0" * 64
    unsigned = json.dumps(facts | {"digest": no_digest}).encode()
    digest = hashlib.sha256(unsigned).hexdigest()
    before, _, after = unsigned.rpartition(no_digest.encode())
    (folder / "manifest.json").write_bytes(before + digest.encode() + after)


def change_manifest(folder: Path, **changed: Any) -> None:
    """Has the manifest say something else."""
    sign(folder, facts_of(folder) | changed)


def replace_file(folder: Path, name: str, content: bytes) -> None:
    """Puts another file in the place of one, and enters it in the manifest."""
    (folder / name).write_bytes(content)
    entry = {
        "name": name,
        "size_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    others = [file for file in facts_of(folder)["files"] if file["name"] != name]
    change_manifest(folder, files=[*others, entry])


def flip_bit(path: Path, offset: int, bit: int = 0) -> None:
    """Changes one bit of a file; the offset counts bytes, and wraps."""
    content = bytearray(path.read_bytes())
    content[offset % len(content)] ^= 1 << bit
    path.write_bytes(content)


def break_reading(path: Path) -> None:
    """Has the volume answer with an error for a file of a version: to begin to read it fails."""
    path.rename(path.with_name("kept"))
    path.symlink_to("/proc/self/mem")  # has no size, and nothing at its beginning
    if path.name != "manifest.json":
        manifest = path.with_name("manifest.json")
        content = manifest.read_bytes()
        files = facts_of(path.parent)["files"]
        change_manifest(
            path.parent,
            files=[
                file | ({"size_bytes": 0} if file["name"] == path.name else {}) for file in files
            ],
        )
        manifest.with_name("kept-manifest").write_bytes(content)


def mend_reading(path: Path) -> None:
    """Has it answer again as it should."""
    if (kept := path.with_name("kept-manifest")).exists():
        kept.replace(path.with_name("manifest.json"))
    path.with_name("kept").replace(path)
