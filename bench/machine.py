"""What the figures were measured on."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import BaseModel, ConfigDict

PACKAGES = ("tensorflow", "tensorflow-cpu", "keras", "numpy", "pandas")


class Machine(BaseModel):
    """A machine, and the libraries that were used on it."""

    model_config = ConfigDict(frozen=True)

    processor: str
    core_count: int
    """Cores that this process may use."""
    memory_gb: float
    """In units of 10^9 bytes."""
    system: str
    versions: dict[str, str]
    """Of Python and the libraries."""

    def __str__(self) -> str:
        versions = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        return (
            f"{self.processor}, {self.core_count} cores, {self.memory_gb:.0f} GB of memory; "
            f"{self.system}; {versions}"
        )


def describe_machine() -> Machine:
    """This machine."""
    return Machine(
        processor=_processor(),
        core_count=len(os.sched_getaffinity(0)),
        memory_gb=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9,
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        versions={"Python": platform.python_version(), **_versions()},
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue  # TensorFlow has two names, of which one is installed
    return found
