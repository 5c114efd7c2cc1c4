"""How much memory a fitting will take, and whether there is as much."""

from pathlib import Path

import psutil

from trainer_service.errors import TooMuchMemoryError
from trainer_service.model.settings import FittingSettings

RUNTIME_BYTES = 1_200_000_000
"""TensorFlow itself, and what it compiles; its peak, not what it holds on to."""

BYTES_PER_WEIGHT = 4 * 8
"""The weight, its gradient, Adam's two means, and what is copied when they are kept."""

BYTES_PER_CELL = 100
"""A user's rating of a movie in a batch: both heads' activations, gradients, waiting batches."""

BYTES_PER_EASE_CELL = 24
"""Of users by movies, where EASE is solved on the users' side: likes, solved, and weights."""

CGROUP = Path("/sys/fs/cgroup")


def memory_to_fit(settings: FittingSettings, *, user_count: int, movie_count: int) -> int:
    """Estimates what fitting and evaluating take on top of the data, in bytes.

    Args:
        settings: How to train.
        user_count: Training users.
        movie_count: Movies trained on, M.
    """
    parts = _memory_by_setting(settings, user_count=user_count, movie_count=movie_count)
    return RUNTIME_BYTES + sum(parts.values())


def _memory_by_setting(
    settings: FittingSettings, *, user_count: int, movie_count: int
) -> dict[str, int]:
    """What grows with a setting, in bytes, by the option or setting that makes it less.

    All of it is held at once: what fitting took is not given back before EASE is solved.
    """
    weights = movie_count * (settings.dim + 2) + user_count
    ease = 0
    if movie_count <= settings.ease_up_to:
        # A few matrices of movies by movies, or of users by users if those are fewer.
        ease = 4 * 8 * min(movie_count, user_count) ** 2
        if user_count < movie_count:
            ease += BYTES_PER_EASE_CELL * user_count * movie_count
    return {
        "--dim": weights * BYTES_PER_WEIGHT,
        "batch_size": settings.batch_size * movie_count * BYTES_PER_CELL,
        "--ease-up-to": ease,
    }


def free_memory(cgroup: Path = CGROUP) -> int:
    """What this process may still take, in bytes: of the machine, and of its container.

    Args:
        cgroup: Where the container's limit is told.
    """
    free = int(psutil.virtual_memory().available)
    try:
        limit = (cgroup / "memory.max").read_text(encoding="ascii").strip()
        used = int((cgroup / "memory.current").read_text(encoding="ascii"))
        cache = dict(
            line.split() for line in (cgroup / "memory.stat").read_text("ascii").splitlines()
        )
    except (FileNotFoundError, PermissionError):
        return free  # no container, or none that says
    if limit == "max":
        return free
    return min(free, int(limit) - used + int(cache["inactive_file"]))


def check_memory(
    settings: FittingSettings, cgroup: Path = CGROUP, /, *, user_count: int, movie_count: int
) -> None:
    """Refuses what cannot fit, before any time is spent on it.

    Args:
        settings: How to train.
        cgroup: Where the container's limit is told.
        user_count: Training users.
        movie_count: Movies trained on.

    Raises:
        TooMuchMemoryError: It would take more than is free.
    """
    needed = memory_to_fit(settings, user_count=user_count, movie_count=movie_count)
    free = free_memory(cgroup)
    if needed > free:
        parts = _memory_by_setting(settings, user_count=user_count, movie_count=movie_count)
        raise TooMuchMemoryError(
            f"training on {movie_count:,} movies with --dim {settings.dim:,} and "
            f"{settings.batch_size:,} users a batch would take about {needed / 1e9:.1f} GB, and "
            f"{free / 1e9:.1f} GB are free: pass a higher --min-ratings or a smaller "
            f"{max(parts, key=parts.__getitem__)}, or give the trainer more memory"
        )
