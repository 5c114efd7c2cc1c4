"""Real volumes that are full, read-only or gone; they take the right to mount."""

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest


class Volume:
    """A small file system in memory, mounted on a folder.

    Args:
        path: Where it is mounted; an empty folder.
        size: Its size, as `mount -t tmpfs -o size=` takes it.

    Raises:
        subprocess.CalledProcessError: It may not be mounted; the output says why.
    """

    def __init__(self, path: Path, size: str) -> None:
        self.path = path
        # Mounted twice: what was taken away from the one folder stays in the other.
        self._medium = path.with_name(f"{path.name}-medium")
        self._medium.mkdir()
        _call("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", self._medium)
        self.come_back()

    def resize(self, size: str) -> None:
        """Makes room, or takes it."""
        _call("mount", "-o", f"remount,size={size}", self._medium)

    def be_read_only(self, *, read_only: bool = True) -> None:
        """Takes nothing any more, or everything again."""
        _call("mount", "-o", f"remount,{'ro' if read_only else 'rw'}", self._medium)

    def vanish(self) -> None:
        """Leaves the empty folder behind that it was mounted on."""
        _call("umount", "--lazy", self.path)

    def come_back(self) -> None:
        """Is there again, with all that it held."""
        self.path.mkdir(exist_ok=True)
        _call("mount", "--bind", self._medium, self.path)

    def end(self) -> None:
        """Unmounts it, wherever it is."""
        for path in (self.path, self._medium):
            with suppress(subprocess.CalledProcessError):
                _call("umount", "--lazy", path)


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Volume]:
    """A volume of 64 KiB, `volume` in the test's folder."""
    try:
        volume = Volume(tmp_path / "volume", "64k")
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", None) or error
        pytest.skip(f"no volume can be mounted here: {said}")
    yield volume
    volume.end()


def fill(volume: Path) -> None:
    """Leaves no room on a volume."""
    with suppress(OSError), (volume / "ballast").open("wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(4096))


def _call(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
