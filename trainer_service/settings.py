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

    max_bad_row_share: Annotated[float, Field(ge=0, le=1)] = 0.25
    """Share of a rating file's rows that may be bad; with more the run fails."""

    @property
    def runs_folder(self) -> Path:
        """Where runs are kept."""
        return self.runs_dir or self.artifacts_dir / "runs"
