"""Downloads from a server on loopback."""

from pathlib import Path

import pytest

from movierec_client.errors import DownloadError
from movierec_client.movielens.download import Downloaded, download
from movierec_client.movielens.watching import Watcher
from support.archive_servers import ArchiveServer

NAME = "ml-latest-small"
ZIP = f"/{NAME}.zip"


class Told(Watcher):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.stages: list[tuple[str, int, int | None]] = []
        self.done_bytes = 0

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)

    def stage(self, what: str, done_bytes: int, total_bytes: int | None) -> None:
        self.stages.append((what, done_bytes, total_bytes))

    def advance(self, done_bytes: int) -> None:
        self.done_bytes = done_bytes


def fetched(archives: ArchiveServer, folder: Path, told: Watcher, name: str = NAME) -> Downloaded:
    return download(name, folder, base_url=archives.url, timeout_s=30, watcher=told)


def refused(archives: ArchiveServer, folder: Path, told: Watcher, name: str = NAME) -> str:
    """Downloads what cannot be; returns the sentence. Nothing may have its final name."""
    with pytest.raises(DownloadError) as caught:
        fetched(archives, folder, told, name)
    assert not (folder / name).exists()
    assert not list(folder.glob(".*"))
    return caught.value.message
