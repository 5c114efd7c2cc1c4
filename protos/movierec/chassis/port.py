"""A port that several processes of one service answer on, and no other service."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


def cannot_listen(address: str) -> str:
    """The sentence for an address that cannot be listened on."""
    return f"cannot listen on {address}: is the address taken, or not this machine's?"


@contextmanager
def taken_to_share(address: str) -> Iterator[str]:
    """Takes a port for this process alone, and opens it to others of the same user that share it.

    Sockets that ask to share a port get it without a word, whoever else has it. So
    one that does not ask takes it first, which fails if anybody listens there, and
    turns to sharing when it has it: from then on only sockets that share it get it,
    and there is no moment at which two services can both find it free.

    Args:
        address: HOST:PORT; port 0 takes a free one.

    Yields:
        HOST:PORT, the port the real one. Inside, another socket that shares the
        port has to begin to listen on it; at the end the first one is closed.

    Raises:
        OSError: The address cannot be listened on.
    """
    host, _, port = address.rpartition(":")
    with ExitStack() as stack:
        try:
            # A name may stand for addresses of two families, which gRPC then listens on.
            addresses = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
            real = int(port)
            for family, kind, protocol, _, where in addresses:
                first = stack.enter_context(socket.socket(family, kind, protocol))
                real = _take(first, (where[0], real, *where[2:]))
        except OSError as error:
            raise OSError(cannot_listen(address)) from error
        yield f"{host}:{real}"


def _take(first: socket.socket, where: tuple[str | int, ...]) -> int:
    """Has a socket listen, and then share; its port."""
    # Connections that have just ended are no reason not to begin again.
    first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    first.bind(where)
    first.listen()
    first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    port: int = first.getsockname()[1]
    return port
