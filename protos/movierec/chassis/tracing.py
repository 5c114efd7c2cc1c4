"""Spans of OpenTelemetry, one a call, where the usual `OTEL_*` variables ask for them.

Nothing of OpenTelemetry is imported where they do not.
"""

import logging
import os
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import grpc

from movierec.chassis.build import distribution_version
from movierec.chassis.call import Call

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

SERVER_ERRORS = frozenset(
    {
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)
"""What is an error of the server's span; any other status says more of the client."""

PATIENCE_S = 0.5
"""Seconds that the end of the process waits for the last spans to be taken."""

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_HEADERS = ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


class Tracing:
    """Makes spans of calls.

    Args:
        provider: Where they go.
    """

    def __init__(self, provider: "TracerProvider") -> None:
        from opentelemetry import context, trace  # noqa: PLC0415
        from opentelemetry.trace.propagation import tracecontext  # noqa: PLC0415

        self._provider = provider
        self._tracer = provider.get_tracer("movierec", distribution_version())
        self._propagator = tracecontext.TraceContextTextMapPropagator()
        self._trace = trace
        self._context = context
        self._spans: dict[Call, trace.Span] = {}

    def begins(self, call: Call) -> None:
        """Begins the span of the call that is being worked on; other spans become its children."""
        carrier = {key: value for key, value in call.metadata if isinstance(value, str)}
        service, _, method = call.method.name.rpartition("/")
        span = self._tracer.start_span(
            call.method.name,
            self._propagator.extract(carrier),
            self._trace.SpanKind.SERVER,
            attributes={
                "rpc.system": "grpc",
                "rpc.service": service,
                "rpc.method": method,
                "movierec.request_id": call.request_id,
            },
        )
        self._spans[call] = span
        # It is not detached: each call is a task of its own, and its context ends with it.
        self._context.attach(self._trace.set_span_in_context(span))
        call.trace_id = f"{span.get_span_context().trace_id:032x}"
        if span.is_recording():
            call.note = lambda name, **attributes: span.add_event(name, attributes)

    def ended(self, call: Call) -> None:
        """Ends the span of a call."""
        span = self._spans.pop(call, None)
        if span is None or call.code is None:
            return
        span.set_attribute("rpc.grpc.status_code", call.code.value[0])
        span.set_attribute("movierec.messages_sent", call.sent)
        if call.version is not None:
            span.set_attribute("movierec.model_version", call.version)
        if call.reason:
            span.set_attribute("error.type", call.reason)
        if call.code in SERVER_ERRORS:
            span.set_status(self._trace.StatusCode.ERROR, call.reason or call.code.name)
        span.end()

    def stop(self) -> None:
        """Sends what was not sent yet; blocks for `PATIENCE_S` at most."""
        sending = threading.Thread(target=self._provider.shutdown, daemon=True)
        sending.start()
        sending.join(PATIENCE_S)


def tracing_of(environment: Mapping[str, str], service: str) -> Tracing | None:
    """Tracing as the variables ask for it, or None if they do not.

    Args:
        environment: The variables, those of the process; the exporter reads them itself.
        service: What the service is called, unless `OTEL_SERVICE_NAME` says otherwise.

    Raises:
        OSError: They ask for something that is not to be had.
    """
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    usual = "otlp" if any(map(environment.get, _ENDPOINTS)) else "none"
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip() or usual
    if exporter == "none":
        return None
    if exporter not in {"otlp", "console"}:
        raise OSError(
            f"OTEL_TRACES_EXPORTER: {exporter!r} is not legal; legal is otlp, console or none"
        )
    protocol = next(filter(None, map(environment.get, _PROTOCOLS)), "grpc")
    if exporter == "otlp" and protocol != "grpc":
        raise OSError(f"OTEL_EXPORTER_OTLP_PROTOCOL: {protocol!r} is not legal; legal is grpc")

    for name in _HEADERS:
        _check_headers(name, environment.get(name, ""))
    try:
        return Tracing(_provider(exporter, environment, service))
    except ValueError as error:
        raise OSError(f"the OTEL_* variables cannot be used: {error}") from error


def _check_headers(name: str, value: str) -> None:
    """Refuses what the library would pass over, and log, though it is mostly a secret."""
    from opentelemetry.util import re  # noqa: PLC0415

    logging.getLogger(re.__name__).disabled = True
    for header in filter(str.strip, value.split(",")):
        if not re.parse_env_headers(header, liberal=True):
            raise OSError(
                f"{name} is not legal; legal is KEY=VALUE, or several with commas between"
            )


def _provider(exporter: str, environment: Mapping[str, str], service: str) -> "TracerProvider":
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider, export  # noqa: PLC0415

    attributes: dict[str, Any] = {
        "service.version": distribution_version(),
        "process.pid": os.getpid(),
    }
    if not environment.get("OTEL_SERVICE_NAME"):
        attributes["service.name"] = f"movierec-{service}"
    provider = TracerProvider(resource=Resource.create(attributes), shutdown_on_exit=False)
    if exporter == "console":
        provider.add_span_processor(export.BatchSpanProcessor(export.ConsoleSpanExporter()))
    else:
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )

        provider.add_span_processor(export.BatchSpanProcessor(OTLPSpanExporter()))
    return provider
