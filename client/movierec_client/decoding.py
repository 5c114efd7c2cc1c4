"""Reads the messages that arrive; pure functions, the same for both clients."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from grpc_health.v1 import health_pb2

from movierec.v1 import artifact_pb2, recommender_pb2, trainer_pb2, training_pb2
from movierec_client import results
from movierec_client.states import (
    BadRowKind,
    RunPhase,
    RunState,
    ServingStatus,
    VersionState,
)

T = TypeVar("T")
W = TypeVar("W", RunState, RunPhase, BadRowKind, VersionState, ServingStatus)


def run(message: trainer_pb2.Run) -> results.Run:
    """Reads a run."""
    return results.Run(
        run_id=message.run_id,
        state=_word(RunState, trainer_pb2.RunState, "RUN_STATE_", message.state),
        phase=_phase(message.phase),
        dataset=message.dataset,
        settings=_settings(message.settings),
        request_id=message.request_id,
        create_time=_optional(message, "create_time", _time),
        end_time=_optional(message, "end_time", _time),
        progress=_optional(message, "progress", _progress),
        data=_optional(message, "data", _data),
        metrics=_optional(message, "metrics", _metrics),
        version=message.version or None,
        error=_optional(message, "error", _run_error),
    )


def run_event(message: trainer_pb2.RunEvent) -> results.RunEvent:
    """Reads an event of a run."""
    return results.RunEvent(
        run_id=message.run_id,
        sequence=message.sequence,
        event_time=_optional(message, "event_time", _time),
        state=_word(RunState, trainer_pb2.RunState, "RUN_STATE_", message.state),
        phase=_phase(message.phase),
        progress=_optional(message, "progress", _progress),
        data=_optional(message, "data", _data),
        metrics=_optional(message, "metrics", _metrics),
        version=message.version or None,
        error=_optional(message, "error", _run_error),
    )


def movie(message: recommender_pb2.Movie) -> results.Movie:
    """Reads a movie."""
    return results.Movie(
        movie_id=message.movie_id,
        title=message.title,
        genres=tuple(message.genres),
        year=_optional(message, "year"),
        rating_count=message.rating_count,
    )


def recommendation(message: recommender_pb2.Recommendation) -> results.Recommendation:
    """Reads a recommendation."""
    return results.Recommendation(
        rank=message.rank,
        movie_id=message.movie_id,
        title=message.title,
        genres=tuple(message.genres),
        year=_optional(message, "year"),
        score=message.score,
        rating_count=message.rating_count,
    )


def recommend_header(message: recommender_pb2.RecommendHeader) -> results.RecommendHeader:
    """Reads the header of an answer."""
    return results.RecommendHeader(
        model_version=message.model_version,
        resolved_seeds=tuple(
            results.ResolvedSeed(seed.position, movie(seed.movie), seed.weight)
            for seed in message.resolved_seeds
        ),
        duplicate_seeds=tuple(message.duplicate_seeds),
        unresolved_seeds=tuple(
            results.UnresolvedSeed(seed.position, seed.text, tuple(seed.nearest_titles))
            for seed in message.unresolved_seeds
        ),
    )


def model(message: recommender_pb2.GetModelResponse) -> results.Model:
    """Reads the version that serves."""
    return results.Model(
        version=message.manifest.version,
        load_time=_optional(message, "load_time", _time),
        manifest=_manifest(message.manifest),
    )


def version(message: recommender_pb2.Version) -> results.Version:
    """Reads a version and its state."""
    return results.Version(
        version=message.version,
        state=_word(VersionState, recommender_pb2.VersionState, "VERSION_STATE_", message.state),
        reason=message.reason,
        message=message.message,
        manifest=_optional(message, "manifest", _manifest),
    )


def serving_status(number: int) -> ServingStatus:
    """Reads the answer to a health check."""
    return _word(ServingStatus, health_pb2.HealthCheckResponse.ServingStatus, "", number)


def _manifest(message: artifact_pb2.ArtifactManifest) -> results.Manifest:
    return results.Manifest(
        version=message.version,
        create_time=_optional(message, "create_time", _time),
        run_id=message.run_id,
        dataset=message.dataset,
        data=_data(message.data),
        settings=_settings(message.settings),
        metrics=_metrics(message.metrics),
        movie_count=message.movie_count,
        dim=message.dim,
        digest=message.digest,
    )


def _settings(message: training_pb2.TrainingSettings) -> results.TrainingSettings:
    return results.TrainingSettings(
        min_ratings=message.min_ratings,
        epochs=message.epochs,
        dim=message.dim,
        seed=message.seed,
        co_liked_weight=message.co_liked_weight,
        holdout=message.holdout,
        learning_rate=message.learning_rate,
        batch_size=message.batch_size,
        l2=message.l2,
        patience=_optional(message, "patience"),
        ease_up_to=_optional(message, "ease_up_to"),
        few_seeds=_optional(message, "few_seeds"),
    )


def _progress(message: trainer_pb2.TrainingProgress) -> results.Progress:
    return results.Progress(
        epoch=message.epoch,
        epoch_count=message.epoch_count,
        epoch_share=message.epoch_share,
        loss=message.loss,
        val_loss=_optional(message, "val_loss"),
        ratings_per_second=message.ratings_per_second,
        time_left_s=_optional(message, "time_left", _seconds),
    )


def _data(message: training_pb2.DataReport) -> results.DataReport:
    return results.DataReport(
        form=message.form,
        row_count=message.row_count,
        rating_count=message.rating_count,
        user_count=message.user_count,
        movie_count=message.movie_count,
        kept_rating_count=message.kept_rating_count,
        kept_user_count=message.kept_user_count,
        kept_movie_count=message.kept_movie_count,
        bad_rows=tuple(
            results.BadRows(
                kind=_word(BadRowKind, training_pb2.BadRowKind, "BAD_ROW_KIND_", rows.kind),
                file=rows.file,
                count=rows.count,
                first_lines=tuple(rows.first_lines),
            )
            for rows in message.bad_rows
        ),
        fingerprint=message.fingerprint,
    )


def _metrics(message: training_pb2.TrainingMetrics) -> results.TrainingMetrics:
    return results.TrainingMetrics(
        best_epoch=message.best_epoch,
        loss=message.loss,
        val_loss=_optional(message, "val_loss"),
        rmse=_optional(message, "rmse"),
        rmse_standard_error=_optional(message, "rmse_standard_error"),
        ranking=_optional(message, "ranking", _ranking),
        popularity=_optional(message, "popularity", _ranking),
        item_cosine=_optional(message, "item_cosine", _ranking),
        ease=_optional(message, "ease", _ranking),
        one_seed=_optional(message, "one_seed", _ranking),
        one_seed_popularity=_optional(message, "one_seed_popularity", _ranking),
        one_seed_item_cosine=_optional(message, "one_seed_item_cosine", _ranking),
        one_seed_ease=_optional(message, "one_seed_ease", _ranking),
        ease_l2=_optional(message, "ease_l2"),
        notes=tuple(message.notes),
    )


def _ranking(message: training_pb2.RankingMetrics) -> results.RankingMetrics:
    return results.RankingMetrics(
        user_count=message.user_count,
        recall_at_20=message.recall_at_20,
        recall_at_50=message.recall_at_50,
        ndcg_at_100=message.ndcg_at_100,
        recall_at_20_standard_error=_optional(message, "recall_at_20_standard_error"),
        recall_at_50_standard_error=_optional(message, "recall_at_50_standard_error"),
        ndcg_at_100_standard_error=_optional(message, "ndcg_at_100_standard_error"),
        coverage=_optional(message, "coverage"),
        coverage_standard_error=_optional(message, "coverage_standard_error"),
        popularity_rank=_optional(message, "popularity_rank"),
        popularity_rank_standard_error=_optional(message, "popularity_rank_standard_error"),
    )


def _run_error(message: trainer_pb2.RunError) -> results.RunError:
    return results.RunError(reason=message.reason, message=message.message)


def _phase(number: int) -> RunPhase | None:
    return _word(RunPhase, trainer_pb2.RunPhase, "RUN_PHASE_", number) if number else None


def _word(kind: type[W], wrapper: Any, prefix: str, number: int) -> W:
    """Returns the member for an enum's number; UNKNOWN for one from a newer server."""
    name = wrapper.Name(number).removeprefix(prefix) if number in wrapper.values() else ""
    return kind.__members__.get(name, kind.UNKNOWN)


def _time(message: Any) -> datetime:
    time: datetime = message.ToDatetime(tzinfo=UTC)
    return time


def _seconds(message: Any) -> float:
    seconds: float = message.ToTimedelta().total_seconds()
    return seconds


def _optional(message: Any, field: str, read: Callable[[Any], T] = lambda value: value) -> T | None:
    """Returns a field that need not be there, read; None if it is not."""
    return read(getattr(message, field)) if message.HasField(field) else None
