"""What a query may ask for, asked through the stub on a real server."""

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf import json_format
from google.rpc.error_details_pb2 import BadRequest

from movierec.v1 import recommender_pb2 as pb
from support.recommenders import AskedRecommender, running_recommender
from support.servers import DEADLINE_S, wait_until_serving
from support.statuses import detail, outcome, refused
from support.versions import publish_by_hand, publish_many

# Toy Story lies at 0 degrees (id 10), Toy Story 2 at 10 (20), The Matrix at 30 (30), Heat at
# 60 (40), Sabrina at 90 (50) and 120 (60). Every second one is a comedy and a drama, the others
# have no genres; they have 60, 50 ... 10 ratings.


@pytest.fixture(scope="module")
def recommender(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AskedRecommender]:
    folder = tmp_path_factory.mktemp("artifacts")
    publish_by_hand(folder)
    with running_recommender(folder, chunk_size=2) as recommender:
        wait_until_serving(recommender.channel)
        yield recommender


def request(**fields: object) -> pb.RecommendRequest:
    """A request like Toy Story, unless other seeds are given."""
    return json_format.ParseDict({"seeds": [{"movie_id": 10}], **fields}, pb.RecommendRequest())


def asked(
    recommender: AskedRecommender, **fields: object
) -> tuple[pb.RecommendHeader, list[pb.Recommendation]]:
    """The header and all movies of an answer."""
    responses = list(recommender.stub.Recommend(request(**fields), timeout=DEADLINE_S))
    return responses[0].header, [
        movie for response in responses for movie in response.recommendations
    ]


def ids(recommender: AskedRecommender, **fields: object) -> list[int]:
    return [movie.movie_id for movie in asked(recommender, **fields)[1]]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [20, 30, 40, 50, 60]),
        ({"filter": {}}, [20, 30, 40, 50, 60]),
        ({"filter": {"any_genres": ["drama", "COMEDY"]}}, [20, 40, 60]),
        ({"filter": {"all_genres": ["Drama", "Comedy"]}, "top_k": 2}, [20, 40]),
        ({"filter": {"no_genres": ["Drama"]}}, [30, 50]),
        ({"filter": {"first_year": 1995, "last_year": 1995}}, [40, 60]),
        ({"filter": {"first_year": 1996}}, [20, 30]),
        ({"filter": {"last_year": 1960}}, [50]),
        ({"filter": {"excluded": [{"movie_id": 20}, {"title": "the matrix"}]}}, [40, 50, 60]),
        ({"filter": {"min_rating_count": 30}}, [20, 30, 40]),
        ({"filter": {"min_score": 0.5}}, [20, 30, 40]),
        ({"filter": {"min_score": 0}}, [20, 30, 40, 50]),
        # Like 0 or 90 degrees: 80 degrees are 10 from the one, 60 are 30 from the other.
        (
            {
                "seeds": [{"movie_id": 10}, {"movie_id": 50}],
                "combination": "COMBINATION_BEST_MATCH",
            },
            [20, 30, 40, 60],
        ),
        # Toy Story 2 and Toy Story are better known than Heat is.
        ({"seeds": [{"movie_id": 30}]}, [20, 10, 40, 50, 60]),
        ({"seeds": [{"movie_id": 30}], "popularity_discount": 1}, [40, 20, 10, 50, 60]),
        # At 10 degrees, then the one at 120, and then what is in the middle each time.
        ({"diversity": 1}, [20, 60, 40, 50, 30]),
        ({"diversity": 1, "top_k": 2}, [20, 60]),
    ],
)
def test_a_query_is_answered_with_what_it_asks_for(
    recommender: AskedRecommender, fields: dict[str, object], expected: list[int]
) -> None:
    assert ids(recommender, **fields) == expected


def test_messages_hold_no_more_than_the_setting_says_and_the_answer_is_the_same(
    recommender: AskedRecommender, tmp_path: Path
) -> None:
    responses = list(recommender.stub.Recommend(request(), timeout=DEADLINE_S))
    assert [len(response.recommendations) for response in responses] == [2, 2, 1]
    publish_by_hand(tmp_path)
    with running_recommender(tmp_path) as other:
        wait_until_serving(other.channel)
        (whole,) = other.stub.Recommend(request(), timeout=DEADLINE_S)
    assert whole.header == responses[0].header
    assert list(whole.recommendations) == [
        movie for response in responses for movie in response.recommendations
    ]


def test_what_was_asked_for_before_is_answered_as_before(recommender: AskedRecommender) -> None:
    first, again = (
        list(recommender.stub.Recommend(request(top_k=3), timeout=DEADLINE_S)) for _ in range(2)
    )
    assert first == again


def test_what_is_remembered_of_a_version_is_no_answer_of_another(tmp_path: Path) -> None:
    publish_by_hand(tmp_path)
    with running_recommender(tmp_path) as recommender:
        wait_until_serving(recommender.channel)
        assert recommender.answering() == recommender.answering() == 1
        publish_by_hand(tmp_path)
        recommender.wait_until_it_serves(2)
        assert recommender.answering() == 2
        assert recommender.answering(1) == 1


def test_contributions_add_up_to_the_score_when_they_are_asked_for(
    recommender: AskedRecommender,
) -> None:
    seeds = [{"movie_id": 30}, {"title": "toy story", "weight": 0.5}, {"movie_id": 10}]
    header, movies = asked(recommender, seeds=seeds, explain=True)
    assert [seed.position for seed in header.resolved_seeds] == [0, 1]
    for movie in movies:
        assert [item.position for item in movie.contributions] == [0, 1]
        total = sum(item.value for item in movie.contributions)
        assert total == pytest.approx(movie.score, abs=1e-5)
    assert not any(movie.contributions for movie in asked(recommender, seeds=seeds)[1])


def test_a_typing_error_is_forgiven_and_the_header_says_so(recommender: AskedRecommender) -> None:
    seeds = [{"title": "Teh Matrix"}, {"movie_id": 40}, {"title": "Heta (1995)"}]
    header, movies = asked(recommender, seeds=seeds)
    assert [(seed.position, seed.text, seed.title) for seed in header.corrected_seeds] == [
        (0, "Teh Matrix", "Matrix, The (1999)"),
        (2, "Heta (1995)", "Heat (1995)"),
    ]
    assert [seed.position for seed in header.resolved_seeds] == [0, 1]
    assert header.duplicate_seeds == [2]
    assert [movie.movie_id for movie in movies] == ids(
        recommender, seeds=[{"movie_id": 30}, {"movie_id": 40, "weight": 2}]
    )


def test_a_typing_error_in_the_title_of_two_films_is_ambiguous(
    recommender: AskedRecommender,
) -> None:
    call = request(seeds=[{"title": "Sabrinna"}])
    status = refused(lambda: list(recommender.stub.Recommend(call, timeout=DEADLINE_S)))
    assert outcome(status) == ("INVALID_ARGUMENT", "AMBIGUOUS_TITLE")
    assert "Sabrina (1954) [id 50] or Sabrina (1995) [id 60]" in status.message


def test_a_typing_error_is_forgiven_however_many_seeds_are_not_known(
    recommender: AskedRecommender,
) -> None:
    seeds = [{"title": "No Such Film"}] * 200 + [{"title": "Teh Matrix"}, {"movie_id": 10}]
    header, _ = asked(recommender, seeds=seeds, unknown_seeds="UNKNOWN_SEEDS_SKIP")
    assert [seed.position for seed in header.corrected_seeds] == [200]
    assert len(header.unresolved_seeds) == 200


def test_the_header_says_which_exclusions_exclude_nothing(recommender: AskedRecommender) -> None:
    excluded = [{"movie_id": 20}, {"movie_id": 21}, {"title": "Toy Storybook"}]
    header, movies = asked(recommender, filter={"excluded": excluded})
    assert [movie.movie_id for movie in movies] == [30, 40, 50, 60]
    assert [
        (item.position, item.text, list(item.nearest_titles))
        for item in header.unresolved_exclusions
    ] == [(1, "21", []), (2, "Toy Storybook", ["Toy Story (1995)", "Toy Story 2 (1999)"])]


def test_popular_movies_are_the_answer_only_if_asked_for_and_the_header_says_so(
    recommender: AskedRecommender,
) -> None:
    unknown = [{"movie_id": 1}, {"title": "no such film"}]
    header, movies = asked(
        recommender,
        seeds=unknown,
        unknown_seeds="UNKNOWN_SEEDS_POPULAR",
        filter={"excluded": [{"movie_id": 10}], "no_genres": ["Comedy"]},
    )
    assert header.popular_fallback
    assert [seed.position for seed in header.unresolved_seeds] == [0, 1]
    assert [(movie.movie_id, movie.score) for movie in movies] == [(30, 0), (50, 0)]
    for min_score, count in ((0, 5), (0.001, 0)):  # they have a score of 0
        _, movies = asked(
            recommender,
            seeds=unknown,
            unknown_seeds="UNKNOWN_SEEDS_POPULAR",
            filter={"min_score": min_score, "excluded": [{"movie_id": 10}]},
        )
        assert len(movies) == count
    seeds = [*unknown, {"movie_id": 10}]
    header, movies = asked(recommender, seeds=seeds, unknown_seeds="UNKNOWN_SEEDS_POPULAR")
    assert not header.popular_fallback
    assert [movie.movie_id for movie in movies] == [20, 30, 40, 50, 60]


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"unknown_seeds": 9}, "unknown_seeds", "9 is not legal; legal is UNKNOWN_SEEDS_FAIL or"),
        ({"combination": 7}, "combination", "legal is COMBINATION_WEIGHTED_MEAN or COMBINATION_B"),
        ({"combination": -1}, "combination", "-1 is not legal"),
        (
            {"filter": {"any_genres": ["Drama", "Dramma"]}},
            "filter.any_genres[1]",
            "'Dramma' is no genre of this version; legal is Comedy, Drama",
        ),
        ({"filter": {"no_genres": [""]}}, "filter.no_genres[0]", "'' is no genre"),
        ({"filter": {"all_genres": ["x"] * 101}}, "filter.all_genres", "101 of them; legal is 0"),
        (
            {"filter": {"first_year": -1}},
            "filter.first_year",
            "-1 is not legal; legal is 0 to 9999",
        ),
        ({"filter": {"last_year": 10_000}}, "filter.last_year", "10000 is not legal"),
        (
            {"filter": {"first_year": 2000, "last_year": 1999}},
            "filter.first_year",
            "2000 is after 1999",
        ),
        ({"filter": {"min_rating_count": -1}}, "filter.min_rating_count", "-1 is not legal"),
        ({"filter": {"min_score": "NaN"}}, "filter.min_score", "nan is not legal; legal is -1 to"),
        ({"filter": {"min_score": 1.01}}, "filter.min_score", "1.01 is not legal"),
        ({"filter": {"excluded": [{}]}}, "filter.excluded[0]", "give a movie_id or a title"),
        (
            {"filter": {"excluded": [{"movie_id": 1}] * 10_001}},
            "filter.excluded",
            "10,001 of them; legal is 0 to 10,000",
        ),
        (
            {"filter": {"excluded": [{"title": "Sabrina"}]}},
            "filter.excluded[0].title",
            "Sabrina (1954) [id 50] or Sabrina (1995) [id 60]",
        ),
        ({"diversity": 1.5}, "diversity", "1.5 is not legal; legal is 0 to 1"),
        ({"diversity": "NaN"}, "diversity", "nan is not legal"),
        ({"popularity_discount": -0.1}, "popularity_discount", "-0.1 is not legal"),
        ({"popularity_discount": "Infinity"}, "popularity_discount", "inf is not legal"),
        ({"top_k": 10**9}, "top_k", "1,000,000,000 is not legal; legal is 1 to 1,000"),
        ({"seeds": [{"movie_id": 10}] * 10_000}, "seeds", "10,000 of them; legal is 1 to 1,000"),
        # Counted before they are looked at.
        ({"seeds": [{}] * 1_001}, "seeds", "1,001 of them; legal is 1 to 1,000"),
        ({"filter": {"excluded": [{}] * 10_001}}, "filter.excluded", "10,001 of them; legal is"),
        (
            {"seeds": [{"movie_id": 10, "weight": -1}], "combination": "COMBINATION_BEST_MATCH"},
            "seeds",
            "none has a positive weight",
        ),
    ],
)
def test_what_is_not_legal_is_refused_by_its_field_with_what_would_be(
    recommender: AskedRecommender, fields: dict[str, object], field: str, words: str
) -> None:
    status = refused(
        lambda: list(recommender.stub.Recommend(request(**fields), timeout=DEADLINE_S))
    )
    assert status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    (violation,) = detail(status, BadRequest).field_violations
    assert violation.field == field
    assert words in violation.description


def test_a_query_that_takes_long_holds_up_no_other(tmp_path: Path) -> None:
    """It is worked out aside; a deadline, or who asked going away, ends it."""
    publish_many(tmp_path, "Film")
    with running_recommender(tmp_path) as recommender:
        wait_until_serving(recommender.channel)
        # 1,000 seeds by title: enough to be worked out in a thread.
        titles = [f"Film {i} {'x' * 400}"[:200] for i in range(1_000)]
        long = pb.RecommendRequest(
            seeds=[pb.Seed(title=title) for title in titles],
            combination=pb.COMBINATION_BEST_MATCH,
            unknown_seeds=pb.UNKNOWN_SEEDS_SKIP,
            explain=True,
        )
        with pytest.raises(grpc.RpcError) as caught:
            list(recommender.stub.Recommend(long, timeout=0.0005))
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        (short,) = recommender.recommend(10)
        assert len(short.recommendations) == 10
