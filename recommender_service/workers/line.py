"""What two processes tell each other: JSON, and descriptors with it."""

import asyncio
import json
import os
import socket
from collections.abc import Callable, Sequence
from typing import Any

_HEADER_BYTES = 4
_MOST_DESCRIPTORS = 8


class Line:
    """One end of a pair of sockets; of each end one task sends, and one receives.

    Args:
        connection: The socket; it is this object's from now on.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._socket = connection

    @classmethod
    def pair(cls) -> tuple["Line", socket.socket]:
        """A line, and the other end of it, for another process."""
        here, there = socket.socketpair()
        return cls(here), there

    async def send(self, message: Any, descriptors: Sequence[int] = ()) -> None:
        """Sends a message.

        Args:
            message: Anything that JSON can hold.
            descriptors: Of files; the other side gets descriptors of its own of the same.

        Raises:
            OSError: The other side is gone.
        """
        loop = asyncio.get_running_loop()
        body = json.dumps(message).encode()
        header = len(body).to_bytes(_HEADER_BYTES, "big")
        while True:
            try:
                socket.send_fds(self._socket, [header], descriptors)
                break
            except BlockingIOError:
                await self._until_ready(loop.add_writer, loop.remove_writer)
        await loop.sock_sendall(self._socket, body)

    async def receive(self) -> tuple[Any, list[int]]:
        """The next message, and the descriptors that came with it.

        Raises:
            EOFError: The other side is gone.
        """
        loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    # The header comes whole: it was sent at once, with the descriptors.
                    header, descriptors, *_ = socket.recv_fds(
                        self._socket, _HEADER_BYTES, _MOST_DESCRIPTORS
                    )
                    break
                except BlockingIOError:
                    await self._until_ready(loop.add_reader, loop.remove_reader)
            for descriptor in descriptors:
                os.set_inheritable(descriptor, False)
            body = bytearray(int.from_bytes(header, "big"))
            read = 0 if header else -1
            while 0 <= read < len(body):
                count = await loop.sock_recv_into(self._socket, memoryview(body)[read:])
                read = read + count if count else -1
        except ConnectionError:
            read = -1
        if read < 0:
            raise EOFError
        return json.loads(body), list(descriptors)

    def close(self) -> None:
        """Ends it, for both sides."""
        self._socket.close()

    async def _until_ready(
        self, watch: Callable[..., object], forget: Callable[[socket.socket], object]
    ) -> None:
        ready = asyncio.Event()
        watch(self._socket, ready.set)
        try:
            await ready.wait()
        finally:
            forget(self._socket)
