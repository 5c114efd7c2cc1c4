"""Messages as the servers send them, and the values that they read as."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

import movierec_client as mc
from movierec.v1 import artifact_pb2, control_pb2, recommender_pb2, trainer_pb2, training_pb2

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NOON_STAMP = Timestamp(seconds=int(NOON.timestamp()))

SETTINGS: dict[str, Any] = dict(
    min_ratings=50,
    epochs=3,
    dim=8,
    seed=7,
    co_liked_weight=0.5,
    holdout=0.25,
    learning_rate=0.125,
    batch_size=32,
    l2=2.5,
    patience=4,
    ease_up_to=6,
    few_seeds=0.75,
)
RANKING: dict[str, Any] = dict(
    user_count=4,
    recall_at_20=0.25,
    recall_at_50=0.5,
    ndcg_at_100=0.375,
    recall_at_20_standard_error=0.03,
    recall_at_50_standard_error=0.02,
    ndcg_at_100_standard_error=0.01,
    coverage=0.625,
    coverage_standard_error=0.05,
    popularity_rank=123.0,
    popularity_rank_standard_error=4.0,
)
RANKINGS: dict[str, dict[str, Any]] = {
    "ranking": RANKING,
    "popularity": RANKING | {"ndcg_at_100": 0.125},
    "item_cosine": RANKING | {"ndcg_at_100": 0.25},
    "ease": RANKING | {"ndcg_at_100": 0.5},
    "one_seed": RANKING | {"ndcg_at_100": 0.2},
    "one_seed_popularity": RANKING | {"ndcg_at_100": 0.3},
    "one_seed_item_cosine": RANKING | {"ndcg_at_100": 0.1},
    "one_seed_ease": RANKING | {"ndcg_at_100": 0.15},
}
DATA_MESSAGE = training_pb2.DataReport(
    form="kaggle-ml-20m",
    row_count=110,
    rating_count=100,
    user_count=10,
    movie_count=20,
    kept_rating_count=80,
    kept_user_count=9,
    kept_movie_count=5,
    bad_rows=[
        training_pb2.BadRows(
            kind=training_pb2.BAD_ROW_KIND_BAD_RATING,
            file="rating.csv",
            count=10,
            first_lines=[2, 30],
        )
    ],
    fingerprint="f00d",
)
DATA = mc.DataReport(
    form="kaggle-ml-20m",
    row_count=110,
    rating_count=100,
    user_count=10,
    movie_count=20,
    kept_rating_count=80,
    kept_user_count=9,
    kept_movie_count=5,
    bad_rows=(mc.BadRows(mc.BadRowKind.BAD_RATING, "rating.csv", 10, (2, 30)),),
    fingerprint="f00d",
)
METRICS_MESSAGE = training_pb2.TrainingMetrics(
    best_epoch=2,
    loss=1.5,
    val_loss=1.75,
    rmse=0.875,
    rmse_standard_error=0.0625,
    **{name: training_pb2.RankingMetrics(**figures) for name, figures in RANKINGS.items()},
    ease_l2=250,
    notes=["few users"],
)
METRICS = mc.TrainingMetrics(
    best_epoch=2,
    loss=1.5,
    val_loss=1.75,
    rmse=0.875,
    rmse_standard_error=0.0625,
    **{name: mc.RankingMetrics(**figures) for name, figures in RANKINGS.items()},
    ease_l2=250,
    notes=("few users",),
)
PROGRESS_MESSAGE = trainer_pb2.TrainingProgress(
    epoch=2,
    epoch_count=3,
    epoch_share=0.5,
    loss=1.25,
    ratings_per_second=1000.0,
    time_left=Duration(seconds=90, nanos=500_000_000),
)
PROGRESS = mc.Progress(2, 3, 0.5, 1.25, None, 1000.0, 90.5)
GATE: dict[str, Any] = dict(
    against_version=3,
    user_count=96,
    ndcg_at_100=0.375,
    against_ndcg_at_100=0.4375,
    margin=0.03125,
    passed=False,
    forced=True,
    note="",
)
GATE_MESSAGE = training_pb2.GateResult(**GATE)
RUN_MESSAGE = trainer_pb2.Run(
    run_id="r1",
    state=trainer_pb2.RUN_STATE_SUCCEEDED,
    dataset="ml",
    settings=training_pb2.TrainingSettings(**SETTINGS),
    request_id="q1",
    create_time=NOON_STAMP,
    end_time=NOON_STAMP,
    progress=PROGRESS_MESSAGE,
    data=DATA_MESSAGE,
    metrics=METRICS_MESSAGE,
    version=4,
    force=True,
    gate=GATE_MESSAGE,
)
RUN = mc.Run(
    run_id="r1",
    state=mc.RunState.SUCCEEDED,
    phase=None,
    dataset="ml",
    settings=mc.TrainingSettings(**SETTINGS),
    request_id="q1",
    create_time=NOON,
    end_time=NOON,
    progress=PROGRESS,
    data=DATA,
    metrics=METRICS,
    version=4,
    error=None,
    force=True,
    gate=mc.GateResult(**GATE),
)
MANIFEST_MESSAGE = artifact_pb2.ArtifactManifest(
    format=1,
    version=4,
    create_time=NOON_STAMP,
    run_id="r1",
    dataset="ml",
    data=DATA_MESSAGE,
    settings=training_pb2.TrainingSettings(**SETTINGS),
    metrics=METRICS_MESSAGE,
    movie_count=5,
    dim=8,
    digest="d1",
    gate=GATE_MESSAGE,
)
MANIFEST = mc.Manifest(
    version=4,
    create_time=NOON,
    run_id="r1",
    dataset="ml",
    data=DATA,
    settings=RUN.settings,
    metrics=METRICS,
    movie_count=5,
    dim=8,
    digest="d1",
    gate=mc.GateResult(**GATE),
)
VERSION_MESSAGE = recommender_pb2.Version(
    version=4,
    state=recommender_pb2.VERSION_STATE_SERVING,
    manifest=MANIFEST_MESSAGE,
    labels=["canary", "stable"],
    pinned=True,
    loaded=True,
    serving_replica_count=2,
)
VERSION = mc.Version(
    version=4,
    state=mc.VersionState.SERVING,
    reason="",
    message="",
    manifest=MANIFEST,
    labels=("canary", "stable"),
    pinned=True,
    loaded=True,
    serving_replica_count=2,
)


def event(
    state: trainer_pb2.RunState.ValueType, sequence: int = 1, **fields: Any
) -> trainer_pb2.TrainResponse:
    return trainer_pb2.TrainResponse(
        event=trainer_pb2.RunEvent(run_id="r1", sequence=sequence, state=state, **fields)
    )


def followed(*events: trainer_pb2.TrainResponse) -> list[trainer_pb2.FollowRunResponse]:
    return [trainer_pb2.FollowRunResponse(event=response.event) for response in events]


def activation(
    pinned: int | None = None, generation: int = 1, **labels: int
) -> control_pb2.Activation:
    latest, is_pinned = control_pb2.ACTIVATION_POLICY_LATEST, control_pb2.ACTIVATION_POLICY_PINNED
    return control_pb2.Activation(
        generation=generation,
        policy=latest if pinned is None else is_pinned,
        version=pinned or 0,
        labels=labels,
    )


def fleet(
    *serving: int, pinned: int | None = None, versions: Sequence[Any] = (), **fields: Any
) -> recommender_pb2.ListVersionsResponse:
    """What a recommender says of itself and the others, given what each serves; 0 is nothing."""
    fields.setdefault("activation", activation(pinned))
    return recommender_pb2.ListVersionsResponse(
        versions=versions,
        replicas=[
            control_pb2.Replica(
                replica_id=f"host-{place}",
                start_time=NOON_STAMP,
                beat_time=NOON_STAMP,
                serving_version=version,
                loaded_versions=[version] if version else [],
                generation=fields["activation"].generation,
            )
            for place, version in enumerate(serving)
        ],
        **fields,
    )


def rejected(version: int, reason: str, message: str) -> recommender_pb2.Version:
    return recommender_pb2.Version(
        version=version,
        state=recommender_pb2.VERSION_STATE_REJECTED,
        reason=reason,
        message=message,
    )
