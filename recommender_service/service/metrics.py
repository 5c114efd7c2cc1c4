"""What the recommender says of itself when it is scraped."""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from movierec.chassis.call_metrics import Durations
from recommender_service.artifact.loads import Load, LoadOutcome
from recommender_service.artifact.manifest import parse_manifest
from recommender_service.artifact.states import VersionState
from recommender_service.artifact.versions import Versions
from recommender_service.query.version import Version
from recommender_service.service.replies import Replies

LOAD_BOUNDS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class RecommenderMetrics:
    """Reads what there is to say when it is asked, so that it costs calls nothing."""

    def __init__(self) -> None:
        self._loads: Counter[str] = Counter()
        self._durations = Durations(LOAD_BOUNDS_S)

    def loaded(self, load: Load) -> None:
        """Counts a version that was loaded, or could not be."""
        self._loads[load.outcome] += 1
        self._durations.add(load.seconds)

    def take(self, versions: Versions, replies: Replies) -> Iterator[Metric]:
        """The figures as they are.

        Args:
            versions: What serves, and what there is.
            replies: The answers that are remembered.
        """
        yield from of_serving(versions.serving)
        yield from _of_all(versions)
        yield from self._of_loads()
        yield from of_remembered(replies)

    def _of_loads(self) -> Iterator[Metric]:
        loads = CounterMetricFamily(
            "movierec_version_loads",
            "Versions that were loaded, rejected while they were, or could not be read just then.",
            labels=["outcome"],
        )
        for outcome in LoadOutcome:
            loads.add_metric([outcome], self._loads[outcome])
        yield loads
        yield HistogramMetricFamily(
            "movierec_version_load_duration_seconds",
            "Seconds that loading a version took, whatever came of it.",
            *self._durations.buckets(),
        )


def of_serving(version: Version | None) -> Iterator[Metric]:
    """What there is to say of the version that serves, if one does."""
    number = _gauge("movierec_serving_version", "The version that serves; 0 if none does.")
    created = _gauge(
        "movierec_serving_version_create_timestamp_seconds",
        "When the version that serves was published, in seconds since 1970.",
    )
    loaded = _gauge(
        "movierec_serving_version_load_timestamp_seconds",
        "When the version that serves was loaded here, in seconds since 1970.",
    )
    movies = _gauge("movierec_serving_version_movies", "Movies of the version that serves.")
    ndcg = _gauge(
        "movierec_serving_version_ndcg_at_100",
        "NDCG@100 of the version that serves, for held-out users, from most of what they like.",
    )
    rmse = _gauge(
        "movierec_serving_version_rmse",
        "RMSE of the version that serves on held-out ratings, in stars.",
    )
    number.add_metric([], version.number if version else 0)
    if version:
        created_s, ndcg_at_100, rmse_stars = _figures(version.manifest)
        created.add_metric([], created_s)
        loaded.add_metric([], version.load_time.timestamp())
        movies.add_metric([], len(version.catalogue))
        for family, figure in ((ndcg, ndcg_at_100), (rmse, rmse_stars)):
            if figure is not None:
                family.add_metric([], figure)
    return iter((number, created, loaded, movies, ndcg, rmse))


def _of_all(versions: Versions) -> Iterator[Metric]:
    statuses = versions.statuses()
    there = GaugeMetricFamily(
        "movierec_versions",
        "Versions on the volume or in memory, by where they stand and why.",
        labels=["state", "reason"],
    )
    counted = Counter((status.state, status.reason) for status in statuses)
    plain: dict[tuple[VersionState, str], int] = {(state, ""): 0 for state in VersionState}
    for (state, reason), count in (plain | counted).items():
        there.add_metric([state, reason], count)
    yield there
    in_memory = _gauge("movierec_loaded_versions", "Versions that requests may ask for.")
    in_memory.add_metric([], len(versions.loaded_numbers))
    yield in_memory


def of_remembered(replies: Replies) -> Iterator[Metric]:
    """What there is to say of the answers that are remembered."""
    asked = CounterMetricFamily(
        "movierec_remembered_answers_asked",
        "Queries, by whether their answer was remembered (hit) or not (miss).",
        labels=["outcome"],
    )
    asked.add_metric(["hit"], replies.hit_count)
    asked.add_metric(["miss"], replies.miss_count)
    yield asked
    size = _gauge("movierec_remembered_answers_bytes", "Memory that they take, about.")
    size.add_metric([], replies.size_bytes)
    yield size


def _gauge(name: str, meaning: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, labels=())


@lru_cache(maxsize=1)
def _figures(manifest: bytes) -> tuple[float, float | None, float | None]:
    """When a version was published, in seconds since 1970, its NDCG@100 and its RMSE in stars."""
    message = parse_manifest(manifest)
    metrics = message.metrics
    return (
        message.create_time.ToNanoseconds() / 1e9,
        metrics.ranking.ndcg_at_100 if metrics.HasField("ranking") else None,
        metrics.rmse if metrics.HasField("rmse") else None,
    )
