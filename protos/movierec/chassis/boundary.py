"""The one place where errors become gRPC statuses.

Every status carries `google.rpc.ErrorInfo`, and `BadRequest`, `ResourceInfo` or
`RetryInfo` where they fit (AIP-193). Requests are decoded inside the boundary
too: left to itself, grpc answers bytes that are no message with UNKNOWN.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from inspect import iscoroutinefunction
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, ResourceInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from movierec.chassis.call import Call, Method, MethodKind
from movierec.chassis.errors import ServiceError
from movierec.chassis.gate import Gate
from movierec.chassis.observing import CallObserver, Context
from movierec.chassis.undecoded import Undecoded
from movierec.chassis.watching import observed

DOMAIN = "movierec"
INTERNAL_MESSAGE = "something went wrong that we did not foresee; the service's log has the details"
# A status travels in HTTP/2 trailers, of which gRPC accepts 8 KiB by default: the
# message percent-encoded, and then the message and the details in base64.
LARGEST_MESSAGE_BYTES = 1_500
LARGEST_DETAILS_BYTES = 2_850
TYPE_BYTES = 60
"""What it takes to say of a detail which it is."""

END_S = 0.002
"""Seconds that the end of a stream of requests is waited on, to see whether it is the call's."""

ErrorTable = Mapping[type[ServiceError], grpc.StatusCode]

log = logging.getLogger(__name__)


class ErrorBoundary(grpc.aio.ServerInterceptor):
    """Answers every error of our own services with a status from one table.

    It is also where each call is observed, so that one interceptor is all that
    stands before a handler.

    The handler of a stream may be a coroutine. It sends all its messages but the
    last (`movierec.chassis.call.send`), and returns that one, encoded: grpc sends
    what a handler returns together with the status, in one go, and what it yields
    in one of its own, which takes a fifth of a small call. It gets its request
    `Undecoded`, and so does a handler whose requests are a stream.

    Args:
        table: The status of each class of errors; a class that is not there
            takes that of its nearest base.
        observer: Told when each call begins and ends.
        gate: Where the calls of our own services come in.
    """

    def __init__(self, table: ErrorTable, observer: CallObserver, gate: Gate) -> None:
        self._table = table
        self._observer = observer
        self._gate = gate
        self._guarded: dict[str, tuple[Method, Any]] = {}
        """The wrapped handlers of our methods, each made at its first call."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Wraps the handler of a method; see `grpc.aio.ServerInterceptor`."""
        path = handler_call_details.method
        known = self._guarded.get(path)
        if known is None:
            handler = await continuation(handler_call_details)
            if handler is None:
                self._observer.came_for_nobody()
                return None
            method = Method(path[1:], _kind_of(handler), is_ours=path.startswith("/movierec."))
            guarded = self._guard(handler, path) if method.is_ours else self._watched(handler)
            known = self._guarded[path] = (method, guarded)
            self._observer.add(method)
        method, guarded = known
        self._observer.came(method, handler_call_details.invocation_metadata)
        return guarded

    def _watched(self, handler: Any) -> Any:
        return observed(handler, self._observer)

    def _guard(self, handler: Any, method: str) -> Any:
        encode = _encoding(handler.response_serializer)
        if handler.unary_unary is not None:
            guarded = self._guard_returning(handler.unary_unary, _decoding(handler))
            return grpc.unary_unary_rpc_method_handler(guarded, None, encode)
        if iscoroutinefunction(handler.unary_stream):
            guarded = self._guard_returning(handler.unary_stream, _taking(handler))
            return grpc.unary_unary_rpc_method_handler(guarded, None, encode)
        if handler.unary_stream is not None:
            return grpc.unary_stream_rpc_method_handler(self._guard_stream(handler), None, encode)
        if handler.stream_stream is not None:
            return grpc.stream_stream_rpc_method_handler(self._guard_streams(handler), None, encode)
        raise NotImplementedError(f"no boundary for {method}")

    def _guard_returning(
        self, respond: Callable[..., Any], take: Callable[[bytes], object]
    ) -> Callable[..., Any]:
        async def guarded(payload: bytes, context: Context) -> Any:
            call = self._observer.begins(context)
            try:
                self._gate.enter(context)
                response = await respond(take(payload), context)
                call.sends()
                call.code = grpc.StatusCode.OK
            except Exception as error:  # noqa: BLE001  # this is the boundary
                refusal = self._refusal(error, call, context)
            else:
                return response
            finally:
                self._observer.ends(call, context)
            del payload  # see `_refusal`
            return await context.abort(*refusal)

        return guarded

    def _guard_stream(self, handler: Any) -> Callable[..., Any]:
        decode = _decoding(handler)
        return self._guard_responses(
            lambda payload, context: handler.unary_stream(decode(payload), context)
        )

    def _guard_streams(self, handler: Any) -> Callable[..., Any]:
        async def respond(_: AsyncIterator[bytes], context: Context) -> AsyncGenerator[Message]:
            async with (
                aclosing(_requests(handler, context)) as requests,
                aclosing(handler.stream_stream(requests, context)) as responses,
            ):
                async for response in responses:
                    yield response

        return self._guard_responses(respond)

    def _guard_responses(
        self, respond: Callable[[Any, Context], AsyncGenerator[Message]]
    ) -> Callable[..., Any]:
        async def guarded(request: Any, context: Context) -> AsyncIterator[Message]:
            call = self._observer.begins(context)
            try:
                self._gate.enter(context)
                async with aclosing(respond(request, context)) as responses:
                    async for response in responses:
                        if not call.sent:
                            # Not before: from here on grpc's client tries nothing again.
                            await context.send_initial_metadata(self._observer.introduction(call))
                        call.sends()
                        yield response
                call.code = grpc.StatusCode.OK
            except Exception as error:  # noqa: BLE001  # this is the boundary
                refusal = self._refusal(error, call, context)
            else:
                return
            finally:
                self._observer.ends(call, context)
            del request  # see `_refusal`
            await context.abort(*refusal)

        return guarded

    def _refusal(self, error: Exception, call: Call, context: Context) -> tuple[Any, ...]:
        """What a call is aborted with, once nothing is left of the error and the request.

        Whoever aborts a call raises an error that its context keeps. That is a cycle: all that
        the error leads to stays until Python next looks for cycles, which may be never.
        """
        if isinstance(error, grpc.aio.AbortError):
            call.code = grpc.StatusCode.UNKNOWN
            raise error
        status = rpc_status.to_status(status_of(error, self._table))
        call.code = status.code
        call.reason = error.reason if isinstance(error, ServiceError) else _InternalError.reason
        # What was set before for every answer would be replaced otherwise.
        trailers = (*context.trailing_metadata(), *status.trailing_metadata)
        return status.code, status.details, trailers


class _InternalError(ServiceError):
    reason = "INTERNAL"


def status_of(error: Exception, table: ErrorTable) -> Status:
    """What an error is answered with; one that nobody foresaw goes to the log.

    Args:
        error: The error.
        table: As in `ErrorBoundary`.
    """
    if isinstance(error, ServiceError):
        return to_status(error, code_of(error, table))
    log.error("unexpected error", exc_info=error)
    return to_status(_InternalError(INTERNAL_MESSAGE), grpc.StatusCode.INTERNAL)


def code_of(error: ServiceError, table: ErrorTable) -> grpc.StatusCode:
    """The code that an error has in a table."""
    return next(table[kind] for kind in type(error).mro() if kind in table)


async def _requests(
    handler: Any, context: grpc.aio.ServicerContext[Any, Any]
) -> AsyncGenerator[Undecoded[Message]]:
    """The requests of a stream.

    Each is decoded where it is handled, so that one that is no message is an error of its own,
    and not the stream's. They are read one by one: grpc's own iterator complains when it is
    left before its end.
    """
    take = _taking(handler)
    while (payload := await context.read()) is not grpc.aio.EOF:
        yield take(payload)
    # A call that is dead has no more requests either, and is cancelled in a moment.
    await asyncio.sleep(END_S)


def _kind_of(handler: Any) -> MethodKind:
    if handler.request_streaming:
        return MethodKind.BIDI_STREAM
    return MethodKind.SERVER_STREAM if handler.response_streaming else MethodKind.UNARY


def _encoding(serializer: Callable[[Message], bytes]) -> Callable[[Message | bytes], bytes]:
    """A serializer that lets through what a servicer has encoded already."""
    return lambda response: response if isinstance(response, bytes) else serializer(response)


def _taking(handler: Any) -> Callable[[bytes], Undecoded[Message]]:
    deserialize = handler.request_deserializer
    return lambda payload: Undecoded(payload, deserialize)


def _decoding(handler: Any) -> Callable[[bytes], Message]:
    deserialize = handler.request_deserializer
    return lambda payload: Undecoded(payload, deserialize).decode()


def to_status(error: ServiceError, code: grpc.StatusCode) -> Status:
    """An error as `google.rpc.Status`, small enough to travel in the trailers."""
    info = ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata)
    details: list[Message] = [info]
    if error.violations:
        details.append(
            BadRequest(
                field_violations=[
                    BadRequest.FieldViolation(field=item.field, description=item.description)
                    for item in error.violations
                ]
            )
        )
    details += [
        ResourceInfo(resource_type=item.kind, resource_name=item.name, description=item.description)
        for item in error.resources
    ]
    if error.retry_after_s is not None:
        delay = Duration()
        delay.FromNanoseconds(int(error.retry_after_s * 1e9))
        details.append(RetryInfo(retry_delay=delay))
    status = Status(code=code.value[0], message=_cut(error.message))
    if info.ByteSize() > LARGEST_DETAILS_BYTES - TYPE_BYTES:
        info.ClearField("metadata")  # better than to leave all of it out
    room = LARGEST_DETAILS_BYTES
    for detail in details:
        packed = AnyMessage()
        packed.Pack(detail)
        room -= packed.ByteSize()
        if room < 0:
            break
        status.details.append(packed)
    return status


def _cut(message: str) -> str:
    """As much of a message as fits, counted as it travels: percent-encoded."""
    # A lone surrogate, which a JSON text can bring in, has no UTF-8.
    clean = message.encode("utf-8", "replace").decode()
    room = LARGEST_MESSAGE_BYTES
    for position, char in enumerate(clean):
        plain = char.isascii() and char.isprintable() and char != "%"
        room -= 1 if plain else 3 * len(char.encode())
        if room < 0:
            return f"{clean[:position]}…"
    return clean
