"""The trainer's one table of errors; the most specific class counts."""

import grpc

from movierec.chassis.boundary import ErrorTable
from movierec.chassis.errors import InvalidRequestError, RequestTooLargeError, ServiceError
from movierec.chassis.gate import StoppingError
from trainer_service import errors

ERROR_TABLE: ErrorTable = {
    ServiceError: grpc.StatusCode.INTERNAL,
    StoppingError: grpc.StatusCode.UNAVAILABLE,
    RequestTooLargeError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    InvalidRequestError: grpc.StatusCode.INVALID_ARGUMENT,
    errors.DataError: grpc.StatusCode.FAILED_PRECONDITION,
    errors.RunNotFoundError: grpc.StatusCode.NOT_FOUND,
    errors.RunInProgressError: grpc.StatusCode.ABORTED,
    errors.NotPublishableError: grpc.StatusCode.FAILED_PRECONDITION,
    errors.StorageError: grpc.StatusCode.FAILED_PRECONDITION,
    errors.VersionNotFoundError: grpc.StatusCode.NOT_FOUND,
    errors.DamagedVersionError: grpc.StatusCode.DATA_LOSS,
    errors.TooManyReportsError: grpc.StatusCode.RESOURCE_EXHAUSTED,
}
