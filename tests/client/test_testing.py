"""What users test with: a real recommender, with movies that they choose."""

import sys
from pathlib import Path

import pytest

import movierec_client as mc
from movierec_client import testing
from movierec_client.testing import KnownMovie


def test_the_example_of_the_documentation_holds() -> None:
    with testing.recommender() as address, mc.Client(recommender=address) as client:
        first = next(client.recommend(["Toy Story"]))

        assert first.title == "Toy Story 2 (1999)"
        assert (first.year, first.genres) == (1999, ("Animation", "Comedy"))


def test_movies_that_are_given_are_scored_by_their_angle() -> None:
    movies = [
        KnownMovie(7, "One (2001)", (2, 0), genres=["Drama"], rating_count=3),
        KnownMovie(8, "Other", (3, 4)),
    ]
    with testing.recommender(movies) as address, mc.Client(recommender=address) as client:
        (other,) = client.recommend([7])

    assert (other.movie_id, other.title, other.year, other.rating_count) == (8, "Other", None, 100)
    assert other.score == pytest.approx(0.6)


def test_without_movies_there_is_no_version_until_one_is_published(tmp_path: Path) -> None:
    with (
        testing.recommender([], artifacts_dir=tmp_path) as address,
        mc.Client(recommender=address) as client,
    ):
        with pytest.raises(mc.UnavailableError):
            client.model()

        assert testing.publish(tmp_path) == 1
        client.wait_until_serving(1)
        assert testing.publish(tmp_path) == 2
        client.wait_until_serving(2)
        assert client.model().version == 2


def test_settings_of_the_recommender_can_be_given() -> None:
    with pytest.raises(ValueError, match="chunk_size"), testing.recommender(chunk_size=0):
        pass


@pytest.mark.parametrize("vectors", [[(1.0,), (1.0, 2.0)], [(0.0, 0.0), (1.0, 0.0)]])
def test_vectors_that_say_nothing_are_refused(
    tmp_path: Path, vectors: list[tuple[float, ...]]
) -> None:
    movies = [KnownMovie(i, f"Film {i}", vector) for i, vector in enumerate(vectors)]

    with pytest.raises(ValueError, match="vector"):
        testing.publish(tmp_path, movies)


def test_two_movies_of_one_id_are_refused_at_once(tmp_path: Path) -> None:
    movies = [KnownMovie(7, title, (1.0, 0.0)) for title in ("Heat", "Cold")]

    with pytest.raises(ValueError, match="two movies 7"):
        testing.publish(str(tmp_path), movies)


def test_without_the_recommender_s_packages_a_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "recommender_service.testing", None)

    with pytest.raises(mc.MovierecError, match=r"pip install 'movierec\[recommender\]'"):
        testing.publish(Path("nowhere"))
