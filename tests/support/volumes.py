"""Volumes on which good and bad versions appear, each whole at once."""

import shutil
from collections.abc import Callable
from pathlib import Path

from support.damage import change_manifest, flip_bit
from support.versions import publish_by_hand


def publish(versions: Path) -> Path:
    """Publishes the next version; returns its folder."""
    return versions / str(publish_by_hand(versions.parent))


def publish_bad(versions: Path, damage: Callable[[Path], None]) -> Path:
    """Publishes one that is bad from the moment on that it has its name."""
    aside = versions.parent / "aside"
    publish_by_hand(aside)
    claimed = versions / ".claimed"
    claimed.mkdir(parents=True, exist_ok=True)
    number = max((int(path.name) for path in claimed.iterdir()), default=0) + 1
    (claimed / str(number)).touch()
    staged = aside / "versions" / "1"
    change_manifest(staged, version=str(number))
    damage(staged)
    staged.rename(versions / str(number))
    shutil.rmtree(aside)
    return versions / str(number)


def publish_held_back(versions: Path, *, forced: bool = False) -> Path:
    """Publishes one that did not pass the quality gate; returns its folder."""
    gate = {
        "against_version": "1",
        "user_count": 100,
        "ndcg_at_100": 0.25,
        "against_ndcg_at_100": 0.5,
        "margin": 0.125,
        "forced": forced,
    }
    return publish_bad(versions, lambda folder: change_manifest(folder, gate=gate))


def corrupt(folder: Path) -> None:
    """Flips a bit of a version's embeddings; a second time puts it back."""
    flip_bit(folder / "embeddings.npy", -1)
