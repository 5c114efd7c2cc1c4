"""What other users of the machine may and may not do."""

import os
import subprocess
import sys
from pathlib import Path

LOAD = """
import os, sys
from pathlib import Path
from recommender_service.artifact.loading import load_version
from recommender_service.errors import BadVersionError

folder = Path(sys.argv[1])
if os.geteuid() == 0:
    load_version(folder)  # whatever is imported late is imported now
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    print("loaded", load_version(folder).number)
except BadVersionError as error:
    print(error.reason, error.message, sep=": ")
"""


def loaded_by_a_user(folder: Path) -> str:
    """How it ends when somebody who is not the superuser loads a version.

    In a process of its own, which begins in the folder above, as the way to there may be closed
    to others.
    """
    return subprocess.run(
        [sys.executable, "-c", LOAD, folder.name],
        cwd=folder.parent,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
