"""Connections to a port that several processes answer on, as the operating system sees them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import grpc

from support.servers import DEADLINE_S

_ESTABLISHED = "01"


@contextmanager
def channel_to(
    process: int, address: str, options: list[tuple[str, int]] | None = None
) -> Iterator[grpc.Channel]:
    """A channel that leads to a certain one of the processes that share a port.

    Args:
        process: Its id.
        address: Where it listens, and others too.
        options: More of the channel's.
    """
    with ExitStack() as stack:
        while True:
            before = _accepted(process, address)
            channel = stack.enter_context(new_connection(address, options))
            if _accepted(process, address) - before:
                break
        yield channel


@contextmanager
def new_connection(
    address: str, options: list[tuple[str, int]] | None = None
) -> Iterator[grpc.Channel]:
    """A channel with a connection of its own, which is there."""
    own = ("grpc.use_local_subchannel_pool", 1)
    with grpc.insecure_channel(address, [own, *(options or [])]) as channel:
        grpc.channel_ready_future(channel).result(DEADLINE_S)
        yield channel


def _accepted(process: int, address: str) -> set[str]:
    """The connections that a process has accepted, by what the kernel numbers them with."""
    port = f"{int(address.rpartition(':')[2]):04X}"
    lines = Path("/proc/net/tcp6").read_text().splitlines()[1:]
    fields = map(str.split, lines)
    there = {
        field[9] for field in fields if field[1].endswith(f":{port}") and field[3] == _ESTABLISHED
    }
    return {inode for inode in _sockets(process) if inode in there}


def _sockets(process: int) -> Iterator[str]:
    for path in Path(f"/proc/{process}/fd").iterdir():
        try:
            link = str(path.readlink())
        except OSError:
            continue  # it has just been closed
        if link.startswith("socket:["):
            yield link.removeprefix("socket:[").removesuffix("]")
