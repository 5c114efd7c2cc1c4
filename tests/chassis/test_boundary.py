"""Errors as statuses."""

from urllib.parse import quote

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, ResourceInfo, RetryInfo

from movierec.chassis.boundary import to_status
from movierec.chassis.errors import Resource, ServiceError, Violation

TRAILERS_BYTES = 8 * 1024
"""What gRPC accepts by default."""

EVERYTHING = ServiceError(
    "a sentence",
    violations=[Violation("top_k", "0 is not legal")],
    resources=[Resource("movie", "7", "seeds[0]")],
    metadata={"run_id": "r1"},
    retry_after_s=1.5,
)


def test_a_status_carries_every_detail_of_its_error() -> None:
    status = to_status(EVERYTHING, grpc.StatusCode.NOT_FOUND)
    info, bad_request, resource, retry = ErrorInfo(), BadRequest(), ResourceInfo(), RetryInfo()
    for message, packed in zip((info, bad_request, resource, retry), status.details, strict=True):
        assert packed.Unpack(message)
    assert (status.code, status.message) == (5, "a sentence")
    assert (info.reason, info.domain, dict(info.metadata)) == (
        "UNSPECIFIED",
        "movierec",
        {"run_id": "r1"},
    )
    assert bad_request.field_violations[0].field == "top_k"
    assert (resource.resource_type, resource.resource_name) == ("movie", "7")
    assert (retry.retry_delay.seconds, retry.retry_delay.nanos) == (1, 500_000_000)


@pytest.mark.parametrize("text", ["e", "é", "映", "🎬", "%", "\n"])
def test_a_status_is_small_enough_for_the_trailers_whatever_was_asked_for(text: str) -> None:
    many = [Resource("movie", text * 100, f"seeds[{i}]") for i in range(1_000)]
    status = to_status(ServiceError(text * 10_000, resources=many), grpc.StatusCode.NOT_FOUND)
    encoded = quote(status.message, safe=" ")
    base64 = len(status.SerializeToString()) * 4 / 3
    assert len(encoded) + base64 < TRAILERS_BYTES - 500
    assert status.message.startswith(text)
    assert len(status.details) > 1


@pytest.mark.parametrize("size", [2_000, 2_700, 2_780, 2_790, 2_800, 2_850, 10_000])
def test_a_status_always_says_its_reason(size: int) -> None:
    error = ServiceError("a sentence", metadata={"much": "x" * size})
    status = to_status(error, grpc.StatusCode.NOT_FOUND)
    info = ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (info.reason, info.domain) == ("UNSPECIFIED", "movierec")
    assert dict(info.metadata) in ({}, {"much": "x" * size})
    assert bool(info.metadata) == (size < 2_750)
    assert len(status.SerializeToString()) < 3_000


def test_a_sentence_with_a_lone_surrogate_still_travels() -> None:
    status = to_status(ServiceError("a\ud800b"), grpc.StatusCode.INTERNAL)
    assert status.message == "a?b"
