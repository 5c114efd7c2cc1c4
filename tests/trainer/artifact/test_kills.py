"""A publisher that is killed, or refused, at any system call; and a reader that never stops."""

import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from movierec.control.folder import make_control_folder
from recommender_service.artifact.loading import load_version
from recommender_service.errors import BadVersionError
from support.control import change_activation
from support.publisher import REFUSED
from support.tracing import CALLS, Publisher, kill_at, publisher, record, refuse
from trainer_service.artifact.retention import collect

__all__ = ["publisher"]

NUMBER = re.compile(r"[1-9][0-9]*")
KILLED = -signal.SIGKILL


class Reader(threading.Thread):
    """Loads all versions that it finds, again and again, as fast as it can.

    Args:
        artifacts_dir: The volume's folder.
    """

    def __init__(self, artifacts_dir: Path) -> None:
        super().__init__()
        self.newest = [0]
        self.surprises: list[str] = []
        self._versions = artifacts_dir / "versions"
        self._ending = threading.Event()

    def run(self) -> None:
        """Reads until it is told to end, and once more."""
        while not self._ending.is_set():
            self._look()
        self._look()

    def end(self) -> None:
        """Tells it to end, and waits."""
        self._ending.set()
        self.join()

    def _look(self) -> None:
        found = numbers(self._versions)
        newest = max(filter(self._loads, found), default=0)
        if not all((self._versions / str(number)).is_dir() for number in found):
            return  # one was removed before it was loaded, and a newer one came before that
        if newest < self.newest[-1]:
            self.surprises.append(f"after version {self.newest[-1]} there was {newest}")
        if newest != self.newest[-1]:
            self.newest.append(newest)

    def _loads(self, number: int) -> bool:
        folder = self._versions / str(number)
        try:
            return load_version(folder).number == number
        except (BadVersionError, OSError) as error:
            if folder.is_dir():  # it was not removed in the meantime
                self.surprises.append(f"version {number}: {error}")
            return False


@contextmanager
def read(artifacts_dir: Path) -> Iterator[Reader]:
    """A reader that has seen nothing but whole versions, each newer than the one before."""
    reader = Reader(artifacts_dir)
    reader.start()
    try:
        yield reader
    finally:
        reader.end()
    assert reader.surprises == []


def numbers(folder: Path) -> list[int]:
    """The versions, or the claims, in a folder, in order."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return sorted(int(name) for name in names if NUMBER.fullmatch(name))


def others(versions: Path) -> set[str]:
    """What else is in the folder of versions."""
    return {path.name for path in versions.iterdir() if not NUMBER.fullmatch(path.name)}


@pytest.mark.parametrize("call", CALLS)
def test_a_first_publication_that_is_killed_at_any_call_is_seen_whole_or_not_and_can_be_repeated(
    publisher: Publisher, tmp_path: Path, call: str
) -> None:
    for turn in count(1):
        volume = tmp_path / str(turn) / "artifacts"
        versions = volume / "versions"
        with read(volume):
            status = publisher.publish(volume, "run", strace=kill_at(call, turn))
            left = numbers(versions)
            claimed = numbers(versions / ".claimed")
            assert publisher.publish(volume, "run") == 0
        new = max(claimed, default=0) + 1
        assert left in ([], claimed)
        assert numbers(versions) == [*left, new]
        assert others(versions) == {".claimed"}
        if status != KILLED:
            assert (status, left) == (0, [1])
            break


@pytest.mark.parametrize("call", CALLS)
def test_publishing_and_removing_that_is_killed_at_any_call_is_made_good_by_the_next(
    publisher: Publisher, tmp_path: Path, call: str
) -> None:
    """On a volume with two versions, of which one is removed, and what a kill has left before."""
    versions = tmp_path / "versions"
    make_control_folder(tmp_path / "control")
    with read(tmp_path) as reader:
        assert publisher.publish(tmp_path, "first", keep=2) == 0
        assert publisher.publish(tmp_path, "second", keep=2) == 0
        for turn in count(1):
            assert publisher.publish(tmp_path, "run", strace=kill_at("rename", 1)) == KILLED
            assert others(versions) == {".claimed", ".staging-run"}
            status = publisher.publish(tmp_path, "run", keep=2, strace=kill_at(call, turn))
            claimed = numbers(versions / ".claimed")
            assert publisher.publish(tmp_path, "run", keep=2) == 0
            assert numbers(versions)[-1] == max(claimed) + 1
            assert len(numbers(versions)) == 2
            assert others(versions) == {".claimed"}
            if status != KILLED:
                assert status == 0
                break
    assert reader.newest == sorted(reader.newest)


@pytest.mark.parametrize("call", ["fsync", "rename", "unlinkat", "rmdir"])
def test_what_is_pinned_after_a_kill_while_it_was_removed_comes_back_whole_or_not_at_all(
    publisher: Publisher, tmp_path: Path, call: str
) -> None:
    came_back = []
    for turn in count(1):
        volume = tmp_path / str(turn)
        versions, control = volume / "versions", volume / "control"
        volume.mkdir()
        make_control_folder(control)
        with read(volume):
            assert publisher.publish(volume, "old") == 0
            status = publisher.publish(volume, "new", keep=1, strace=kill_at(call, turn))
            change_activation(control, lambda now: now.to_pin(1))
            collect(volume, control, keep_versions=9, keep_for=timedelta(0))
        came_back.append(1 in numbers(versions))
        if came_back[-1]:
            assert load_version(versions / "1").number == 1
        assert others(versions) <= {".claimed", ".staging-new"}
        if status != KILLED:
            assert (status, came_back[-1]) == (0, False)
            break
    # Once it is past return, it stays so.
    assert came_back == sorted(came_back, reverse=True)


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
@pytest.mark.parametrize("call", CALLS)
def test_a_publication_that_is_refused_at_any_call_leaves_nothing_and_can_be_repeated(
    publisher: Publisher, tmp_path: Path, call: str, error: str
) -> None:
    for turn in count(1):
        volume = tmp_path / str(turn) / "artifacts"
        versions = volume / "versions"
        status = publisher.publish(volume, "run", strace=refuse(call, turn, error))
        if status != REFUSED:
            assert (status, numbers(versions)) == (0, [1])
            break
        assert numbers(versions) == []
        claimed = numbers(versions / ".claimed")
        assert publisher.publish(volume, "run") == 0
        assert numbers(versions) == [max(claimed, default=0) + 1]
        assert others(versions) == {".claimed"}


def test_all_is_durable_before_the_version_has_its_number_and_the_number_after(
    publisher: Publisher, tmp_path: Path
) -> None:
    """In the order in which the kernel is asked; folders that were made on the way, too."""
    volume = tmp_path / "new" / "artifacts"
    assert publisher.publish(volume, "run", strace=record(tmp_path / "log")) == 0
    calls = [
        line.replace(str(tmp_path), "")
        for line in (tmp_path / "log").read_text().splitlines()
        if re.match(r"(write|fsync|mkdir|rename)\(", line)
    ]

    def places(call: str, path: str) -> list[int]:
        pattern = re.compile(rf'{call}\((\d+<|"){re.escape(path)}[>"]')
        return [place for place, line in enumerate(calls) if pattern.match(line)]

    versions = "/new/artifacts/versions"
    (numbered,) = places("rename", f"{versions}/.staging-run")
    for name in ("embeddings.npy", "movies.csv", "manifest.json"):
        *_, written = places("write", f"{versions}/.staging-run/{name}")
        (synced,) = places("fsync", f"{versions}/.staging-run/{name}")
        assert written < synced < numbered
    (staged,) = places("fsync", f"{versions}/.staging-run")
    assert places("fsync", f"{versions}/.staging-run/manifest.json")[0] < staged < numbered
    (claimed,) = places("fsync", f"{versions}/.claimed")
    assert claimed < places("write", f"{versions}/.staging-run/manifest.json")[0]
    assert places("fsync", versions)[-1] > numbered
    for folder in ("/new", "/new/artifacts", versions, f"{versions}/.claimed"):
        (made,) = places("mkdir", folder)
        parent = folder.rpartition("/")[0]
        assert any(made < synced < numbered for synced in places("fsync", parent))
