"""What is asked and what is answered; every test runs with both clients."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2

import movierec_client as mc
from movierec.v1 import recommender_pb2, trainer_pb2, training_pb2
from support.client_drivers import Driver
from support.known_messages import (
    DATA,
    DATA_MESSAGE,
    GATE,
    GATE_MESSAGE,
    MANIFEST,
    MANIFEST_MESSAGE,
    METRICS,
    METRICS_MESSAGE,
    NOON,
    NOON_STAMP,
    PROGRESS,
    PROGRESS_MESSAGE,
    RUN,
    RUN_MESSAGE,
    SETTINGS,
    VERSION,
    VERSION_MESSAGE,
    event,
    followed,
    rejected,
)
from support.scripted_servers import Script, ScriptedServer

NEWER: Any = 99  # No enum of this client's contract has the number.
SUCCEEDED = event(trainer_pb2.RUN_STATE_SUCCEEDED, 2, version=4)


def test_train_sends_every_setting_and_yields_every_event(driver: Driver, script: Script) -> None:
    running = event(
        trainer_pb2.RUN_STATE_RUNNING,
        phase=trainer_pb2.RUN_PHASE_FITTING,
        event_time=NOON_STAMP,
        progress=PROGRESS_MESSAGE,
        data=DATA_MESSAGE,
        metrics=METRICS_MESSAGE,
        gate=GATE_MESSAGE,
    )
    script.on("Train", [running, SUCCEEDED])

    events = driver.items(
        lambda client: client.train("ml", request_id="q1", force=True, **SETTINGS)
    )

    assert script.requests == [
        trainer_pb2.TrainRequest(
            dataset="ml",
            settings=training_pb2.TrainingSettings(**SETTINGS),
            request_id="q1",
            force=True,
        )
    ]
    first, last = events
    assert first == mc.RunEvent(
        run_id="r1",
        sequence=1,
        event_time=NOON,
        state=mc.RunState.RUNNING,
        phase=mc.RunPhase.FITTING,
        progress=PROGRESS,
        data=DATA,
        metrics=METRICS,
        version=None,
        error=None,
        gate=mc.GateResult(**GATE),
    )
    assert (first.epoch, first.loss, first.val_loss) == (2, 1.25, None)
    assert (last.state, last.version, last.epoch) == ("SUCCEEDED", 4, None)


def test_settings_that_are_not_given_are_not_sent_and_zero_is(
    driver: Driver, script: Script
) -> None:
    script.on("Train", [SUCCEEDED])

    driver.items(lambda client: client.train("ml", holdout=0, epochs=None))

    settings = script.requests[0].settings
    assert [field.name for field, _ in settings.ListFields()] == ["holdout"]


def test_follow_asks_for_the_events_after_one(driver: Driver, script: Script) -> None:
    script.on("FollowRun", followed(SUCCEEDED))

    (last,) = driver.items(lambda client: client.follow("r1", after_sequence=1))

    assert script.requests == [trainer_pb2.FollowRunRequest(run_id="r1", after_sequence=1)]
    assert last.sequence == 2


def test_run_and_cancel_return_the_run(driver: Driver, script: Script) -> None:
    script.on("GetRun", trainer_pb2.GetRunResponse(run=RUN_MESSAGE))
    script.on("CancelRun", trainer_pb2.CancelRunResponse(run=RUN_MESSAGE))

    assert driver.value(lambda client: client.run("r1")) == RUN
    assert driver.value(lambda client: client.cancel("r1")) == RUN
    assert script.requests == [
        trainer_pb2.GetRunRequest(run_id="r1"),
        trainer_pb2.CancelRunRequest(run_id="r1"),
    ]


def test_lists_are_read_page_by_page_to_their_end(driver: Driver, script: Script) -> None:
    def runs(request: Any, _context: Any) -> trainer_pb2.ListRunsResponse:
        ids, next_token = {"": (["r3", "r2"], "more"), "more": (["r1"], "")}[request.page_token]
        return trainer_pb2.ListRunsResponse(
            runs=[trainer_pb2.Run(run_id=run_id) for run_id in ids], next_page_token=next_token
        )

    def versions(request: Any, _context: Any) -> recommender_pb2.ListVersionsResponse:
        number, next_token = {"": (2, "more"), "more": (1, "")}[request.page_token]
        return recommender_pb2.ListVersionsResponse(
            versions=[recommender_pb2.Version(version=number)], next_page_token=next_token
        )

    script.on("ListRuns", runs)
    script.on("ListVersions", versions)

    assert [run.run_id for run in driver.items(lambda client: client.runs())] == ["r3", "r2", "r1"]
    assert [v.version for v in driver.items(lambda client: client.versions())] == [2, 1]


def test_a_list_asks_for_a_page_only_when_it_is_reached(driver: Driver, script: Script) -> None:
    script.on(
        "ListRuns",
        trainer_pb2.ListRunsResponse(
            runs=[trainer_pb2.Run(run_id="r1")] * 2,
            next_page_token="more",  # noqa: S106 - the token of a page is no password
        ),
    )

    driver.leave_after_one(lambda client: client.runs())

    assert len(script.requests) == 1


def test_recommend_sends_ids_titles_and_weights_and_numbers_the_answer(
    driver: Driver, script: Script
) -> None:
    script.on("Recommend", [answer(0, header=True), answer(1), answer(2)])

    found = driver.items(
        lambda client: client.recommend(
            [260, "Toy Story", "7", mc.Seed("Heat", 2)],
            k=3,
            dislike=["Jumanji", mc.Seed(5, 0.5)],
            unknown="skip",
        )
    )

    assert script.requests == [
        recommender_pb2.RecommendRequest(
            seeds=[
                recommender_pb2.Seed(movie_id=260, weight=1),
                recommender_pb2.Seed(title="Toy Story", weight=1),
                recommender_pb2.Seed(title="7", weight=1),
                recommender_pb2.Seed(title="Heat", weight=2),
                recommender_pb2.Seed(title="Jumanji", weight=-1),
                recommender_pb2.Seed(movie_id=5, weight=-0.5),
            ],
            top_k=3,
            unknown_seeds=recommender_pb2.UNKNOWN_SEEDS_SKIP,
            combination=recommender_pb2.COMBINATION_WEIGHTED_MEAN,
        )
    ]
    assert found == [
        mc.Recommendation(1, 101, "Film 1", ("Crime", "Drama"), None, 0.5, 7),
        mc.Recommendation(2, 102, "Film 2", ("Crime", "Drama"), 1992, 0.25, 7),
    ]


EVERYTHING = mc.Query(
    [260, mc.Seed("Heat", 2)],
    k=3,
    dislike=["Jumanji"],
    exclude=[7, "Ran"],
    any_genres=["Crime", "War"],
    all_genres=["Drama"],
    no_genres=["Horror"],
    years=(1990, 1999),
    min_rating_count=50,
    min_score=0.25,
    combination="best_match",
    diversity=0.5,
    popularity_discount=0.125,
    explain=True,
    unknown="popular",
    version="stable",
)
EVERYTHING_MESSAGE = recommender_pb2.RecommendRequest(
    seeds=[
        recommender_pb2.Seed(movie_id=260, weight=1),
        recommender_pb2.Seed(title="Heat", weight=2),
        recommender_pb2.Seed(title="Jumanji", weight=-1),
    ],
    top_k=3,
    unknown_seeds=recommender_pb2.UNKNOWN_SEEDS_POPULAR,
    version=recommender_pb2.VersionSelector(label="stable"),
    combination=recommender_pb2.COMBINATION_BEST_MATCH,
    filter=recommender_pb2.MovieFilter(
        any_genres=["Crime", "War"],
        all_genres=["Drama"],
        no_genres=["Horror"],
        first_year=1990,
        last_year=1999,
        excluded=[
            recommender_pb2.ExcludedMovie(movie_id=7),
            recommender_pb2.ExcludedMovie(title="Ran"),
        ],
        min_rating_count=50,
        min_score=0.25,
    ),
    diversity=0.5,
    popularity_discount=0.125,
    explain=True,
)


def test_recommend_sends_all_that_a_query_asks(driver: Driver, script: Script) -> None:
    script.on("Recommend", [answer(1, header=True)])
    options = {field.name: getattr(EVERYTHING, field.name) for field in fields(EVERYTHING)}
    movies = options.pop("movies")

    driver.items(lambda client: client.recommend(EVERYTHING))
    driver.items(lambda client: client.recommend(movies, **options))
    driver.items(lambda client: client.recommend(EVERYTHING, k=4))

    assert script.requests[:2] == [EVERYTHING_MESSAGE] * 2
    assert script.requests[2].top_k == 4
    script.requests[2].top_k = 3
    assert script.requests[2] == EVERYTHING_MESSAGE


@pytest.mark.parametrize(
    ("years", "first", "last"),
    [(1994, 1994, 1994), ((1990, None), 1990, None), ((None, 0), None, 0), (None, None, None)],
)
def test_a_span_of_years_may_be_open_or_one_year(
    driver: Driver, script: Script, years: Any, first: int | None, last: int | None
) -> None:
    script.on("Recommend", [answer(1, header=True)])

    driver.items(lambda client: client.recommend([1], years=years))

    sent = script.requests[0].filter
    assert (sent.first_year if sent.HasField("first_year") else None) == first
    assert (sent.last_year if sent.HasField("last_year") else None) == last


def test_a_query_keeps_what_it_is_given_once(driver: Driver, script: Script) -> None:
    script.on("Recommend", [answer(1, header=True)])
    query = mc.Query(iter([260]), exclude=iter([7]), any_genres=iter(["War"]))

    for _ in range(2):
        driver.items(lambda client: client.recommend(query))

    assert script.requests[0] == script.requests[1]
    assert script.requests[0].filter.any_genres == ["War"]


def answer(rank: int, *, header: bool = False) -> recommender_pb2.RecommendResponse:
    """A message with one recommendation, or for rank 0 with none."""
    return recommender_pb2.RecommendResponse(
        header=recommender_pb2.RecommendHeader(
            model_version=4,
            resolved_seeds=[
                recommender_pb2.ResolvedSeed(
                    position=0,
                    movie=recommender_pb2.Movie(
                        movie_id=260, title="Star Wars", genres=["Sci-Fi"], rating_count=9
                    ),
                    weight=2,
                )
            ],
            duplicate_seeds=[2],
            unresolved_seeds=[
                recommender_pb2.UnresolvedSeed(
                    position=1, text="Toy Stroy", nearest_titles=["Toy Story (1995)"]
                )
            ],
            corrected_seeds=[
                recommender_pb2.CorrectedSeed(position=0, text="Star Wrs", title="Star Wars")
            ],
            unresolved_exclusions=[
                recommender_pb2.UnresolvedExclusion(
                    position=3, text="Haet", nearest_titles=["Heat (1995)"]
                )
            ],
            popular_fallback=True,
        )
        if header
        else None,
        recommendations=[
            recommender_pb2.Recommendation(
                rank=rank,
                movie_id=100 + rank,
                title=f"Film {rank}",
                genres=["Crime", "Drama"],
                year=1992 if rank == 2 else None,
                score=0.5**rank,
                rating_count=7,
            )
        ]
        if rank
        else [],
    )


HEADER = mc.RecommendHeader(
    model_version=4,
    resolved_seeds=(mc.ResolvedSeed(0, mc.Movie(260, "Star Wars", ("Sci-Fi",), None, 9), 2.0),),
    duplicate_seeds=(2,),
    unresolved_seeds=(mc.UnresolvedSeed(1, "Toy Stroy", ("Toy Story (1995)",)),),
    corrected_seeds=(mc.CorrectedSeed(0, "Star Wrs", "Star Wars"),),
    unresolved_exclusions=(mc.UnresolvedExclusion(3, "Haet", ("Heat (1995)",)),),
    popular_fallback=True,
)


def test_a_recommendation_says_what_each_seed_contributed(driver: Driver, script: Script) -> None:
    explained = answer(1, header=True)
    explained.recommendations[0].contributions.add(position=0, value=0.75)
    explained.recommendations[0].contributions.add(position=2, value=-0.25)
    script.on("Recommend", [explained])

    (movie,) = driver.items(lambda client: client.recommend([260], explain=True))

    assert movie.contributions == (mc.Contribution(0, 0.75), mc.Contribution(2, -0.25))


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_header_can_be_read_before_and_after_the_movies(
    driver: Driver, script: Script, when: str
) -> None:
    script.on("Recommend", [answer(1, header=True), answer(2)])
    kept: list[Any] = []

    def scenario(client: Any) -> Any:
        kept.append(client.recommend([260]))
        return kept[0]

    if when == "before":
        header = driver.header(scenario)
        found = driver.items(lambda _client: kept[0])
    else:
        found = driver.items(scenario)
        header = driver.header(lambda _client: kept[0])

    assert header == HEADER
    assert [movie.rank for movie in found] == [1, 2]


def test_an_answer_without_any_message_has_no_header(driver: Driver, script: Script) -> None:
    script.on("Recommend", [])

    with pytest.raises(mc.ServerError, match="no header"):
        driver.header(lambda client: client.recommend([260]))


def test_search_returns_at_most_the_limit_over_pages(driver: Driver, script: Script) -> None:
    def movies(request: Any, _context: Any) -> recommender_pb2.SearchMoviesResponse:
        first = int(request.page_token or 0)
        return recommender_pb2.SearchMoviesResponse(
            movies=[recommender_pb2.Movie(movie_id=first + i) for i in range(100)],
            next_page_token=str(first + 100),
        )

    script.on("SearchMovies", movies)

    found = driver.value(lambda client: client.search("the", 150))

    assert [movie.movie_id for movie in found] == list(range(150))
    assert [request.query for request in script.requests] == ["the", "the"]
    assert script.requests[0].page_size == 150


def test_model_and_versions_tell_where_a_version_comes_from(driver: Driver, script: Script) -> None:
    script.on(
        "GetModel",
        recommender_pb2.GetModelResponse(manifest=MANIFEST_MESSAGE, load_time=NOON_STAMP),
    )
    script.on(
        "ListVersions",
        recommender_pb2.ListVersionsResponse(
            versions=[
                rejected(5, "CHECKSUM", "it does not add up"),
                VERSION_MESSAGE,
            ]
        ),
    )

    assert driver.value(lambda client: client.model()) == mc.Model(4, NOON, MANIFEST)
    assert driver.items(lambda client: client.versions()) == [
        mc.Version(
            version=5,
            state=mc.VersionState.REJECTED,
            reason="CHECKSUM",
            message="it does not add up",
            manifest=None,
            labels=(),
            pinned=False,
            loaded=False,
            serving_replica_count=0,
        ),
        VERSION,
    ]


def test_words_of_a_newer_server_read_as_unknown(driver: Driver, script: Script) -> None:
    run = trainer_pb2.Run(
        run_id="r1",
        state=NEWER,
        phase=NEWER,
        data=training_pb2.DataReport(bad_rows=[training_pb2.BadRows(kind=NEWER)]),
    )
    version = recommender_pb2.Version(state=NEWER)
    script.on("GetRun", trainer_pb2.GetRunResponse(run=run))
    script.on("ListVersions", recommender_pb2.ListVersionsResponse(versions=[version]))

    read = driver.value(lambda client: client.run("r1"))

    assert (read.state, read.phase) == (mc.RunState.UNKNOWN, mc.RunPhase.UNKNOWN)
    assert read.data.bad_rows[0].kind is mc.BadRowKind.UNKNOWN
    (read,) = driver.items(lambda client: client.versions())
    assert read.state is mc.VersionState.UNKNOWN


def test_health_asks_for_the_full_name_of_each_service_or_for_liveness(
    driver: Driver, server: ScriptedServer
) -> None:
    status = health_pb2.HealthCheckResponse
    server.health.set("movierec.v1.TrainerService", status.SERVING)
    server.health.set("movierec.v1.RecommenderService", status.NOT_SERVING)
    server.health.set("liveness", status.SERVING)

    both = driver.value(lambda client: client.health())
    live = driver.value(lambda client: client.health("recommender", live=True))

    assert both == [
        mc.ServiceHealth("trainer", server.address, mc.ServingStatus.SERVING),
        mc.ServiceHealth("recommender", server.address, mc.ServingStatus.NOT_SERVING),
    ]
    assert live == [mc.ServiceHealth("recommender", server.address, mc.ServingStatus.SERVING)]


def test_health_of_a_server_that_does_not_know_the_service_is_told_apart(driver: Driver) -> None:
    (answer,) = driver.value(lambda client: client.health("trainer"))

    assert answer.status is mc.ServingStatus.SERVICE_UNKNOWN


def test_calls_carry_a_deadline_and_name_the_client(driver: Driver, script: Script) -> None:
    remaining: dict[str, float] = {}

    def note(name: str, answer: Any) -> Callable[[Any, grpc.ServicerContext], Any]:
        def noted(_request: Any, context: grpc.ServicerContext) -> Any:
            remaining[name] = context.time_remaining()
            return answer

        return noted

    script.on("GetRun", note("run", trainer_pb2.GetRunResponse()))
    script.on("Train", note("train", [SUCCEEDED]))
    script.on("Recommend", note("recommend", [answer(1, header=True)]))

    driver.value(lambda client: client.run("r1"))
    driver.items(lambda client: client.train("ml"))
    driver.items(lambda client: client.recommend([1], timeout_s=99))

    # gRPC sends times rounded up to a few digits.
    expected = {"run": 10, "train": 24 * 3600, "recommend": 99}
    assert remaining == pytest.approx(expected, rel=0.1)
    agent = dict(script.contexts[0].invocation_metadata())["user-agent"]
    assert str(agent).startswith("movierec/")


def test_an_answer_of_more_than_four_mebibytes_arrives(driver: Driver, script: Script) -> None:
    script.on("GetRun", trainer_pb2.GetRunResponse(run=trainer_pb2.Run(dataset="x" * 5 * 2**20)))

    assert len(driver.value(lambda client: client.run("r1")).dataset) == 5 * 2**20
