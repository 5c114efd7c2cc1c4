"""`python -m recommender_service`."""

import gc
import os
import sys

# A matrix-vector product is done in 0.1 ms by one thread; several per call only
# wait for each other under load. NumPy reads this once, when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Workers are started by a fork that becomes another program at once: nothing of gRPC has to be
# held up for that, nor made ready again.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

try:
    from movierec.chassis.server import main_of
    from recommender_service.allocator import give_back_large_blocks
    from recommender_service.service.building import Recommender
    from recommender_service.settings import RecommenderSettings
except ModuleNotFoundError as error:
    sys.exit(f"{error.name} is not installed: pip install 'movierec[recommender]'")

# A version is loaded in a thread beside the event loop, which waits for its turn for so long
# whenever it wakes up, several times a call. With Python's 5 ms, and still with 1 ms, calls
# queue up while a version is loaded; see the bench's table `swaps`.
SWITCH_INTERVAL_S = 0.0001


def tune() -> None:
    """Has requests wait less for a version that is loaded beside them, and memory stay small."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    # What was imported stays, and every full collection would look through all of it.
    gc.collect()
    gc.freeze()
    give_back_large_blocks()


if __name__ == "__main__":
    tune()
    main_of("recommender", "recommender_service", RecommenderSettings, Recommender)
