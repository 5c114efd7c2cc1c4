"""Memory that other processes can share: it cannot be changed, and it is given back."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender_service.memory import SharedMemory
from support.mappings import mapped, opened

needs_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc")


@pytest.fixture(params=["memfd", "no memfd"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each test is done on this platform, and as if there were no `memfd_create`."""
    if request.param == "no memfd":
        monkeypatch.delattr(os, "memfd_create", raising=False)
    elif not hasattr(os, "memfd_create"):
        pytest.skip("there is no memfd_create here")
    return str(request.param)


def memory_of(*blocks: bytes) -> SharedMemory:
    return SharedMemory(sum(map(len, blocks)), map(memoryview, blocks))


@pytest.mark.usefixtures("kind")
@pytest.mark.parametrize(
    "blocks", [(), (b"",), (b"one",), (b"\0" * 5_000, b"", b"\xff" * 70_000), (b"a",) * 9]
)
def test_it_holds_what_it_was_given_and_cannot_be_written_to(blocks: tuple[bytes, ...]) -> None:
    memory = memory_of(*blocks)
    assert memory.content == b"".join(blocks)
    assert memory.content.readonly


@pytest.mark.usefixtures("kind")
def test_a_block_is_copied_before_the_next_one_is_taken() -> None:
    def same_buffer() -> Iterator[memoryview]:
        buffer = bytearray(3)
        for letter in b"abc":
            buffer[:] = bytes([letter]) * 3
            yield memoryview(buffer)

    assert bytes(SharedMemory(9, same_buffer()).content) == b"aaabbbccc"


@pytest.mark.usefixtures("kind")
@pytest.mark.parametrize("size", [0, 2, 4])
def test_another_size_than_was_announced_is_an_error(size: int) -> None:
    with pytest.raises(ValueError, match=r"bytes came|data out of range"):
        SharedMemory(size, [memoryview(b"abc")])


@given(st.lists(st.binary(max_size=5) | st.just(b"\n"), max_size=9))
def test_its_lines_are_those_of_the_content_each_time(blocks: list[bytes]) -> None:
    memory = memory_of(*blocks)
    for _ in range(2):
        lines = list(memory.lines())
        assert b"".join(lines) == memory.content
        assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines[:-1])


@needs_linux
def test_a_process_that_is_handed_the_descriptor_sees_the_same_and_cannot_change_it() -> None:
    memory = memory_of(b"shared " * 1_000)
    assert memory.descriptor is not None
    code = """
import mmap, sys
descriptor, size = map(int, sys.argv[1:])
print(mmap.mmap(descriptor, size, access=mmap.ACCESS_READ)[:14])
for attempt in (
    lambda: mmap.mmap(descriptor, size),
    lambda: open(descriptor, "wb", closefd=False, buffering=0).write(b"x"),
    lambda: open(descriptor, "wb", closefd=False, buffering=0).truncate(0),
):
    try:
        attempt()
    except PermissionError:
        print("not permitted")
"""
    said = subprocess.run(
        [sys.executable, "-c", code, str(memory.descriptor), str(len(memory.content))],
        pass_fds=[memory.descriptor],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said.splitlines() == ["b'shared shared '", *["not permitted"] * 3]
    assert bytes(memory.content[:14]) == b"shared shared "


@needs_linux
@pytest.mark.usefixtures("kind")
def test_the_memory_is_given_back_with_the_last_reference() -> None:
    size = 3_001 * 4_096  # of no other mapping
    before = (mapped("movierec"), opened("movierec"), sizes().count(size))
    memory = SharedMemory(size, [memoryview(bytes(size))])
    assert sizes().count(size) == before[2] + 1
    part = memory.content[5:10]
    del memory
    assert sizes().count(size) == before[2] + 1
    assert part == bytes(5)
    del part
    assert (mapped("movierec"), opened("movierec"), sizes().count(size)) == before


@needs_linux
@pytest.mark.parametrize("content", [b"shared " * 1_000, b""])
def test_memory_that_is_handed_over_outlives_whoever_filled_it_and_is_given_back(
    content: bytes,
) -> None:
    before = (mapped("movierec"), opened("movierec"))
    filled = memory_of(content)
    assert filled.descriptor is not None
    got = SharedMemory.handed_over(os.dup(filled.descriptor), len(content))
    del filled
    assert got.content == content
    assert got.content.readonly
    assert b"".join(got.lines()) == content
    del got
    assert (mapped("movierec"), opened("movierec")) == before


def sizes() -> list[int]:
    """Of all mappings."""
    ends = [line.split()[0].split("-") for line in mapped("")]
    return [int(end, 16) - int(begin, 16) for begin, end in ends]
