"""Calls as spans of OpenTelemetry."""

import asyncio
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import (
    trace_service_pb2,
    trace_service_pb2_grpc,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from movierec.chassis.observing import CallObserver
from movierec.chassis.tracing import Tracing, tracing_of
from movierec.v1 import trainer_pb2
from movierec.v1.trainer_pb2_grpc import TrainerServiceStub
from support.probes import Metadata, call_probe
from support.servers import DEADLINE_S
from support.services import started

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = (("traceparent", f"00-{TRACE}-b7ad6b7169203331-01"),)


class Spans:
    """Sees the spans of calls."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    def of(self, method: str, metadata: Metadata = (), **does: Any) -> tuple[ReadableSpan, ...]:
        """The spans of a call, in the order in which they ended."""
        observer = CallObserver(tracing=Tracing(self.provider))
        asyncio.run(call_probe(observer, method, metadata, **does))
        return self._exporter.get_finished_spans()


@pytest.fixture
def spans() -> Spans:
    return Spans()


def test_a_call_is_a_span_that_says_what_became_of_it(spans: Spans) -> None:
    (span,) = spans.of("Answer", (("x-request-id", "mine"),))
    assert (span.name, span.kind) == ("movierec.test.Probe/Answer", SpanKind.SERVER)
    assert dict(span.attributes or {}) == {
        "rpc.system": "grpc",
        "rpc.service": "movierec.test.Probe",
        "rpc.method": "Answer",
        "rpc.grpc.status_code": 0,
        "movierec.request_id": "mine",
        "movierec.model_version": 7,
        "movierec.messages_sent": 2,
    }


def test_a_call_belongs_to_the_trace_of_its_caller(spans: Spans) -> None:
    (span,) = spans.of("Answer", CALLER)
    assert span.context
    assert f"{span.context.trace_id:032x}" == TRACE
    assert span.parent
    assert f"{span.parent.span_id:016x}" == "b7ad6b7169203331"


def test_a_call_of_nobody_that_is_traced_begins_a_trace(spans: Spans) -> None:
    (span,) = spans.of("Answer", (("traceparent", "00-nonsense"),))
    assert span.parent is None


def test_what_is_traced_within_a_call_is_a_child_of_it(spans: Spans) -> None:
    tracer = spans.provider.get_tracer("test")
    child, parent = spans.of("Answer", does=lambda: tracer.start_span("work").end())
    assert child.parent
    assert parent.context
    assert child.parent.span_id == parent.context.span_id


def test_what_happens_in_a_call_is_an_event_of_its_span(spans: Spans) -> None:
    (span,) = spans.of("Answer")
    assert [(event.name, dict(event.attributes or {})) for event in span.events] == [
        ("query", {"position": 0})
    ]


@pytest.mark.parametrize(
    ("method", "code", "status", "reason"),
    [
        ("Refuse", 5, StatusCode.UNSET, "UNSPECIFIED"),
        ("Break", 13, StatusCode.ERROR, "INTERNAL"),
    ],
)
def test_a_span_is_an_error_when_the_server_is_to_blame(
    spans: Spans, method: str, code: int, status: StatusCode, reason: str
) -> None:
    (span,) = spans.of(method)
    assert span.attributes
    assert (span.attributes["rpc.grpc.status_code"], span.attributes["error.type"]) == (
        code,
        reason,
    )
    assert span.status.status_code is status


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317"},
        {"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317"},
    ],
)
def test_nothing_is_traced_unless_that_is_asked_for(variables: dict[str, str]) -> None:
    assert tracing_of(variables, "recommender") is None


def test_nothing_of_opentelemetry_is_imported_unless_that_is_asked_for() -> None:
    program = (
        "import sys, recommender_service.service.building, movierec.chassis.tracing as tracing\n"
        "assert tracing.tracing_of({}, 'recommender') is None\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    ("variable", "value", "legal"),
    [
        ("OTEL_TRACES_EXPORTER", "zipkin", "otlp, console or none"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", "grpc"),
    ],
)
def test_what_cannot_be_sent_ends_the_start_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, value: str, legal: str
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317")
    monkeypatch.setenv(variable, value)
    refused = subprocess.run(
        [sys.executable, "-m", "recommender_service", "--listen", "127.0.0.1:0"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=DEADLINE_S,
        check=False,
    )
    assert refused.returncode == 1
    assert f"{variable}: '{value}' is not legal; legal is {legal}" in refused.stderr


HIDDEN = "a-secret"


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            f"Authorization: Bearer {HIDDEN}",
            "OTEL_EXPORTER_OTLP_HEADERS is not legal; legal is KEY=VALUE",
        ),
        (
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
            f"a=b,api-key={HIDDEN};x",
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS is not legal; legal is KEY=VALUE",
        ),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "abc", "the OTEL_* variables cannot be used: could not"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0", "the OTEL_* variables cannot be used: max_queue_size"),
    ],
)
def test_what_opentelemetry_cannot_read_is_refused_in_a_sentence_without_secrets(
    variable: str, value: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317", variable: value}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(variable, value)
        with pytest.raises(OSError, match=re.escape(said)) as caught:
            tracing_of(variables, "recommender")
    assert HIDDEN not in str(caught.value)
    assert HIDDEN not in "".join(capfd.readouterr())


class Receiver(trace_service_pb2_grpc.TraceServiceServicer):
    """Takes spans as a collector does."""

    def __init__(self) -> None:
        self.taken: list[trace_service_pb2.ExportTraceServiceRequest] = []

    def Export(
        self, request: trace_service_pb2.ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        self.taken.append(request)
        return trace_service_pb2.ExportTraceServiceResponse()


def test_a_service_sends_its_spans_where_the_usual_variable_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    receiver = Receiver()
    server = grpc.server(ThreadPoolExecutor(1))
    add: Any = trace_service_pb2_grpc.add_TraceServiceServicer_to_server
    add(receiver, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
    with (
        started("trainer_service", tmp_path) as service,
        grpc.insecure_channel(service.address) as channel,
    ):
        stub = TrainerServiceStub(channel)
        stub.ListRuns(trainer_pb2.ListRunsRequest(), timeout=DEADLINE_S, metadata=CALLER)
        assert service.stop(15) == 0
    server.stop(None).wait()
    (spans,) = [spans for request in receiver.taken for spans in request.resource_spans]
    names = {item.key: item.value.string_value for item in spans.resource.attributes}
    assert names["service.name"] == "movierec-trainer"
    (span,) = spans.scope_spans[0].spans
    assert (span.name, span.trace_id.hex()) == ("movierec.v1.TrainerService/ListRuns", TRACE)
