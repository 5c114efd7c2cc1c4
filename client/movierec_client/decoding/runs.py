"""Reads the messages that tell of training runs."""

from movierec.v1 import trainer_pb2, training_pb2
from movierec_client import runs
from movierec_client.decoding.fields import optional, seconds, time, word
from movierec_client.states import BadRowKind, RunPhase, RunState


def run(message: trainer_pb2.Run) -> runs.Run:
    """Reads a run."""
    return runs.Run(
        run_id=message.run_id,
        state=word(RunState, trainer_pb2.RunState, "RUN_STATE_", message.state),
        phase=_phase(message.phase),
        dataset=message.dataset,
        settings=settings(message.settings),
        request_id=message.request_id,
        create_time=optional(message, "create_time", time),
        end_time=optional(message, "end_time", time),
        progress=optional(message, "progress", _progress),
        data=optional(message, "data", data),
        metrics=optional(message, "metrics", metrics),
        version=message.version or None,
        error=optional(message, "error", _run_error),
        force=message.force,
        gate=optional(message, "gate", gate),
    )


def run_event(message: trainer_pb2.RunEvent) -> runs.RunEvent:
    """Reads an event of a run."""
    return runs.RunEvent(
        run_id=message.run_id,
        sequence=message.sequence,
        event_time=optional(message, "event_time", time),
        state=word(RunState, trainer_pb2.RunState, "RUN_STATE_", message.state),
        phase=_phase(message.phase),
        progress=optional(message, "progress", _progress),
        data=optional(message, "data", data),
        metrics=optional(message, "metrics", metrics),
        version=message.version or None,
        error=optional(message, "error", _run_error),
        gate=optional(message, "gate", gate),
    )


def settings(message: training_pb2.TrainingSettings) -> runs.TrainingSettings:
    """Reads how a run trains."""
    return runs.TrainingSettings(
        min_ratings=message.min_ratings,
        epochs=message.epochs,
        dim=message.dim,
        seed=message.seed,
        co_liked_weight=message.co_liked_weight,
        holdout=message.holdout,
        learning_rate=message.learning_rate,
        batch_size=message.batch_size,
        l2=message.l2,
        patience=optional(message, "patience"),
        ease_up_to=optional(message, "ease_up_to"),
        few_seeds=optional(message, "few_seeds"),
    )


def data(message: training_pb2.DataReport) -> runs.DataReport:
    """Reads what was found in a data set."""
    return runs.DataReport(
        form=message.form,
        row_count=message.row_count,
        rating_count=message.rating_count,
        user_count=message.user_count,
        movie_count=message.movie_count,
        kept_rating_count=message.kept_rating_count,
        kept_user_count=message.kept_user_count,
        kept_movie_count=message.kept_movie_count,
        bad_rows=tuple(
            runs.BadRows(
                kind=word(BadRowKind, training_pb2.BadRowKind, "BAD_ROW_KIND_", rows.kind),
                file=rows.file,
                count=rows.count,
                first_lines=tuple(rows.first_lines),
            )
            for rows in message.bad_rows
        ),
        fingerprint=message.fingerprint,
    )


def metrics(message: training_pb2.TrainingMetrics) -> runs.TrainingMetrics:
    """Reads what was measured."""
    return runs.TrainingMetrics(
        best_epoch=message.best_epoch,
        loss=message.loss,
        val_loss=optional(message, "val_loss"),
        rmse=optional(message, "rmse"),
        rmse_standard_error=optional(message, "rmse_standard_error"),
        ranking=optional(message, "ranking", _ranking),
        popularity=optional(message, "popularity", _ranking),
        item_cosine=optional(message, "item_cosine", _ranking),
        ease=optional(message, "ease", _ranking),
        one_seed=optional(message, "one_seed", _ranking),
        one_seed_popularity=optional(message, "one_seed_popularity", _ranking),
        one_seed_item_cosine=optional(message, "one_seed_item_cosine", _ranking),
        one_seed_ease=optional(message, "one_seed_ease", _ranking),
        ease_l2=optional(message, "ease_l2"),
        notes=tuple(message.notes),
    )


def gate(message: training_pb2.GateResult) -> runs.GateResult:
    """Reads how a version compares with the one before."""
    return runs.GateResult(
        against_version=message.against_version or None,
        user_count=message.user_count,
        ndcg_at_100=message.ndcg_at_100,
        against_ndcg_at_100=message.against_ndcg_at_100,
        margin=message.margin,
        passed=message.passed,
        forced=message.forced,
        note=message.note,
    )


def _progress(message: trainer_pb2.TrainingProgress) -> runs.Progress:
    return runs.Progress(
        epoch=message.epoch,
        epoch_count=message.epoch_count,
        epoch_share=message.epoch_share,
        loss=message.loss,
        val_loss=optional(message, "val_loss"),
        ratings_per_second=message.ratings_per_second,
        time_left_s=optional(message, "time_left", seconds),
    )


def _ranking(message: training_pb2.RankingMetrics) -> runs.RankingMetrics:
    return runs.RankingMetrics(
        user_count=message.user_count,
        recall_at_20=message.recall_at_20,
        recall_at_50=message.recall_at_50,
        ndcg_at_100=message.ndcg_at_100,
        recall_at_20_standard_error=optional(message, "recall_at_20_standard_error"),
        recall_at_50_standard_error=optional(message, "recall_at_50_standard_error"),
        ndcg_at_100_standard_error=optional(message, "ndcg_at_100_standard_error"),
        coverage=optional(message, "coverage"),
        coverage_standard_error=optional(message, "coverage_standard_error"),
        popularity_rank=optional(message, "popularity_rank"),
        popularity_rank_standard_error=optional(message, "popularity_rank_standard_error"),
    )


def _run_error(message: trainer_pb2.RunError) -> runs.RunError:
    return runs.RunError(reason=message.reason, message=message.message)


def _phase(number: int) -> RunPhase | None:
    return word(RunPhase, trainer_pb2.RunPhase, "RUN_PHASE_", number) if number else None
