"""How a version is read: once, into memory of its own, at once, or not at all."""

import gc
import os
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from recommender_service.artifact.embeddings import embeddings_of
from recommender_service.artifact.loading import load_version
from recommender_service.errors import BadVersionError
from support.damage import change_manifest, facts_of, flip_bit, npy, replace_file
from support.mappings import bytes_read, mapped, opened, resident_sizes
from support.users import loaded_by_a_user
from support.versions import publication, publish, publish_by_hand

needs_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc")

FILES = ["manifest.json", "embeddings.npy", "movies.csv"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    publish_by_hand(tmp_path)
    return tmp_path / "versions" / "1"


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A version of 8 MB of embeddings and 2 MB of movies."""
    count = 20_000
    titles = [f"Film {i} {'x' * 80} (1999)" for i in range(count)]
    vectors = np.zeros((count, 100), dtype=np.float32)
    vectors[np.arange(count), np.arange(count) % 100] = 1
    publish(tmp_path, publication(titles, embeddings=vectors))
    return tmp_path / "versions" / "1"


@pytest.fixture(autouse=True)
def without_garbage_collector() -> Iterator[None]:
    """What is given back is given back by itself."""
    gc.disable()
    yield
    gc.enable()


@needs_linux
def test_each_file_is_read_once(large: Path) -> None:
    size = sum((large / name).stat().st_size for name in FILES)
    assert size > 10_000_000
    before = bytes_read()
    load_version(large)
    assert size <= bytes_read() - before < size + 100_000


@needs_linux
def test_no_file_of_the_volume_is_mapped_or_open_once_it_is_loaded(large: Path) -> None:
    version = load_version(large)
    assert mapped(str(large)) == opened(str(large)) == []
    for name in FILES:
        (large / name).unlink()  # as if the volume were gone
    query = np.eye(100, dtype=np.float32)[7]
    assert version.index.cosines(query).argmax() == 7
    assert version.catalogue.movie(19_999).title.startswith("Film 19999 ")


@needs_linux
def test_all_memory_is_given_back_with_the_last_reference(large: Path) -> None:
    def held() -> tuple[int, int]:
        return len(mapped("memfd:movierec")), len(opened("memfd:movierec"))

    before = held()
    version = load_version(large)
    gone = [weakref.ref(part) for part in (version, version.catalogue)]
    descriptors = [file.descriptor for file in version.files.values()]
    assert all(descriptor is not None for descriptor in descriptors)
    assert held() > before
    index = version.index
    del version
    assert [part() for part in gone] == [None, None]
    assert len(mapped("memfd:movierec")) == before[0] + 1  # the embeddings, for the index
    del index
    assert held() == before


@needs_linux
@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: flip_bit(folder / "embeddings.npy", -1),
        lambda folder: flip_bit(folder / "movies.csv", -1),
        lambda folder: replace_file(folder, "embeddings.npy", b"no array"),
        lambda folder: replace_file(folder, "movies.csv", b"no table"),
        lambda folder: change_manifest(folder, movie_count=7),
        lambda folder: (folder / "movies.csv").unlink(),
    ],
)
def test_of_a_version_that_is_rejected_no_memory_is_kept(
    folder: Path, damage: Callable[[Path], None]
) -> None:
    damage(folder)
    before = mapped("memfd:movierec"), opened("memfd:movierec")
    is_loaded = False
    with suppress(BadVersionError):  # pytest.raises would keep it, and the memory with it
        load_version(folder)
        is_loaded = True
    assert not is_loaded
    assert (mapped("memfd:movierec"), opened("memfd:movierec")) == before


def test_what_processes_are_to_share_is_what_was_read(folder: Path) -> None:
    version = load_version(folder)
    assert {name: bytes(file.content) for name, file in version.files.items()} == {
        name: (folder / name).read_bytes() for name in ("embeddings.npy", "movies.csv")
    }


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_embeddings_are_a_view_that_cannot_be_written_to(order: str) -> None:
    content = memoryview(npy(np.eye(3, dtype=np.float32, order=order)))  # type: ignore[call-overload]
    embeddings = embeddings_of(content, (3, 3))
    assert embeddings.tolist() == np.eye(3).tolist()
    assert np.shares_memory(embeddings, np.frombuffer(content, dtype=np.uint8))
    assert not embeddings.flags.writeable


@pytest.mark.parametrize("row", [0, 4_567, 19_999])
def test_the_worst_row_is_named_wherever_it_is(row: int) -> None:
    vectors = np.zeros((20_000, 100), dtype=np.float32)
    vectors[:, 0] = 1
    vectors[:, 1] = 0.05  # a little too long, all of them
    for value, words in ((2.0, f"row {row} of length 2.23"), (np.nan, f"not finite, in row {row}")):
        vectors[row, 1] = value
        with pytest.raises(BadVersionError, match=words):
            embeddings_of(memoryview(npy(vectors)), vectors.shape)


def test_what_follows_the_array_is_not_passed_over() -> None:
    content = memoryview(npy(np.eye(3, dtype=np.float32)) + b"more")
    with pytest.raises(BadVersionError, match="is no array: 40 bytes are not float32"):
        embeddings_of(content, (3, 3))


@needs_linux
@pytest.mark.parametrize("name", ["embeddings.npy", "movies.csv"])
def test_a_file_that_is_longer_or_shorter_when_it_is_read_than_when_it_was_looked_at_is_rejected(
    folder: Path, name: str
) -> None:
    """The files of Linux itself do so: some say that they are empty, and some that they are not."""
    for path in (Path("/proc/self/status"), Path("/sys/kernel/uevent_seqnum")):
        (folder / name).unlink()
        (folder / name).symlink_to(path)
        said = path.stat().st_size
        assert len(path.read_bytes()) != said
        files = [
            file | {"size_bytes": said} if file["name"] == name else file
            for file in facts_of(folder)["files"]
        ]
        change_manifest(folder, files=files)
        with pytest.raises(BadVersionError, match=f"{name} has .* bytes, and the manifest") as got:
            load_version(folder)
        assert got.value.reason == "CHECKSUM"


@pytest.mark.parametrize("name", FILES)
def test_a_link_that_leads_in_a_circle_is_the_version_s_fault(folder: Path, name: str) -> None:
    (folder / name).unlink()
    (folder / name).symlink_to(name)
    with pytest.raises(BadVersionError, match=f"{name} is a link in a circle") as caught:
        load_version(folder)
    assert caught.value.reason == "MISSING"


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_may_not_be_read_rejects_the_version(folder: Path, name: str) -> None:
    folder.chmod(0o755)
    for path in folder.iterdir():
        path.chmod(0o644)
    assert loaded_by_a_user(folder) == "loaded 1"
    (folder / name).chmod(0)
    user = os.geteuid() or 65534
    assert loaded_by_a_user(folder) == (
        f"UNREADABLE: {name} may not be read: allow it to user {user}, who runs this, for the file "
        f"and its folder"
    )


def test_a_folder_that_may_not_be_entered_rejects_the_version(folder: Path) -> None:
    folder.chmod(0)
    try:
        assert loaded_by_a_user(folder).startswith("UNREADABLE: manifest.json may not be read: ")
    finally:
        folder.chmod(0o755)


@needs_linux
def test_a_version_is_warm_when_it_is_loaded(large: Path) -> None:
    """No page of it is left for the first request to fetch."""
    before = resident_sizes("memfd:movierec").keys()
    version = load_version(large)
    sizes = resident_sizes("memfd:movierec")
    own = [sizes[addresses] for addresses in sizes.keys() - before]
    assert len(own) == len(version.files) == 2
    assert all(resident == size for size, resident in own)
