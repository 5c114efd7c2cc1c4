"""Whether calls make sense, by what serves and how old that is."""

from datetime import UTC, datetime, timedelta

from recommender_service.artifact.trouble import Trouble
from recommender_service.query.version import Version


class Readiness:
    """Judges what serves; says in the log when it has become too old.

    Args:
        max_age_s: Seconds since its publication that it may be old; None is any.
    """

    def __init__(self, max_age_s: float | None) -> None:
        self._max_age = None if max_age_s is None else timedelta(seconds=max_age_s)
        self._too_old = Trouble("what serves is not too old any more")

    def of(self, serving: Version | None) -> bool:
        """Whether calls make sense while this serves."""
        if serving is None:
            return False
        if self._max_age is None or datetime.now(UTC) - serving.create_time <= self._max_age:
            self._too_old.ends()
            return True
        self._too_old.begins(
            f"version {serving.number} serves, and is older than {self._max_age}, so that the "
            f"health is NOT_SERVING: publish a newer one, or raise MOVIEREC_MAX_AGE_S"
        )
        return False
