"""What can go wrong in the trainer for reasons that the caller can act on."""

import os
from typing import ClassVar

from movierec.chassis.errors import InvalidRequestError, Resource, ServiceError, Violation


class DataError(ServiceError):
    """The data cannot be trained on; says what was found and what would work."""

    reason: ClassVar[str] = "DATA"


class DatasetNotFoundError(DataError):
    """No folder of that name, or no form of MovieLens in it."""

    reason: ClassVar[str] = "DATASET_NOT_FOUND"


class MalformedFileError(DataError):
    """A file is empty, lacks a column, or cannot be read at all."""

    reason: ClassVar[str] = "MALFORMED_FILE"


class TooManyBadRowsError(DataError):
    """More of the rows are bad than the service allows."""

    reason: ClassVar[str] = "TOO_MANY_BAD_ROWS"


class TooLittleDataError(DataError):
    """Nothing is left to train on."""

    reason: ClassVar[str] = "TOO_LITTLE_DATA"


class NoMovieOverThresholdError(DataError):
    """Fewer than two movies have more ratings than the threshold."""

    reason: ClassVar[str] = "NO_MOVIE_OVER_THRESHOLD"


class TooMuchMemoryError(DataError):
    """The data, with these settings, takes more memory than there is."""

    reason: ClassVar[str] = "TOO_MUCH_MEMORY"


class RunFailedError(ServiceError):
    """The training process could not do what it was asked for."""

    reason: ClassVar[str] = "RUN_FAILED"


class RunNotFoundError(ServiceError):
    """No run has that id."""

    reason: ClassVar[str] = "RUN_NOT_FOUND"

    def __init__(self, run_id: str) -> None:
        super().__init__(
            f"there is no run {run_id!r}: `movierec runs` lists those that there are",
            resources=[Resource("movierec.v1.Run", run_id)],
        )


class RunInProgressError(ServiceError):
    """Another run is going on."""

    reason: ClassVar[str] = "RUN_IN_PROGRESS"

    def __init__(self, run_id: str) -> None:
        super().__init__(
            f"run {run_id} is going on, and only one can at a time: follow it, cancel it, "
            f"or try again when it has ended",
            metadata={"run_id": run_id},
        )


class RequestIdReusedError(InvalidRequestError):
    """A request id came again with another data set or other settings."""

    reason: ClassVar[str] = "REQUEST_ID_REUSED"

    def __init__(self, request_id: str, run_id: str) -> None:
        sentence = (
            f"{request_id!r} belongs to run {run_id}, which was asked for with another data "
            f"set or other settings: choose a new one"
        )
        super().__init__(Violation("request_id", sentence))


class NotPublishableError(ServiceError):
    """There is nothing of the run that could be published; says in which state it is."""

    reason: ClassVar[str] = "NOT_PUBLISHABLE"


class WeightsNotKeptError(NotPublishableError):
    """The run was not trained to its end, or its weights are gone."""

    reason: ClassVar[str] = "WEIGHTS_NOT_KEPT"


class DataChangedError(NotPublishableError):
    """The data set is not the one that the run was trained on."""

    reason: ClassVar[str] = "DATA_CHANGED"


class StorageError(ServiceError):
    """A run cannot be kept: the folder of runs cannot be written to."""

    reason: ClassVar[str] = "STORAGE_FAILED"


class CheckpointError(ServiceError):
    """Weights could not be kept, or read again, in the middle of fitting."""

    reason: ClassVar[str] = "CHECKPOINT_FAILED"


class PublishError(ServiceError):
    """The version could not be written to the volume."""

    reason: ClassVar[str] = "PUBLISH_FAILED"


class VersionNotFoundError(ServiceError):
    """There is no version of that number on the volume."""

    reason: ClassVar[str] = "VERSION_NOT_FOUND"

    def __init__(self, number: int) -> None:
        super().__init__(
            f"there is no version {number}: `movierec versions` lists those that there are",
            resources=[Resource("movierec.v1.Version", str(number))],
        )


class DamagedVersionError(ServiceError):
    """The version is not what its manifest says; says in which way."""

    reason: ClassVar[str] = "VERSION_DAMAGED"


class TooManyReportsError(ServiceError):
    """Reports are being made, and as many others wait for their turn as may."""

    reason: ClassVar[str] = "TOO_MANY_REPORTS"


class ReportFailedError(ServiceError):
    """The report could not be made."""

    reason: ClassVar[str] = "REPORT_FAILED"


class TrainingDivergedError(ServiceError):
    """The loss stopped being a number."""

    reason: ClassVar[str] = "TRAINING_DIVERGED"


def error_told(reason: str, message: str) -> ServiceError:
    """The error that the training process told of.

    Args:
        reason: Its kind, as in `reason` of a class here.
        message: Its sentence.

    Returns:
        An error of that class, if its like answers a request rather than ends a run;
        of `RunFailedError` for any other reason.
    """
    families = (DataError, NotPublishableError)
    kinds = {kind.reason: kind for family in families for kind in family.__subclasses__()}
    return kinds.get(reason, RunFailedError)(message)


def said_by(error: OSError) -> str:
    """What the operating system says of an error, in its plain words."""
    return os.strerror(error.errno) if error.errno else str(error)
