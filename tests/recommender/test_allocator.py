"""Memory that was freed goes back to the system."""

import os
import platform

import pytest

from recommender_service.allocator import give_back_freed_blocks
from support.processes import resident_mib

BLOCK_BYTES = 2_000
"""More than Python's own allocator deals with."""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries do as they like")
def test_small_blocks_that_were_freed_go_back_though_some_between_them_stay() -> None:
    blocks = [bytes(BLOCK_BYTES) for _ in range(40_000)]
    used = resident_mib(os.getpid())
    kept = blocks[::40]
    del blocks
    give_back_freed_blocks()
    assert used - resident_mib(os.getpid()) > 50
    assert len(kept) == 1_000
