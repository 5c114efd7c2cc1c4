"""The statuses that calls end with, and their details."""

from collections.abc import Callable
from typing import TypeVar

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

Detail = TypeVar("Detail", bound=Message)


def refused(call: Callable[[], object]) -> Status:
    """The status that a call ends with, which is not OK."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    status: Status = rpc_status.from_call(caught.value)
    return status


def detail(status: Status, kind: type[Detail]) -> Detail:
    """The one detail of a kind."""
    (packed,) = (packed for packed in status.details if packed.Is(kind.DESCRIPTOR))
    message = kind()
    packed.Unpack(message)
    return message


def outcome(status: Status) -> tuple[str, str]:
    """The code and the reason of a status, e.g. ("NOT_FOUND", "VERSION_NOT_FOUND")."""
    code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
    return code.name, detail(status, ErrorInfo).reason
