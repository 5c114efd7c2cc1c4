"""A server that knows nothing: it answers every call with one message that is ready.

Run as `python -m bench.bare_server FILE [HOST:PORT]`; the file holds the message's bytes, and
several may share a port. What it manages is what gRPC for Python manages on this machine.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import uvloop


async def serve(message: bytes, address: str) -> None:
    """Serves for ever; prints where, in a line as the services do."""

    async def answer(_: bytes, __: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[bytes]:
        yield message

    server = grpc.aio.server(options=[("grpc.so_reuseport", 1)])
    method: Any = grpc.unary_stream_rpc_method_handler(answer)
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("bench.Bare", {"Answer": method})]
    )
    port = server.add_insecure_port(address)
    await server.start()
    print(f"bare listening on 127.0.0.1:{port}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    file, *addresses = sys.argv[1:]
    uvloop.run(serve(Path(file).read_bytes(), *addresses or ["127.0.0.1:0"]))
