"""What is done for every call beside answering it: it is counted, logged and traced."""

import time
from typing import Any

import grpc

from movierec.chassis.build import VERSION_KEY, distribution_version
from movierec.chassis.call import (
    CURRENT,
    REQUEST_ID_KEY,
    Call,
    Metadata,
    Method,
    MethodKind,
    request_id_of,
)
from movierec.chassis.call_log import CallLog
from movierec.chassis.call_metrics import CallMetrics
from movierec.chassis.tracing import Tracing

Context = grpc.aio.ServicerContext[Any, Any]


class CallObserver:
    """Sees each call begin and end.

    Args:
        metrics: Counts them, if they are to be counted.
        log: Writes a line for each, if one is to be written.
        tracing: Makes a span of each, if there are to be any.
    """

    def __init__(
        self,
        *,
        metrics: CallMetrics | None = None,
        log: CallLog | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self._metrics = metrics
        self._log = log
        self._tracing = tracing
        self._who_we_are = (VERSION_KEY, distribution_version())
        # All methods that there are not, so that who calls them makes no series without end.
        self._other = Method("other", MethodKind.UNARY, is_ours=False)
        self.add(self._other)

    def add(self, method: Method) -> None:
        """Has a method be reported."""
        if self._metrics:
            self._metrics.add(method)

    def came(self, method: Method, metadata: Metadata) -> None:
        """The headers of a call have come; it may still come to nothing."""
        CURRENT.set(Call(method, metadata))

    def came_for_nobody(self) -> None:
        """A method was called that there is not."""
        self._other.started += 1
        self._other.ended += 1
        if self._metrics:
            call = Call(self._other, ())
            call.code = grpc.StatusCode.UNIMPLEMENTED
            self._metrics.ended(call)

    def begins(self, context: Context) -> Call:
        """The request of the call that came last has come, too; it is to be ended."""
        call = CURRENT.get()
        call.method.started += 1
        call.request_id = request_id_of(call.metadata)
        context.set_trailing_metadata(self.introduction(call))
        if self._log:
            call.peer = context.peer()
        if self._tracing and call.method.is_ours:
            self._tracing.begins(call)
        return call

    def introduction(self, call: Call) -> tuple[tuple[str, str], ...]:
        """Metadata that says who answers a call, and what it is known by."""
        return (self._who_we_are, (REQUEST_ID_KEY, call.request_id))

    def ends(self, call: Call, context: Context) -> None:
        """A call has ended; one that has no status has lost its client, or its patience."""
        if call.code is None:
            left_s = context.time_remaining()
            late = left_s is not None and left_s <= 0
            call.code = grpc.StatusCode.DEADLINE_EXCEEDED if late else grpc.StatusCode.CANCELLED
        call.duration_s = time.perf_counter() - call.began
        call.method.ended += 1
        if self._metrics:
            self._metrics.ended(call)
        if self._log:
            call.ended_at = time.time()
            self._log.ended(call)
        if self._tracing:
            self._tracing.ended(call)
