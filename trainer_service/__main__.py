"""`python -m trainer_service`."""

import os
import sys

# Training processes are started by fork and exec, which needs none of gRPC's own
# support for forking, and its warnings about it. gRPC reads this when imported.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

try:
    from movierec.chassis.server import main_of
    from trainer_service.service.building import Trainer
    from trainer_service.settings import TrainerSettings
except ModuleNotFoundError as error:
    sys.exit(f"{error.name} is not installed: pip install 'movierec[trainer]'")

if __name__ == "__main__":
    main_of("trainer", "trainer_service", TrainerSettings, Trainer)
