"""Control folders as tests write to them: made by whoever comes first."""

import os
from collections.abc import Callable
from pathlib import Path

from movierec.control import activation, replicas
from movierec.control.activation import Activation
from movierec.control.files import make_folder
from movierec.control.replicas import REPLICAS, Replica


def change_activation(control_dir: Path, change: Callable[[Activation], Activation]) -> Activation:
    """Changes what is to serve, in a folder that is made if it is not there."""
    make_folder(control_dir / REPLICAS)
    return activation.change_activation(control_dir, change)


def write_replica(control_dir: Path, replica: Replica) -> None:
    """Says something of a replica, as of its time, in a folder that is made if it is not there."""
    make_folder(control_dir / REPLICAS)
    replicas.write_replica(control_dir, replica)
    then = replica.beat_time.timestamp()
    os.utime(control_dir / REPLICAS / f"{replica.replica_id}.json", (then, then))
