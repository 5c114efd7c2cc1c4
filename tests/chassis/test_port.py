"""A port that processes share is no other service's."""

import asyncio
import socket
from collections.abc import Callable

import grpc
import pytest

from movierec.chassis.port import taken_to_share


async def sharing(address: str) -> grpc.aio.Server:
    """A server that shares a port."""
    server = grpc.aio.server(options=[("grpc.so_reuseport", 1)])
    assert server.add_insecure_port(address) == int(address.rpartition(":")[2])
    await server.start()
    return server


def kept(address: str, while_kept: Callable[[str], None]) -> None:
    """Takes a port to share; does something while two servers have it, with its address."""

    async def run() -> None:
        with taken_to_share(address) as real:
            servers = [await sharing(real)]
        servers.append(await sharing(real))
        await asyncio.to_thread(while_kept, real)
        await asyncio.gather(*(server.stop(None) for server in servers))

    asyncio.run(run())


def take(address: str) -> None:
    with taken_to_share(address):
        pass


def refused(address: str) -> None:
    with pytest.raises(OSError, match=f"cannot listen on {address}: is the address taken"):
        take(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])  # noqa: S104
def test_what_is_shared_is_refused_to_whoever_takes_it_anew_and_free_afterwards(host: str) -> None:
    addresses: list[str] = []

    def refuse(address: str) -> None:
        addresses.append(address)
        refused(address)

    kept(f"{host}:0", refuse)
    take(*addresses)


def test_one_host_of_all_is_refused_while_all_are_taken() -> None:
    kept("0.0.0.0:0", lambda address: refused(f"127.0.0.1:{address.rpartition(':')[2]}"))


def test_two_that_take_a_port_at_the_same_time_do_not_both_get_it() -> None:
    with taken_to_share("127.0.0.1:0") as address:
        refused(address)


def test_a_socket_that_shares_with_nobody_does_not_get_it() -> None:
    def bind(address: str) -> None:
        host, _, port = address.rpartition(":")
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((host, int(port)))

    kept("127.0.0.1:0", bind)


def test_a_port_that_somebody_listens_on_is_refused_though_that_one_shares() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        refused(f"127.0.0.1:{other.getsockname()[1]}")


@pytest.mark.parametrize("host", ["203.0.113.1", "no-such-host.invalid"])
def test_an_address_that_is_not_this_machines_is_refused(host: str) -> None:
    refused(f"{host}:0")
