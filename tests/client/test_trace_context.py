"""The trace that a call belongs to, as the server is told of it."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.sdk.trace import TracerProvider

from movierec.v1 import recommender_pb2 as pb
from support.client_drivers import Driver
from support.scripted_servers import Script

ANSWER = pb.RecommendResponse(header=pb.RecommendHeader(model_version=1))


def batched(requests: Any, _context: Any) -> Any:
    for position, _ in enumerate(requests):
        yield pb.BatchRecommendResponse(position=position, answer=ANSWER, last=True)


CALLS: dict[str, Callable[[Driver], object]] = {
    "one answer": lambda driver: driver.value(lambda client: client.model()),
    "a stream": lambda driver: driver.items(lambda client: client.recommend([1])),
    "streams both ways": lambda driver: driver.items(lambda client: client.recommend_many([[1]])),
}


@pytest.fixture
def scripted(script: Script) -> Script:
    script.on("GetModel", pb.GetModelResponse())
    script.on("Recommend", [ANSWER])
    script.on("BatchRecommend", batched)
    return script


def told(script: Script) -> dict[str, str]:
    return {key: str(value) for key, value in script.contexts[-1].invocation_metadata()}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_call_within_a_span_belongs_to_its_trace(
    driver: Driver, scripted: Script, call: Callable[[Driver], object]
) -> None:
    with TracerProvider().get_tracer("test").start_as_current_span("caller") as span:
        token = context.attach(baggage.set_baggage("tenant", "7"))
        call(driver)
        context.detach(token)
    its = span.get_span_context()
    traceparent = f"00-{its.trace_id:032x}-{its.span_id:016x}-{its.trace_flags:02x}"
    assert told(scripted)["traceparent"] == traceparent
    assert told(scripted)["baggage"] == "tenant=7"


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_call_without_a_span_tells_of_no_trace(
    driver: Driver, scripted: Script, call: Callable[[Driver], object]
) -> None:
    assert trace.get_current_span() is trace.INVALID_SPAN
    call(driver)
    assert not {"traceparent", "tracestate", "baggage"} & told(scripted).keys()


def test_the_client_does_not_bring_opentelemetry_in() -> None:
    code = (
        "import sys, movierec_client\n"
        "from movierec_client.tracing import trace_metadata\n"
        "assert trace_metadata() is None\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
