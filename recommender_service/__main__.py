"""`python -m recommender_service`."""

import os
import sys

# A matrix-vector product is done in 0.1 ms by one thread; several per call only
# wait for each other under load. NumPy reads this once, when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

try:
    from movierec.chassis.server import main_of
    from recommender_service.service.building import Recommender
    from recommender_service.settings import RecommenderSettings
except ModuleNotFoundError as error:
    sys.exit(f"{error.name} is not installed: pip install 'movierec[recommender]'")

if __name__ == "__main__":
    main_of("recommender", "recommender_service", RecommenderSettings, Recommender)
