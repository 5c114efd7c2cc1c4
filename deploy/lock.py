"""Locks the dependencies with hashes, one file for each way of installing."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "pyproject.toml"
# Each lock and the extras that it holds. The first one has everything; the
# others take their versions from it, so that what is tested is what is shipped.
LOCKS = {
    "dev": ["dev"],
    "services": ["trainer", "recommender", "build"],
    "trainer": ["trainer"],
    "gpu": ["gpu"],
    "recommender": ["recommender"],
    "client": [],
}
# What makes the wheel, and nothing of what that needs to run.
BUILD = "build"


def main() -> None:
    """Writes requirements/*.txt, or only those that are named."""
    everything, *_ = LOCKS
    for name in sys.argv[1:] or [*LOCKS, BUILD]:
        command = [
            *(sys.executable, "-m", "uv", "pip", "compile", "--quiet"),
            *("--universal", "--python-version", "3.11", "--generate-hashes"),
            *("--no-emit-index-url", "--no-annotate"),
            *("--custom-compile-command", "make lock"),
            *("--output-file", f"requirements/{name}.txt"),
            *(argument for extra in LOCKS.get(name, []) for argument in ("--extra", extra)),
            "-" if name == BUILD else PROJECT,
        ]
        if name == everything:
            command.append("--upgrade")
        else:
            command += ["--constraint", f"requirements/{everything}.txt"]
        tools = "\n".join(build_requirements()) if name == BUILD else None
        subprocess.run(command, cwd=ROOT, input=tools, text=True, check=True)


def build_requirements() -> list[str]:
    """What the wheel is made with, as `pyproject.toml` says."""
    project = tomllib.loads((ROOT / PROJECT).read_text(encoding="utf-8"))
    requires: list[str] = project["build-system"]["requires"]
    return requires


if __name__ == "__main__":
    main()
