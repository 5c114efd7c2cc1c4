"""The training process: `python -m trainer_service.runs.worker`.

It reads one job as a line of JSON on standard input and writes updates as lines
of JSON to standard output. Standard input stays open: when it ends, the service
is gone, and so is the reason to go on.
"""

import traceback

from movierec.chassis.ending import end_process
from movierec.chassis.errors import ServiceError
from trainer_service.lifeline import begin
from trainer_service.runs.job import Job, run_job
from trainer_service.runs.run import RunError, RunUpdate

REFUSED = 3
"""Exit status after an error that the caller can act on, which has been told."""


def main() -> None:
    """Does the job that comes in on standard input."""
    updates, line = begin(oom_score_adj=800)
    job = Job.model_validate_json(line)

    def tell(update: RunUpdate) -> None:
        updates.write(f"{update.model_dump_json(exclude_none=True)}\n".encode())

    status = 0
    try:
        run_job(job, tell)
    except ServiceError as error:
        tell(RunUpdate(error=RunError(reason=error.reason, message=error.message)))
        status = REFUSED
    except MemoryError:
        sentence = "the training process ran out of memory: try fewer movies or a smaller batch"
        tell(RunUpdate(error=RunError(reason="OUT_OF_MEMORY", message=sentence)))
        status = REFUSED
    except Exception:  # noqa: BLE001  # the process's own boundary; the service sees the status
        traceback.print_exc()
        status = 1
    # TensorFlow's own teardown takes a while and has nothing left to do.
    end_process(status)


if __name__ == "__main__":
    main()
