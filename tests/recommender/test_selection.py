"""A request may name a version, by number or by label, as long as it is in memory."""

import gc
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
from google.rpc.error_details_pb2 import ResourceInfo

from movierec.v1 import recommender_pb2 as pb
from recommender_service.query.version import Version
from support.recommenders import AskedRecommender, running_recommender, selector, slow_reader
from support.servers import DEADLINE_S, until
from support.statuses import detail, outcome, refused
from support.versions import publication, publish, publish_many
from support.volumes import publish as publish_next


def publish_named(versions: Path, *names: str) -> None:
    """Publishes a version of two films for each name."""
    for name in names:
        publish(versions.parent, publication([f"{name} (1999)", f"{name} 2 (2003)"], [0, 10]))


def recommend(recommender: AskedRecommender, version: int | str | None) -> str:
    (answer,) = recommender.recommend(10, version=version)
    return f"{answer.header.model_version}: {answer.recommendations[0].title}"


def search(recommender: AskedRecommender, version: int | str | None) -> str:
    request = pb.SearchMoviesRequest(query="film", version=selector(version))
    return recommender.stub.SearchMovies(request, timeout=DEADLINE_S).movies[0].title


def get_model(recommender: AskedRecommender, version: int | str | None) -> int:
    request = pb.GetModelRequest(version=selector(version))
    return recommender.stub.GetModel(request, timeout=DEADLINE_S).manifest.version


CALLS: list[Callable[[AskedRecommender, int | str | None], object]] = [
    recommend,
    search,
    get_model,
]


def test_each_call_is_answered_from_the_version_that_it_names(versions: Path) -> None:
    publish_named(versions, "Old film", "Film")
    with running_recommender(versions.parent) as recommender:
        recommender.wait_until_it_serves(2)
        recommender.label("stable", 1)
        for asked, number, film in (
            (None, 2, "Film"),
            (2, 2, "Film"),
            (1, 1, "Old film"),
            ("stable", 1, "Old film"),
        ):
            assert recommend(recommender, asked) == f"{number}: {film} 2 (2003)"
            assert search(recommender, asked) == f"{film} (1999)"
            assert get_model(recommender, asked) == number


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (1, "version 1 is not loaded here"),
        (9, "version 9 is not on the volume"),
        (0, "version 0 is not on the volume"),
        ("x", "label 'x' is not loaded here"),
        ("", "label '' is not loaded here"),
    ],
)
def test_what_is_not_loaded_is_not_found_and_the_sentence_says_what_is_and_how_to_load_it(
    versions: Path,
    call: Callable[[AskedRecommender, int | str | None], object],
    asked: int | str,
    words: str,
) -> None:
    publish_named(versions, *["Film"] * 4)
    with running_recommender(versions.parent) as recommender:
        recommender.wait_until_it_serves(4)
        recommender.label("b", 2)
        recommender.label("a", 2)
        recommender.pin(3)
        status = refused(lambda: call(recommender, asked))
        assert outcome(status) == ("NOT_FOUND", "VERSION_NOT_LOADED")
        assert status.message == (
            f"{words}; loaded are 2 (a, b), 3 (serving), 4: ask for one of "
            f"these, or have a version loaded by putting a label on it with ActivateVersion"
        )
        assert detail(status, ResourceInfo).resource_name == str(asked)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("asked", [1, "x"])
def test_while_nothing_serves_it_is_unavailable_whatever_is_asked_for(
    versions: Path,
    call: Callable[[AskedRecommender, int | str | None], object],
    asked: int | str,
) -> None:
    with running_recommender(versions.parent) as recommender:
        status = refused(lambda: call(recommender, asked))
        assert outcome(status) == ("UNAVAILABLE", "NO_VERSION")


def test_as_many_versions_stay_in_memory_as_may_and_those_that_served_last(
    versions: Path,
) -> None:
    with running_recommender(versions.parent, loaded_versions=2) as recommender:
        for number in (1, 2, 3):
            publish_next(versions)
            recommender.wait_until_it_serves(number)
        assert recommender.loaded() == {2, 3}
        assert recommender.answering(2) == 2
        recommender.label("kept", 1)
        assert recommender.loaded() == {1, 3}
        publish_next(versions)
        recommender.wait_until_it_serves(4)
        assert recommender.loaded() == {1, 4}
        recommender.unlabel("kept")
        recommender.pin(3)
        assert recommender.loaded() == {3, 4}


def test_a_start_loads_what_serves_and_what_has_a_label_and_no_more(versions: Path) -> None:
    for _ in range(5):
        publish_next(versions)
    with running_recommender(versions.parent) as recommender:
        recommender.label("one", 1)
        recommender.label("two", 2)
    with running_recommender(versions.parent, loaded_versions=1) as recommender:
        until(recommender.loaded, lambda loaded: loaded == {1, 2, 5})
        assert recommender.answering() == 5


def in_memory(number: int) -> list[weakref.ref[Version]]:
    """The versions of a number that this process holds."""
    gc.collect()
    found = (thing for thing in gc.get_objects() if isinstance(thing, Version))
    return [weakref.ref(version) for version in found if version.number == number]


def test_a_version_that_was_dropped_is_freed_when_its_last_stream_ends(versions: Path) -> None:
    """By itself: nobody waits for the garbage collector, which may come hours later."""
    others = [ref() for ref in in_memory(1)]  # of tests before, whose threads may not be done
    publish_many(versions.parent, "Old")
    with (
        running_recommender(versions.parent, loaded_versions=1) as recommender,
        slow_reader(recommender) as stub,
    ):
        recommender.wait_until_it_serves(1)
        (held,) = (ref for ref in in_memory(1) if all(ref() is not other for other in others))
        gc.disable()
        try:
            request = pb.RecommendRequest(seeds=[pb.Seed(movie_id=10)], top_k=1_000)
            stream = stub.Recommend(request, timeout=DEADLINE_S)
            next(stream)
            publish_many(versions.parent, "New")
            recommender.wait_until_it_serves(2)
            assert recommender.loaded() == {2}
            assert held() is not None
            assert sum(len(answer.recommendations) for answer in stream) == 900
            until(lambda: held() is None, bool)
        finally:
            gc.enable()
