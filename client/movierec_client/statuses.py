"""Turns the errors of gRPC into ours, with the details that came along."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from movierec_client.compatibility import compare_versions, version_in
from movierec_client.errors import (
    AbortedError,
    CallCancelledError,
    CallError,
    DataLossError,
    DeadlineExceededError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    Resource,
    ResourceExhaustedError,
    RunInProgressError,
    ServerError,
    UnavailableError,
)
from movierec_client.sentences import sentence_for
from movierec_client.services import Target

_KINDS: dict[grpc.StatusCode, type[CallError]] = {
    grpc.StatusCode.ABORTED: AbortedError,
    grpc.StatusCode.CANCELLED: CallCancelledError,
    grpc.StatusCode.DATA_LOSS: DataLossError,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceededError,
    grpc.StatusCode.FAILED_PRECONDITION: FailedPreconditionError,
    grpc.StatusCode.INVALID_ARGUMENT: InvalidArgumentError,
    grpc.StatusCode.NOT_FOUND: NotFoundError,
    grpc.StatusCode.OUT_OF_RANGE: InvalidArgumentError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ResourceExhaustedError,
    grpc.StatusCode.UNAVAILABLE: UnavailableError,
}
_CODES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}
_KINDS_BY_REASON: dict[str, type[CallError]] = {"RUN_IN_PROGRESS": RunInProgressError}


@contextmanager
def translated(target: Target) -> Iterator[None]:
    """Raises our errors for gRPC's, around what waits for a call.

    Args:
        target: Where the call goes.

    Raises:
        CallError: gRPC raised, or the call was cancelled because its client was
            closed. The cancellation of the task that waits passes through.
    """
    try:
        yield
    except grpc.RpcError as error:
        raise _error_of(error, target) from error
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        sentence = sentence_for(grpc.StatusCode.CANCELLED, "the client was closed", "", target)
        raise CallCancelledError(sentence, code="CANCELLED") from error


def error_in(packed: any_pb2.Any, target: Target) -> CallError:
    """Returns our error for a `google.rpc.Status` that is part of an answer.

    Args:
        packed: The status.
        target: Where the answer came from.
    """
    status = status_pb2.Status()
    try:
        known = packed.Unpack(status)
    except DecodeError:
        known = False
    if not known:
        sentence = sentence_for(grpc.StatusCode.UNKNOWN, "its error cannot be read", "", target)
        return ServerError(sentence, code="UNKNOWN")
    code = _CODES.get(status.code, grpc.StatusCode.UNKNOWN)
    return _error(code, status.message, _details(status.details), target)


def _error_of(error: Any, target: Target) -> CallError:
    """Returns our error for the `grpc.RpcError` of a blocking or an async call."""
    try:
        status = rpc_status.from_call(error)
    except (DecodeError, ValueError):
        status = None  # Garbled, or for another status: no details of ours.
    server_version = version_in(error.initial_metadata(), error.trailing_metadata())
    compare_versions(target, server_version)
    details = _details(status.details if status else ())
    return _error(error.code(), error.details(), details, target, server_version)


def _error(
    code: grpc.StatusCode,
    said: str | None,
    details: dict[str, Any],
    target: Target,
    server_version: str = "",
) -> CallError:
    reason = details.get("reason", "")
    kind = _KINDS_BY_REASON.get(reason) or _KINDS.get(code, ServerError)
    sentence = sentence_for(code, said, reason, target, server_version)
    return kind(sentence, code=code.name, **details)


def _details(packed_details: Iterable[any_pb2.Any]) -> dict[str, Any]:
    """Returns what the server told beside code and sentence, as `CallError` takes it."""
    details: dict[str, Any] = {}
    try:
        for packed in packed_details:
            _add_detail(details, packed)
    except (DecodeError, ValueError):
        return {}  # Garbled: no details of ours.
    return details


def _add_detail(details: dict[str, Any], packed: Any) -> None:
    info = error_details_pb2.ErrorInfo()
    bad_request = error_details_pb2.BadRequest()
    resource = error_details_pb2.ResourceInfo()
    retry = error_details_pb2.RetryInfo()
    if packed.Unpack(info):
        details["reason"] = info.reason
        details["metadata"] = dict(info.metadata)
    elif packed.Unpack(bad_request):
        details["violations"] = _violations(bad_request)
    elif packed.Unpack(resource):
        details["resources"] = (
            *details.get("resources", ()),
            Resource(resource.resource_type, resource.resource_name, resource.description),
        )
    elif packed.Unpack(retry):
        details["retry_after_s"] = retry.retry_delay.ToTimedelta().total_seconds()


def _violations(bad_request: Any) -> dict[str, str]:
    descriptions: dict[str, list[str]] = {}
    for violation in bad_request.field_violations:
        descriptions.setdefault(violation.field, []).append(violation.description)
    return {field: "; ".join(said) for field, said in descriptions.items()}
