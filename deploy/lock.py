"""Locks the dependencies with hashes, one file for each way of installing."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Each lock and the extras that it holds. The first one has everything; the
# others take their versions from it, so that what is tested is what is shipped.
LOCKS = {
    "dev": ["dev"],
    "services": ["trainer", "recommender", "build"],
    "trainer": ["trainer"],
    "recommender": ["recommender"],
    "client": [],
}


def main() -> None:
    """Writes requirements/*.txt."""
    everything, *_ = LOCKS
    for name, extras in LOCKS.items():
        command = [
            *(sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "--quiet"),
            *("--universal", "--python-version", "3.11", "--generate-hashes"),
            *("--no-emit-index-url", "--no-annotate"),
            *("--custom-compile-command", "make lock"),
            *("--output-file", f"requirements/{name}.txt"),
            *(argument for extra in extras for argument in ("--extra", extra)),
        ]
        if name == everything:
            command.append("--upgrade")
        else:
            command += ["--constraint", f"requirements/{everything}.txt"]
        subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
