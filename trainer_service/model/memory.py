"""How much memory a fitting will take, and whether there is as much."""

from pathlib import Path

import psutil

from trainer_service.errors import TooMuchMemoryError
from trainer_service.model.settings import FittingSettings

RUNTIME_BYTES = 600_000_000
"""TensorFlow itself, and what it compiles."""

BYTES_PER_WEIGHT = 4 * 8
"""The weight, its gradient, Adam's two means, and what is copied when they are kept."""

BYTES_PER_CELL = 100
"""A user's rating of a movie in a batch: both heads' activations, gradients, waiting batches."""

CGROUP = Path("/sys/fs/cgroup")


def memory_to_fit(settings: FittingSettings, *, user_count: int, movie_count: int) -> int:
    """Estimates what fitting and evaluating take on top of the data, in bytes.

    Args:
        settings: How to train.
        user_count: Training users.
        movie_count: Movies trained on, M.
    """
    weights = movie_count * (settings.dim + 2) + user_count
    fitting = RUNTIME_BYTES + weights * BYTES_PER_WEIGHT
    fitting += settings.batch_size * movie_count * BYTES_PER_CELL
    # EASE holds a few matrices of movies by movies, or of users by users if those are fewer.
    side = min(movie_count, user_count) if movie_count <= settings.ease_up_to else 0
    return max(fitting, RUNTIME_BYTES + 4 * 8 * side**2)


def free_memory() -> int:
    """What this process may still take, in bytes: of the machine, and of its container."""
    free = int(psutil.virtual_memory().available)
    try:
        limit = (CGROUP / "memory.max").read_text(encoding="ascii").strip()
        used = int((CGROUP / "memory.current").read_text(encoding="ascii"))
        cache = dict(
            line.split() for line in (CGROUP / "memory.stat").read_text("ascii").splitlines()
        )
    except (FileNotFoundError, PermissionError):
        return free  # no container, or none that says
    if limit == "max":
        return free
    return min(free, int(limit) - used + int(cache["inactive_file"]))


def check_memory(settings: FittingSettings, *, user_count: int, movie_count: int) -> None:
    """Refuses what cannot fit, before any time is spent on it.

    Args:
        settings: How to train.
        user_count: Training users.
        movie_count: Movies trained on.

    Raises:
        TooMuchMemoryError: It would take more than is free.
    """
    needed = memory_to_fit(settings, user_count=user_count, movie_count=movie_count)
    free = free_memory()
    if needed > free:
        raise TooMuchMemoryError(
            f"training on {movie_count:,} movies with --dim {settings.dim:,} and "
            f"{settings.batch_size:,} users a batch would take about {needed / 1e9:.1f} GB, and "
            f"{free / 1e9:.1f} GB are free: pass a higher --min-ratings or a smaller --dim, or "
            f"give the trainer more memory"
        )
