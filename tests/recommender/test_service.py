"""`RecommenderService`, asked through its stub on a real server."""

from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf import json_format
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, ResourceInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_health.v1 import health_pb2, health_pb2_grpc

from movierec.v1 import recommender_pb2 as pb
from movierec.v1.artifact_pb2 import ArtifactManifest
from support import statuses
from support.recommenders import AskedRecommender, running_recommender
from support.servers import DEADLINE_S, health_of, wait_until_serving
from support.statuses import detail
from support.versions import TITLES, publication, publish, publish_by_hand, publish_many

Call = Callable[[AskedRecommender], object]


@pytest.fixture(scope="module")
def artifacts_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("artifacts")
    for _ in range(3):
        publish_by_hand(folder)
    return folder


@pytest.fixture(scope="module")
def recommender(artifacts_dir: Path) -> Iterator[AskedRecommender]:
    """One that serves version 3; no test changes its volume."""
    with running_recommender(artifacts_dir) as recommender:
        wait_until_serving(recommender.channel)
        yield recommender


def recommend(**fields: object) -> Callable[[AskedRecommender], list[pb.RecommendResponse]]:
    request = json_format.ParseDict(fields, pb.RecommendRequest())
    return lambda recommender: list(recommender.stub.Recommend(request, timeout=DEADLINE_S))


def search(**fields: object) -> Callable[[AskedRecommender], pb.SearchMoviesResponse]:
    request = json_format.ParseDict(fields, pb.SearchMoviesRequest())
    return lambda recommender: recommender.stub.SearchMovies(request, timeout=DEADLINE_S)


def list_versions(**fields: object) -> Callable[[AskedRecommender], pb.ListVersionsResponse]:
    request = json_format.ParseDict(fields, pb.ListVersionsRequest())
    return lambda recommender: recommender.stub.ListVersions(request, timeout=DEADLINE_S)


def token(text: str) -> dict[str, str]:
    return {"page_token": text}


def get_model(recommender: AskedRecommender) -> pb.GetModelResponse:
    return recommender.stub.GetModel(pb.GetModelRequest(), timeout=DEADLINE_S)


def refused(call: Call, recommender: AskedRecommender) -> Status:
    return statuses.refused(lambda: call(recommender))


@pytest.mark.parametrize(
    "call", [recommend(seeds=[{"movie_id": 10}]), search(query="heat"), get_model]
)
def test_without_a_version_it_is_unavailable_and_says_when_to_ask_again(
    tmp_path: Path, call: Call
) -> None:
    with running_recommender(tmp_path) as recommender:
        assert health_of(recommender.channel) == "NOT_SERVING"
        assert health_of(recommender.channel, "movierec.v1.RecommenderService") == "NOT_SERVING"
        assert health_of(recommender.channel, "liveness") == "SERVING"
        status = refused(call, recommender)
        assert status.code == grpc.StatusCode.UNAVAILABLE.value[0]
        assert status.message.startswith("no version is loaded yet: train one, or wait")
        info = detail(status, ErrorInfo)
        assert (info.reason, info.domain) == ("NO_VERSION", "movierec")
        assert detail(status, RetryInfo).retry_delay.ToSeconds() == 1
        assert not list_versions()(recommender).versions


def test_a_request_that_is_not_legal_is_told_so_even_without_a_version(tmp_path: Path) -> None:
    with running_recommender(tmp_path) as recommender:
        assert refused(search(query=""), recommender).code == 3


def test_it_becomes_ready_when_the_first_version_appears(tmp_path: Path) -> None:
    with running_recommender(tmp_path) as recommender:
        watch = health_pb2_grpc.HealthStub(recommender.channel).Watch(
            health_pb2.HealthCheckRequest(), timeout=DEADLINE_S
        )
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        publish_by_hand(tmp_path)
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        assert health_of(recommender.channel, "movierec.v1.RecommenderService") == "SERVING"
        assert get_model(recommender).manifest.version == 1
        watch.cancel()


def test_an_answer_says_how_it_was_understood_and_gives_movies_best_first(
    recommender: AskedRecommender,
) -> None:
    (answer,) = recommend(
        seeds=[
            {"movie_id": 10},
            {"title": "no such film"},
            {"title": "toy story", "weight": -0.5},
            {"title": "The Matrix", "weight": 0},
        ],
        top_k=2,
        unknown_seeds="UNKNOWN_SEEDS_SKIP",
    )(recommender)
    header = answer.header
    assert header.model_version == 3
    assert [(seed.position, seed.movie.title, seed.weight) for seed in header.resolved_seeds] == [
        (0, "Toy Story (1995)", 0.5),
        (3, "Matrix, The (1999)", 0),
    ]
    assert header.duplicate_seeds == [2]
    assert [(seed.position, seed.text) for seed in header.unresolved_seeds] == [(1, "no such film")]
    assert [
        json_format.MessageToDict(movie, preserving_proto_field_name=True)
        for movie in answer.recommendations
    ] == [
        {
            "rank": 1,
            "movie_id": "20",
            "title": "Toy Story 2 (1999)",
            "genres": ["Comedy", "Drama"],
            "year": 1999,
            "score": pytest.approx(0.98481, abs=1e-5),
            "rating_count": "50",
        },
        {
            "rank": 2,
            "movie_id": "40",
            "title": "Heat (1995)",
            "genres": ["Comedy", "Drama"],
            "year": 1995,
            "score": pytest.approx(0.5, abs=1e-5),
            "rating_count": "30",
        },
    ]


def test_ten_are_given_unless_asked_for_otherwise(tmp_path: Path) -> None:
    publish_many(tmp_path, "Film")
    with running_recommender(tmp_path) as recommender:
        wait_until_serving(recommender.channel)
        (answer,) = recommend(seeds=[{"movie_id": 10}])(recommender)
        assert len(answer.recommendations) == 10


def test_an_answer_without_any_movie_still_has_its_header(recommender: AskedRecommender) -> None:
    (answer,) = recommender.recommend(*(10 * (i + 1) for i in range(len(TITLES))))
    assert len(answer.header.resolved_seeds) == len(TITLES)
    assert not answer.recommendations


def test_a_movie_without_a_year_or_genres_has_none(tmp_path: Path) -> None:
    publish(tmp_path, publication(["Heat", "Ran"], [0, 10]))
    with running_recommender(tmp_path) as recommender:
        wait_until_serving(recommender.channel)
        (answer,) = recommender.recommend(20)
        assert not answer.recommendations[0].HasField("year")
        assert not answer.recommendations[0].genres
        assert not search(query="heat")(recommender).movies[0].HasField("year")


def test_the_model_is_the_manifest_of_what_serves_as_it_was_published(
    recommender: AskedRecommender, artifacts_dir: Path
) -> None:
    model = get_model(recommender)
    content = (artifacts_dir / "versions" / "3" / "manifest.json").read_bytes()
    assert model.manifest == json_format.Parse(content, ArtifactManifest())
    assert model.manifest.version == 3
    created = model.manifest.create_time.ToDatetime()
    assert created <= model.load_time.ToDatetime()
    assert model == get_model(recommender)


def test_versions_come_newest_first_with_their_manifests_page_by_page(
    recommender: AskedRecommender,
) -> None:
    recommender.wait_for_states({3: "SERVING", 2: "AVAILABLE", 1: "AVAILABLE"})
    first = list_versions(page_size=2)(recommender)
    assert [version.version for version in first.versions] == [3, 2]
    assert [version.manifest.version for version in first.versions] == [3, 2]
    second = list_versions(page_size=2, page_token=first.next_page_token)(recommender)
    assert [version.version for version in second.versions] == [1]
    assert second.next_page_token == ""


def test_a_search_comes_best_first_page_by_page(recommender: AskedRecommender) -> None:
    first = search(query="toy stroy", page_size=1)(recommender)
    assert [movie.movie_id for movie in first.movies] == [10]
    second = search(query="toy stroy", page_token=first.next_page_token)(recommender)
    assert [movie.movie_id for movie in second.movies] == [20]
    assert second.next_page_token == ""
    assert search(query="no such film")(recommender) == pb.SearchMoviesResponse()
    movie = search(query="sabrina (1995)")(recommender).movies[0]
    assert (movie.title, movie.year, movie.rating_count) == ("Sabrina (1995)", 1995, 10)
    assert list(movie.genres) == ["Comedy", "Drama"]


def test_a_search_gives_ten_and_never_more_than_a_hundred_at_once(tmp_path: Path) -> None:
    publish_many(tmp_path, "Film")
    with running_recommender(tmp_path) as recommender:
        wait_until_serving(recommender.channel)
        assert len(search(query="film")(recommender).movies) == 10
        assert len(search(query="film", page_size=100_000)(recommender).movies) == 100


@pytest.mark.parametrize(
    ("call", "field", "words"),
    [
        (recommend(), "seeds", "0 of them; legal is 1 to 1,000"),
        (recommend(seeds=[{"movie_id": 10}] * 1_001), "seeds", "1,001 of them; legal is 1 to"),
        (recommend(seeds=[{"movie_id": 10}], top_k=0), "top_k", "0 is not legal; legal is 1 to"),
        (recommend(seeds=[{"movie_id": 10}], top_k=1_001), "top_k", "1,001 is not legal"),
        (recommend(seeds=[{"movie_id": 10}], top_k=-1), "top_k", "-1 is not legal"),
        (recommend(seeds=[{"movie_id": 10}, {}]), "seeds[1]", "give a movie_id or a title"),
        (recommend(seeds=[{"title": " "}]), "seeds[0]", "give a movie_id or a title"),
        (recommend(seeds=[{"movie_id": 10, "weight": "NaN"}]), "seeds[0].weight", "nan is not"),
        (recommend(seeds=[{"movie_id": 10, "weight": "-Infinity"}]), "seeds[0].weight", "-inf is"),
        (recommend(seeds=[{"movie_id": 10, "weight": 0}]), "seeds", "their weights cancel out"),
        (recommend(seeds=[{"movie_id": 10}], unknown_seeds=4), "unknown_seeds", "4 is not legal"),
        (search(), "query", "is empty: give a title, or part of one"),
        (search(query="\t \n"), "query", "is empty"),
        (search(query="heat", page_size=-1), "page_size", "-1 is not legal"),
        (search(query="heat", **token("10")), "page_token", "'10' is none that"),
        (list_versions(page_size=-5), "page_size", "-5 is not legal"),
        (list_versions(**token("x")), "page_token", "'x' is none that"),
    ],
)
def test_a_request_that_is_not_legal_is_refused_by_its_field_with_what_would_be(
    recommender: AskedRecommender, call: Call, field: str, words: str
) -> None:
    status = refused(call, recommender)
    assert status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    (violation,) = detail(status, BadRequest).field_violations
    assert violation.field == field
    assert words in violation.description
    assert status.message == f"{field}: {violation.description}"
    info = detail(status, ErrorInfo)
    assert (info.reason, info.domain) == ("INVALID_REQUEST", "movierec")


def test_an_ambiguous_title_has_a_reason_of_its_own(recommender: AskedRecommender) -> None:
    status = refused(recommend(seeds=[{"title": "Sabrina"}]), recommender)
    assert status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert detail(status, ErrorInfo).reason == "AMBIGUOUS_TITLE"
    assert detail(status, BadRequest).field_violations[0].field == "seeds[0].title"
    assert "Sabrina (1954) [id 50] or Sabrina (1995) [id 60]" in status.message


@pytest.mark.parametrize("skip", ["UNKNOWN_SEEDS_UNSPECIFIED", "UNKNOWN_SEEDS_FAIL"])
def test_unknown_seeds_are_not_found_and_all_are_named(
    recommender: AskedRecommender, skip: str
) -> None:
    seeds = [{"title": "Toy Storybook"}, {"movie_id": 10}, {"movie_id": -1}]
    status = refused(recommend(seeds=seeds, unknown_seeds=skip), recommender)
    assert status.code == grpc.StatusCode.NOT_FOUND.value[0]
    assert status.message == (
        "no movie of version 3: 'Toy Storybook' (did you mean Toy Story (1995) or "
        "Toy Story 2 (1999)?), '-1'; search for titles, or skip unknown seeds"
    )
    info = detail(status, ErrorInfo)
    assert (info.reason, dict(info.metadata)) == (
        "UNKNOWN_SEEDS",
        {"model_version": "3", "unknown_seed_count": "2", "unknown_seeds": "0,2"},
    )
    resources = [ResourceInfo() for _ in status.details[1:]]
    for resource, packed in zip(resources, status.details[1:], strict=True):
        assert packed.Unpack(resource)
    assert [(item.resource_type, item.resource_name, item.description) for item in resources] == [
        ("movierec.v1.Movie", "Toy Storybook", "seeds[0]"),
        ("movierec.v1.Movie", "-1", "seeds[2]"),
    ]


@pytest.mark.parametrize(
    ("every", "run"), [(2, "{0}"), (3, "{0}-{1}"), (4, "{0}-{2}")], ids=["one", "two", "three"]
)
def test_however_many_seeds_are_unknown_each_is_named_by_its_position(
    recommender: AskedRecommender, every: int, run: str
) -> None:
    unknown = {"title": "\U0001f3ac no such film" * 50}
    known = {"movie_id": 10}
    seeds = [known if i % every == every - 1 else unknown for i in range(1_000 // every * every)]
    status = refused(recommend(seeds=seeds), recommender)
    assert status.code == grpc.StatusCode.NOT_FOUND.value[0]
    info = detail(status, ErrorInfo)
    assert info.reason == "UNKNOWN_SEEDS"
    runs = (run.format(i, i + 1, i + 2) for i in range(0, len(seeds), every))
    assert info.metadata["unknown_seeds"] == ",".join(runs)


def test_none_but_unknown_seeds_are_not_found_even_if_they_are_skipped(
    recommender: AskedRecommender,
) -> None:
    call = recommend(seeds=[{"movie_id": 1}], unknown_seeds="UNKNOWN_SEEDS_SKIP")
    assert refused(call, recommender).code == grpc.StatusCode.NOT_FOUND.value[0]


@pytest.mark.parametrize("title", ["\0", "x" * 100_000, "(" * 10_000, "\U0001f3ac" * 20_000])
def test_an_odd_or_huge_text_is_not_found_like_any_other(
    recommender: AskedRecommender, title: str
) -> None:
    status = refused(recommend(seeds=[{"title": title}] * 10), recommender)
    assert status.code == grpc.StatusCode.NOT_FOUND.value[0]
    assert detail(status, ErrorInfo).metadata["unknown_seed_count"] == "10"
    assert search(query=title)(recommender) == pb.SearchMoviesResponse()


def test_the_largest_request_is_answered(recommender: AskedRecommender) -> None:
    seeds = [{"movie_id": 10}, *[{"title": f"no such film {i}"} for i in range(999)]]
    (answer,) = recommend(seeds=seeds, top_k=1_000, unknown_seeds="UNKNOWN_SEEDS_SKIP")(recommender)
    assert len(answer.header.unresolved_seeds) == 999
    assert len(answer.recommendations) == 5
