"""What is to serve, who serves, and what stands in the way of knowing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from movierec.control.activation import Activation
from movierec.control.replicas import Replica
from recommender_service.artifact.followed import FollowedActivation
from recommender_service.artifact.heartbeat import Heartbeat
from recommender_service.artifact.survey import Survey
from recommender_service.artifact.versions import Versions


@dataclass(frozen=True, slots=True)
class FleetReport:
    """What this replica knows of all of them.

    Args:
        activation: What is to serve; None when that could not be found out yet.
        replicas: Those that are alive, this one among them, in order of their ids.
        control_problem: What is wrong with the control folder, and why a pinned version
            does not serve; empty if all is well.
        look_time: When this replica last read the volume, if it has.
    """

    activation: Activation | None
    replicas: Sequence[Replica]
    control_problem: str
    look_time: datetime | None

    def serving_count(self, number: int) -> int:
        """How many replicas serve a version unless they are asked for another."""
        return sum(replica.serving_version == number for replica in self.replicas)


class Fleet:
    """Answers from memory, whatever the volume does.

    Args:
        followed: What is to serve.
        survey: When the volume was read.
        versions: What serves.
        heartbeat: Who serves.
    """

    def __init__(
        self,
        followed: FollowedActivation,
        survey: Survey,
        versions: Versions,
        heartbeat: Heartbeat,
    ) -> None:
        self._followed = followed
        self._survey = survey
        self._versions = versions
        self._heartbeat = heartbeat

    def report(self) -> FleetReport:
        """What is known now."""
        problems = (
            self._versions.why_pinned_waits(),
            self._followed.problem,
            self._heartbeat.problem,
        )
        return FleetReport(
            activation=self._followed.now,
            replicas=self._heartbeat.replicas(),
            control_problem="; ".join(filter(None, problems)),
            look_time=self._survey.look_time,
        )
