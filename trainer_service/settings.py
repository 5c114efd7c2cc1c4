"""What the trainer can be told; see `movierec.chassis.settings` for how."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from movierec.chassis.settings import Address, ServiceSettings


class TrainerSettings(ServiceSettings):
    """Trains the model on MovieLens ratings and publishes it as a version."""

    listen: Address = "127.0.0.1:50051"
    """HOST:PORT to serve on; port 0 takes a free one."""

    data_dir: Path = Path("data")
    """The folder that holds a folder for each data set."""

    artifacts_dir: Path = Path("artifacts")
    """The shared volume that versions are published on."""

    runs_dir: Path | None = None
    """Where runs are kept; if not given, "runs" on the shared volume."""

    control_dir: Path | None = None
    """Where recommenders say what they serve; if not given, "control" on the shared volume."""

    keep_versions: Annotated[int, Field(ge=1, le=100_000)] = 10
    """Newest versions that are kept, besides what is pinned, labelled, served or young."""

    keep_for_s: Annotated[float, Field(ge=0, le=10**9)] = 3600.0
    """Seconds for which every version is kept."""

    keep_weights_s: Annotated[float, Field(ge=0, le=10**9)] = 7 * 86_400.0
    """Seconds for which weights are kept, for `movierec publish`, once a run has ended without a
    version or with a rejected one; older ones go at a start, and when another run ends."""

    max_bad_row_share: Annotated[float, Field(ge=0, le=1)] = 0.25
    """Share of a rating file's rows that may be bad; with more the run fails."""

    tensorboard: bool = False
    """Whether runs keep files for TensorBoard, in `tensorboard/` of each run's folder; `tensorboard
    --logdir` with the folder of runs shows them."""

    reports: bool = True
    """Whether to make a report on each version once it is published, beside it on the volume;
    without, one is made when it is asked for."""

    @property
    def runs_folder(self) -> Path:
        """Where runs are kept."""
        return self.runs_dir or self.artifacts_dir / "runs"

    @property
    def control_folder(self) -> Path:
        """Where recommenders say what they serve."""
        return self.control_dir or self.artifacts_dir / "control"
