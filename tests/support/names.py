"""A name server, so that what a name stands for can change while a client runs."""

import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from socketserver import BaseRequestHandler, UDPServer

_HEADER_BYTES = 12
_IS_AN_ANSWER = 0x8400
_A_RECORD, _INTERNET = 1, 1
_THE_NAME_ASKED_FOR = 0xC00C


class NameServer(UDPServer):
    """Answers every question with the addresses that it was given last."""

    addresses: Sequence[str] = ()
    """What every name stands for: addresses of IPv4."""

    def target(self, port: int) -> str:
        """A name that is looked up here, as a channel takes it.

        Args:
            port: Where those that it stands for listen.
        """
        host, own_port = self.server_address[:2]
        return f"dns://{host!s}:{own_port}/recommender.test:{port}"


class _Answering(BaseRequestHandler):
    server: NameServer

    def handle(self) -> None:
        question, answering = self.request
        end_of_name = question.index(0, _HEADER_BYTES) + 1
        asked = question[_HEADER_BYTES : end_of_name + 4]
        (kind,) = struct.unpack_from("!H", question, end_of_name)
        # There is nothing else that gRPC asks for: neither addresses of IPv6 nor services.
        found = self.server.addresses if kind == _A_RECORD else ()
        header = question[:2] + struct.pack("!5H", _IS_AN_ANSWER, 1, len(found), 0, 0)
        records = [
            struct.pack("!HHHIH", _THE_NAME_ASKED_FOR, _A_RECORD, _INTERNET, 0, 4)
            + socket.inet_aton(address)
            for address in found
        ]
        answering.sendto(header + asked + b"".join(records), self.client_address)


@contextmanager
def name_server() -> Iterator[NameServer]:
    """A name server that runs."""
    with NameServer(("127.0.0.1", 0), _Answering) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            yield server
        finally:
            server.shutdown()
            serving.join()
