"""The recommender's one table of errors; the most specific class counts."""

import grpc

from movierec.chassis.boundary import ErrorTable
from movierec.chassis.errors import InvalidRequestError, RequestTooLargeError, ServiceError
from movierec.chassis.gate import StoppingError
from recommender_service import errors

ERROR_TABLE: ErrorTable = {
    ServiceError: grpc.StatusCode.INTERNAL,
    StoppingError: grpc.StatusCode.UNAVAILABLE,
    RequestTooLargeError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    InvalidRequestError: grpc.StatusCode.INVALID_ARGUMENT,
    errors.UnknownSeedsError: grpc.StatusCode.NOT_FOUND,
    errors.NoVersionError: grpc.StatusCode.UNAVAILABLE,
    errors.VersionNotLoadedError: grpc.StatusCode.NOT_FOUND,
    errors.VersionNotFoundError: grpc.StatusCode.NOT_FOUND,
    errors.LabelNotFoundError: grpc.StatusCode.NOT_FOUND,
    errors.VersionRejectedError: grpc.StatusCode.DATA_LOSS,
    errors.ControlNotWritableError: grpc.StatusCode.FAILED_PRECONDITION,
    errors.VolumeSilentError: grpc.StatusCode.UNAVAILABLE,
}
