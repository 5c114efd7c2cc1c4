"""Whatever happens to the bytes of a version: it is rejected with a reason, and never loaded."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from recommender_service.artifact.loading import load_version
from recommender_service.errors import BadVersionError
from support.versions import publish_by_hand

FILES = ("manifest.json", "embeddings.npy", "movies.csv")
REASONS = {"MISSING", "CHECKSUM", "FORMAT", "VALUES"}

Contents: TypeAlias = dict[str, bytes | None]
"""Of the files, by name; None for one that is not there."""

Damage: TypeAlias = Callable[[Contents], Contents]


def to_one(name: str, change: Callable[[bytes], bytes | None]) -> Damage:
    """Damage to a file, if it is there."""

    def damage(contents: Contents) -> Contents:
        content = contents[name]
        return contents | {name: None if content is None else change(content)}

    return damage


def flip(offset: int, bit: int) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        place = offset % max(1, len(content))
        changed = (byte ^ 1 << bit for byte in content[place : place + 1])
        return content[:place] + bytes(changed) + content[place + 1 :]

    return change


def overwrite(offset: int, written: bytes) -> Callable[[bytes], bytes]:
    """Also a block of zeros, as a file has after a crash where nothing was written yet."""

    def change(content: bytes) -> bytes:
        place = offset % max(1, len(content))
        return (content[:place] + written + content[place + len(written) :])[: len(content)]

    return change


def insert(offset: int, more: bytes) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        place = offset % (len(content) + 1)
        return content[:place] + more + content[place:]

    return change


def delete(offset: int, count: int) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        place = offset % max(1, len(content))
        return content[:place] + content[place + count :]

    return change


def cut(length: int) -> Callable[[bytes], bytes]:
    return lambda content: content[: length % (len(content) + 1)]


def swap(one: int, other: int, count: int) -> Callable[[bytes], bytes]:
    """Swaps two blocks, which are as far from each other as they have to be."""

    def change(content: bytes) -> bytes:
        first, second = sorted(place % max(1, len(content)) for place in (one, other))
        length = min(count, second - first, len(content) - second)
        return (
            content[:first]
            + content[second : second + length]
            + content[first + length : second]
            + content[first : first + length]
            + content[second + length :]
        )

    return change


def swap_files(one: str, other: str) -> Damage:
    return lambda contents: contents | {one: contents[other], other: contents[one]}


OFFSETS = st.integers(0, 10_000)
NAMES = st.sampled_from(FILES)
CHANGES = st.one_of(
    st.builds(flip, OFFSETS, st.integers(0, 7)),
    st.builds(overwrite, OFFSETS, st.binary(min_size=1, max_size=8)),
    st.builds(overwrite, OFFSETS, st.integers(1, 600).map(bytes)),
    st.builds(insert, OFFSETS, st.binary(min_size=1, max_size=8)),
    st.builds(insert, OFFSETS, st.sampled_from([b"\0" * 4_096, b" ", b"\n", b"0", b"e9"])),
    st.builds(delete, OFFSETS, st.integers(1, 600)),
    st.builds(cut, OFFSETS),
    st.builds(swap, OFFSETS, OFFSETS, st.sampled_from([1, 1, 4, 16, 512])),
    st.just(lambda _: None),
)
DAMAGE = st.builds(to_one, NAMES, CHANGES) | st.builds(swap_files, NAMES, NAMES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    artifacts_dir = tmp_path_factory.mktemp("artifacts")
    publish_by_hand(artifacts_dir)
    return artifacts_dir / "versions" / "1"


@pytest.fixture(scope="module")
def good(folder: Path) -> Contents:
    return {name: (folder / name).read_bytes() for name in FILES}


def write(folder: Path, contents: Contents) -> None:
    for name, content in contents.items():
        (folder / name).unlink(missing_ok=True)
        if content is not None:
            (folder / name).write_bytes(content)


@settings(max_examples=1_200)
@given(damages=st.lists(DAMAGE, min_size=1, max_size=3))
def test_a_version_with_any_damage_is_rejected_with_a_reason(
    folder: Path, good: Contents, damages: list[Damage]
) -> None:
    contents = good
    for damage in damages:
        contents = damage(contents)
    assume(contents != good)
    write(folder, contents)
    with pytest.raises(BadVersionError) as caught:
        load_version(folder)
    assert caught.value.reason in REASONS
    assert caught.value.message


def test_the_same_version_undamaged_is_loaded(folder: Path, good: Contents) -> None:
    write(folder, good)
    assert load_version(folder).number == 1
