"""A service of four methods, of which two answer, one refuses and one breaks."""

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import grpc
from google.protobuf.wrappers_pb2 import Int64Value

from movierec.chassis.boundary import ErrorBoundary
from movierec.chassis.call import answered_by, note, send
from movierec.chassis.errors import ServiceError
from movierec.chassis.gate import Gate
from movierec.chassis.observing import CallObserver
from movierec.chassis.undecoded import Undecoded

SERVICE = "movierec.test.Probe"

Metadata = tuple[tuple[str, str], ...]


async def call_probe(
    observer: CallObserver,
    method: str,
    metadata: Metadata = (),
    *,
    does: Callable[[], object] = lambda: None,
) -> grpc.StatusCode:
    """Calls a method of the service once, and waits until the server is gone.

    Args:
        observer: Sees the call.
        method: `Answer`, `Last`, which answers and returns its last message, `Refuse` or
            `Break`, or one that there is not.
        metadata: What comes with the call.
        does: What `Answer` does while it works, and `Refuse` before it refuses.
    """

    async def answer(request: Int64Value, _: Any) -> AsyncIterator[Int64Value]:
        answered_by(7)
        note("query", position=0)
        does()
        for value in range(request.value):
            yield Int64Value(value=value)

    async def last(request: Undecoded[Int64Value], context: Any) -> bytes:
        *earlier, last = range(request.decode().value)
        for value in earlier:
            await send(context, Int64Value(value=value).SerializeToString())
        return Int64Value(value=last).SerializeToString()

    async def refuse(_: Int64Value, __: Any) -> Int64Value:
        does()
        raise ServiceError("no")

    async def break_down(_: Int64Value, __: Any) -> Int64Value:
        raise ValueError("a bug")

    coders = (Int64Value.FromString, Int64Value.SerializeToString)
    methods: dict[str, Any] = {
        "Answer": grpc.unary_stream_rpc_method_handler(answer, *coders),
        "Last": grpc.unary_stream_rpc_method_handler(last, *coders),
        "Refuse": grpc.unary_unary_rpc_method_handler(refuse, *coders),
        "Break": grpc.unary_unary_rpc_method_handler(break_down, *coders),
    }
    table = {ServiceError: grpc.StatusCode.NOT_FOUND}
    server = grpc.aio.server(interceptors=[ErrorBoundary(table, observer, Gate())])
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, methods)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub: Any = channel.unary_stream(f"/{SERVICE}/{method}")
        call = stub(Int64Value(value=2).SerializeToString(), metadata=metadata)
        with suppress(grpc.aio.AioRpcError):
            async for _ in call:
                pass
        code: grpc.StatusCode = await call.code()
    await server.stop(None)
    return code
