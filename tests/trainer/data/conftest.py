"""What the tests of the data share: a folder that files are written into."""

from collections.abc import Callable
from pathlib import Path

import pytest

Writer = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    """Writes files, given by name with "_" for the dot, into one folder; returns it."""

    def write_files(**contents: str | bytes) -> Path:
        folder = tmp_path / "films"
        folder.mkdir(exist_ok=True)
        for name, content in contents.items():
            data = content.encode() if isinstance(content, str) else content
            (folder / name.replace("_", ".")).write_bytes(data)
        return folder

    return write_files
