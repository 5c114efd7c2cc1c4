"""Whether what a call answered with is good news; the same for both clients."""

from movierec_client.errors import (
    CallError,
    DeadlineExceededError,
    NotFoundError,
    RunFailedError,
    UnavailableError,
)
from movierec_client.results import ServiceHealth
from movierec_client.runs import RunEvent
from movierec_client.services import Target
from movierec_client.states import RunState, ServingStatus


def health_of(target: Target, answer: ServingStatus | CallError) -> ServiceHealth:
    """Returns what a health check says, whether it was answered or failed."""
    if isinstance(answer, ServingStatus):
        return ServiceHealth(target.service.name, target.address, answer)
    match answer:
        case NotFoundError():
            status = ServingStatus.SERVICE_UNKNOWN
        case UnavailableError() | DeadlineExceededError():
            status = ServingStatus.UNREACHABLE
        case _:
            status = ServingStatus.UNKNOWN
    return ServiceHealth(target.service.name, target.address, status, answer.message)


def check_outcome(last: RunEvent | None) -> None:
    """Makes sure that a run that was followed ended well.

    Args:
        last: The last event of it; None if there was none to see.

    Raises:
        RunFailedError: It did not.
    """
    if last is None or last.state is RunState.SUCCEEDED:
        return
    reason = ""
    match last.state:
        case RunState.FAILED:
            sentence = "failed"
            if last.error:
                sentence, reason = f"failed: {last.error.message}", last.error.reason
        case RunState.CANCELLED:
            sentence = "was cancelled"
        case RunState.INTERRUPTED:
            sentence = "was interrupted: the trainer takes it up again at its next start"
        case _:
            sentence = f"was {last.state} when the stream ended: follow it to see more"
    raise RunFailedError(
        f"run {last.run_id} {sentence}", reason=reason, run_id=last.run_id, state=last.state
    )
