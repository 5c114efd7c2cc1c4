"""The control folder itself, and what tells it from the empty place of a volume that is away.

A folder that a volume is mounted on is there, and empty, also while the volume is not. So
what movierec has made holds `replicas/` from the start.
"""

import os
from pathlib import Path

from movierec.control.activation import ACTIVATION
from movierec.control.files import make_in_folder
from movierec.control.replicas import REPLICAS


def is_made(control_dir: Path) -> bool:
    """Whether a control folder holds anything that movierec makes there.

    Raises:
        OSError: The volume does not answer as it should.
    """
    return any(_is_there(control_dir / name) for name in (ACTIVATION, REPLICAS))


def make_control_folder(control_dir: Path) -> None:
    """Makes a control folder, durably, or what it lacks, in a folder that has to be there.

    Raises:
        FileNotFoundError: What it is to lie in is not there.
        OSError: The volume did not take it, or something else is in its place.
    """
    make_in_folder(control_dir)
    make_in_folder(control_dir / REPLICAS)


def _is_there(path: Path) -> bool:
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
