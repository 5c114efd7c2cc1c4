"""Handlers that are no one's but grpc's own, such as health's, with their calls observed."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import grpc

from movierec.chassis.observing import CallObserver, Context


def observed(handler: Any, observer: CallObserver) -> Any:
    """The same handler, of which each call is told to an observer; errors pass as they are."""
    coders = (handler.request_deserializer, handler.response_serializer)
    if handler.unary_unary is not None:
        return grpc.unary_unary_rpc_method_handler(_unary(handler.unary_unary, observer), *coders)
    if handler.unary_stream is not None:
        stream = _stream(handler.unary_stream, observer)
        return grpc.unary_stream_rpc_method_handler(stream, *coders)
    if handler.stream_stream is not None:
        stream = _stream(handler.stream_stream, observer)
        return grpc.stream_stream_rpc_method_handler(stream, *coders)
    return handler


def _unary(behaviour: Any, observer: CallObserver) -> Callable[..., Any]:
    async def watched(request: Any, context: Context) -> Any:
        call = observer.begins(context)
        try:
            response = await behaviour(request, context)
            call.sends()
        except Exception:
            call.code = _code_of(context)
            raise
        else:
            call.code = grpc.StatusCode.OK
            return response
        finally:
            observer.ends(call, context)

    return watched


def _stream(behaviour: Any, observer: CallObserver) -> Callable[..., Any]:
    async def watched(request: Any, context: Context) -> AsyncIterator[Any]:
        call = observer.begins(context)
        try:
            async with aclosing(behaviour(request, context)) as responses:
                async for response in responses:
                    call.sends()
                    yield response
            call.code = grpc.StatusCode.OK
        except Exception:
            call.code = _code_of(context)
            raise
        finally:
            observer.ends(call, context)

    return watched


def _code_of(context: Context) -> grpc.StatusCode:
    """What an abort has said, as a number or otherwise; grpc answers other errors with UNKNOWN."""
    said = context.code()
    if isinstance(said, grpc.StatusCode):
        return said
    return next((code for code in grpc.StatusCode if code.value[0] == said and said), _UNKNOWN)


_UNKNOWN = grpc.StatusCode.UNKNOWN
