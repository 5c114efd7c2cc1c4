"""The process that makes a report: `python -m trainer_service.insights.worker`.

It reads one job as a line of JSON on standard input, and writes how it ended as a line of
JSON to standard output. Standard input stays open: when it ends, nobody waits any more. It
takes what processor time others leave, and offers itself when memory runs out.
"""

import os
import traceback
from contextlib import suppress

# Of the libraries of linear algebra; they read it when they are imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from movierec.chassis.ending import end_process
from movierec.chassis.errors import ServiceError
from trainer_service.artifact.manifest import BadVersionError
from trainer_service.errors import DamagedVersionError, StorageError, said_by
from trainer_service.insights.job import InsightsJob, Outcome
from trainer_service.lifeline import begin

LOWEST_PRIORITY = 19


def main() -> None:
    """Makes the report that comes in on standard input."""
    with suppress(OSError):  # not allowed
        os.nice(LOWEST_PRIORITY)
    told, job = begin(oom_score_adj=900)
    outcome = _outcome(InsightsJob.model_validate_json(job))
    told.write(f"{outcome.model_dump_json()}\n".encode())
    end_process(0)


def _outcome(job: InsightsJob) -> Outcome:
    """Makes the report; returns how that ended."""
    try:
        # Which takes a second to import, of libraries that the checks above need not wait for.
        from trainer_service.insights.making import make  # noqa: PLC0415

        make(job)
    except ServiceError as error:
        return Outcome(reason=error.reason, message=error.message)
    except BadVersionError as error:
        sentence = f"version {job.version} is damaged: {error}"
        return Outcome(reason=DamagedVersionError.reason, message=sentence)
    except OSError as error:
        sentence = (
            f"the report cannot be kept or read in {error.filename or job.folder.parent}: "
            f"{said_by(error)}; see that there is room and that the trainer may write there, and "
            f"ask again"
        )
        return Outcome(reason=StorageError.reason, message=sentence)
    except MemoryError:
        return Outcome(reason="OUT_OF_MEMORY", message="there is too little memory for a report")
    except Exception:  # noqa: BLE001  # the process's own boundary; the log has the details
        traceback.print_exc()
        return Outcome(reason="CRASHED", message="the report could not be made; the log says why")
    return Outcome()


if __name__ == "__main__":
    main()
