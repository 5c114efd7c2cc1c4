"""What `recommend` asks and what it is answered; every test runs with both clients."""

from dataclasses import fields
from typing import Any

import pytest

import movierec_client as mc
from movierec.v1 import recommender_pb2
from support.client_drivers import Driver
from support.scripted_servers import Script

NEWER: Any = 99  # No enum of this client's contract has the number.


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
