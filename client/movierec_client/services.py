"""The two services: what they are called and where they are found."""

import os
from dataclasses import dataclass
from typing import Literal

from movierec_client.errors import InvalidArgumentError

ServiceName = Literal["trainer", "recommender"]

LONGEST_TIMEOUT_S = 365 * 24 * 60 * 60

LEAST_TIMEOUT_S = 0.001
"""What a call may take at least; one that has no time left ends as such."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service that the client talks to.

    Args:
        name: What people call it.
        full_name: What gRPC calls it.
        variable: The environment variable that holds its address.
        default_address: Where it is unless told otherwise.
    """

    name: ServiceName
    full_name: str
    variable: str
    default_address: str

    def address(self, given: str | None) -> str:
        """Returns the address given, else the environment's, else the default."""
        return given or os.environ.get(self.variable) or self.default_address


TRAINER = Service(
    name="trainer",
    full_name="movierec.v1.TrainerService",
    variable="MOVIEREC_TRAINER",
    default_address="localhost:50051",
)
RECOMMENDER = Service(
    name="recommender",
    full_name="movierec.v1.RecommenderService",
    variable="MOVIEREC_RECOMMENDER",
    default_address="localhost:50052",
)
SERVICES: dict[ServiceName, Service] = {"trainer": TRAINER, "recommender": RECOMMENDER}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes and how long it may take; error sentences name both.

    Args:
        service: Which service.
        address: Where that is.
        timeout_s: How long it may take.
        wait_for_ready: Whether it waits for a server that can answer, so long.

    Raises:
        InvalidArgumentError: `timeout_s` is no time to wait.
    """

    service: Service
    address: str
    timeout_s: float
    wait_for_ready: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.timeout_s <= LONGEST_TIMEOUT_S:
            raise InvalidArgumentError(
                f"timeout_s is {self.timeout_s!r}: give seconds above 0, "
                f"to {LONGEST_TIMEOUT_S:,} (a year)",
                code="INVALID_ARGUMENT",
            )
