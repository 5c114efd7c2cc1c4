"""Holds what was trained against the version that is to serve."""

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from movierec.control.activation import ControlError
from trainer_service.artifact.manifest import BadVersionError
from trainer_service.artifact.reading import PublishedVersion, active_version, latest_version
from trainer_service.data import Ratings
from trainer_service.errors import said_by
from trainer_service.model.gate import Contender, GateResult, compare

log = logging.getLogger(__name__)


def hold_against_active(
    artifacts_dir: Path,
    control_dir: Path,
    *,
    dataset: str,
    embeddings: NDArray[np.float32],
    movie_ids: NDArray[np.int64],
    test: Ratings,
    holdout: float,
) -> GateResult:
    """Compares embeddings with those of the active version, see `compare`.

    Where the active version cannot be told or is bad, the latest stands in its place. Where
    there is nothing to compare with, they pass; where the volume does not tell, they do not.
    The result's note says why.

    Args:
        artifacts_dir: The volume's folder.
        control_dir: Where is said which version is to serve.
        dataset: The name of the data set that was trained on.
        embeddings: Unit rows, (M, D).
        movie_ids: External ids of the rows, (M,).
        test: All ratings of the test users, also of movies that were not trained on.
        holdout: The share of the users that they are.
    """
    try:
        active = _active_or_latest(artifacts_dir, control_dir)
    except OSError as error:
        why = f"the versions on the volume cannot be read: {said_by(error)}"
        return _uncompared(why, passed=False)
    if active is None:
        return _uncompared("no version was active")
    manifest = active.manifest
    if manifest.dataset != dataset:
        return _uncompared(
            f"version {active.number}, which was active, is of the data set {manifest.dataset}"
        )
    if not holdout or not manifest.settings.holdout:
        which = f"version {active.number}, which was active" if holdout else "this version"
        return _uncompared(f"nobody was held out of {which}")
    return compare(
        test,
        Contender(embeddings, movie_ids, holdout),
        Contender(active.embeddings, active.movie_ids, manifest.settings.holdout),
        version=active.number,
    )


def _active_or_latest(artifacts_dir: Path, control_dir: Path) -> PublishedVersion | None:
    """The active version, or the latest where that cannot be told or is bad; None without any.

    Raises:
        OSError: The volume does not answer as it should.
    """
    try:
        return active_version(artifacts_dir, control_dir)
    except (BadVersionError, ControlError) as error:
        why = str(error)
    except OSError as error:
        why = said_by(error)
    log.warning("the active version cannot be read: %s; it is compared with the latest", why)
    return latest_version(artifacts_dir)


def _uncompared(why: str, *, passed: bool = True) -> GateResult:
    return GateResult(passed=passed, note=f"nothing was compared: {why}")
