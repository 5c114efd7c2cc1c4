"""What the recommender can be told; see `movierec.chassis.settings` for how."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from movierec.chassis.settings import Address, ServiceSettings


class RecommenderSettings(ServiceSettings):
    """Answers "more like these" from the newest good version on the shared volume."""

    listen: Address = "127.0.0.1:50052"
    """HOST:PORT to serve on; port 0 takes a free one."""

    artifacts_dir: Path = Path("artifacts")
    """The shared volume that versions appear on; it is only read."""

    control_dir: Path | None = None
    """Where it is said what is to serve, and where this recommender says what does; if not
    given, "control" on the shared volume."""

    loaded_versions: Annotated[int, Field(ge=1, le=100)] = 3
    """Versions that are kept in memory, for requests that name one: the one that serves, those
    that have a label, and of those that served before as many as there is room for."""

    poll_interval_s: Annotated[float, Field(gt=0, le=3600)] = 0.5
    """Seconds between two looks for new versions."""

    max_age_s: Annotated[float | None, Field(gt=0, le=10**9)] = None
    """Seconds since its publication after which a version is too old: while such a one serves, the
    health is NOT_SERVING. Who heeds that, as movierec's own client does, asks other replicas, and
    fails if all are too old; who does not is answered all the same. No limit if not given."""

    connection_age_s: Annotated[float, Field(ge=0.05, le=1_000_000)] = 300.0
    """Seconds after which a client is asked to make a new connection, for which it looks the name
    up again and so finds recommenders that were added; calls under way go on."""

    chunk_size: Annotated[int, Field(ge=1, le=1000)] = 100
    """Recommendations in a message, at most; a message costs about as much as a hundred."""

    remembered_mb: Annotated[int, Field(ge=0, le=100_000)] = 8
    """Megabytes of answers that each process keeps to give them again; 0 keeps none."""

    recommendation_log: Path | None = None
    """A file that gets a line of JSON for each answer: when, from which version, to which request,
    in how many milliseconds, and the ids of the movies; none is written if not given."""

    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes that answer on the port, as many as there are cores for; they share a version's
    memory, and each remembers answers of its own. More than 1 needs Linux."""

    @property
    def control_folder(self) -> Path:
        """Where it is said what is to serve."""
        return self.control_dir or self.artifacts_dir / "control"
