"""Seeds to answers, on movies that lie on a circle: a score is the cosine of an angle."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.chassis.errors import InvalidRequestError
from recommender_service.catalogue.movie import Movie
from recommender_service.errors import MOST_NAMED, AmbiguousTitleError, UnknownSeedsError
from recommender_service.query.query import Query, Seed, UnknownSeeds
from recommender_service.query.recommending import recommend
from recommender_service.query.version import Version
from support.in_memory import version_of
from support.versions import ANGLES, TITLES


def on_circle() -> Version:
    """The version of `support.versions`, without any file."""
    radians = np.radians(ANGLES)
    circle = np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)
    movies = [Movie(10 * (i + 1), title, None, (), 1) for i, title in enumerate(TITLES)]
    return version_of(movies, circle)


VERSION = on_circle()


def answer(*seeds: Seed, top_k: int = 10) -> list[tuple[int, float]]:
    """(movie id, angle in degrees to what was asked for), best first."""
    recommendations = list(recommend(VERSION, Query(seeds, top_k)).recommendations)
    assert [item.rank for item in recommendations] == list(range(1, len(recommendations) + 1))
    return [
        (item.movie.movie_id, round(math.degrees(math.acos(item.score)), 1))
        for item in recommendations
    ]


def violated_field(error: InvalidRequestError) -> str:
    (violation,) = error.violations
    return violation.field


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [
        # Toy Story lies at 0 degrees, and the others at 10, 30, 60, 90 and 120.
        ([Seed(10)], [(20, 10), (30, 30), (40, 60), (50, 90), (60, 120)]),
        ([Seed("The Matrix")], [(20, 20), (10, 30), (40, 30), (50, 60), (60, 90)]),
        # 0 and 60 degrees alike: 30.
        ([Seed(10), Seed(40)], [(30, 0), (20, 20), (50, 60), (60, 90)]),
        # Like 0 and unlike 90: -45.
        ([Seed(10), Seed(50, -1)], [(20, 55), (30, 75), (40, 105), (60, 165)]),
        # Unlike 0 alone: 180.
        ([Seed(10, -1)], [(60, 60), (50, 90), (40, 120), (30, 150), (20, 170)]),
        ([Seed(10, -1e308)], [(60, 60), (50, 90), (40, 120), (30, 150), (20, 170)]),
        # A weight is a length: 1 at 0 and sqrt(3) at 90 give 60.
        ([Seed(10), Seed(50, math.sqrt(3))], [(40, 0), (30, 30), (20, 50), (60, 60)]),
        # A seed that counts for nothing is not recommended either.
        ([Seed(10), Seed(20, 0)], [(30, 30), (40, 60), (50, 90), (60, 120)]),
    ],
)
def test_the_score_is_the_cosine_with_the_weighted_sum_of_the_seeds(
    seeds: list[Seed], expected: list[tuple[int, float]]
) -> None:
    assert answer(*seeds) == expected


def test_equal_scores_are_ordered_by_movie_id() -> None:
    version = version_of(
        [Movie(i, f"Film {i}", None, (), 1) for i in (3, 9, 5, 1)],
        np.array([[1, 0], [0, 1], [0, 1], [0, -1]], dtype=np.float32),
    )
    for top_k, expected in ((1, [1]), (2, [1, 5]), (3, [1, 5, 9])):
        answered = recommend(version, Query([Seed(3)], top_k))
        assert [item.movie.movie_id for item in answered.recommendations] == expected


def test_duplicates_are_one_seed_with_their_weights_added_at_the_first_mention() -> None:
    seeds = [
        Seed(40, 2),
        Seed(10),
        Seed("Heat (1995)", -0.5),
        Seed("toy story", 0.5),
        Seed("40", 0),
    ]
    answered = recommend(VERSION, Query(seeds))
    assert [(seed.position, seed.row, seed.weight) for seed in answered.resolution.seeds] == [
        (0, 3, 1.5),
        (1, 0, 1.5),
    ]
    assert answered.resolution.duplicates == (2, 3, 4)
    assert answer(*seeds) == answer(Seed(40), Seed(10))


def test_seeds_are_never_recommended_and_everything_else_is() -> None:
    everything = {10 * (i + 1) for i in range(len(TITLES))}
    for seeds in ([10], [10, 20, 30], [60, 10, 60], [10, 20, 30, 40, 50]):
        assert {movie_id for movie_id, _ in answer(*map(Seed, seeds))} == everything - set(seeds)


def test_seeds_that_are_all_the_movies_leave_nothing_to_recommend() -> None:
    assert answer(*(Seed(10 * (i + 1)) for i in range(len(TITLES)))) == []


def test_more_than_there_are_gives_all_there_are() -> None:
    assert len(answer(Seed(10), top_k=1_000)) == 5
    assert len(answer(Seed(10), top_k=1)) == 1


def test_unknown_seeds_fail_and_all_of_them_are_named_with_the_nearest_titles() -> None:
    with pytest.raises(UnknownSeedsError) as caught:
        recommend(VERSION, Query([Seed(11), Seed(10), Seed("Toy Storybook"), Seed("Matrix")]))
    error = caught.value
    assert "no movie of version 7: '11', 'Toy Storybook' (did you mean Toy Story (1995)" in str(
        error
    )
    assert "'Matrix' (did you mean Matrix, The (1999)" in str(error)
    assert [(item.name, item.description) for item in error.resources] == [
        ("11", "seeds[0]"),
        ("Toy Storybook", "seeds[2]"),
        ("Matrix", "seeds[3]"),
    ]
    assert error.metadata == {
        "unknown_seed_count": "3",
        "unknown_seeds": "0,2-3",
        "model_version": "7",
    }


def test_unknown_seeds_that_are_skipped_are_listed_and_the_rest_answers() -> None:
    seeds = [Seed("Toy Storybook"), Seed(10), Seed(-1)]
    answered = recommend(VERSION, Query(seeds, unknown_seeds=UnknownSeeds.SKIP))
    assert [(seed.position, seed.text) for seed in answered.resolution.unknown] == [
        (0, "Toy Storybook"),
        (2, "-1"),
    ]
    assert answered.resolution.unknown[0].nearest_titles[0] == "Toy Story (1995)"
    assert answered.resolution.unknown[1].nearest_titles == ()
    assert next(answered.recommendations).movie.movie_id == 20


def test_only_unknown_seeds_are_an_error_even_if_they_are_skipped() -> None:
    with pytest.raises(UnknownSeedsError):
        recommend(VERSION, Query([Seed(11), Seed("x")], unknown_seeds=UnknownSeeds.SKIP))


def test_titles_are_suggested_for_no_more_seeds_than_are_named() -> None:
    """Each suggestion takes a search, and a request may hold a thousand seeds."""
    seeds = [Seed(10), *[Seed("Toy Storybook")] * 500]
    unknown = recommend(VERSION, Query(seeds, unknown_seeds=UnknownSeeds.SKIP)).resolution.unknown
    assert len(unknown) == 500
    assert [bool(seed.nearest_titles) for seed in unknown] == [True] * 20 + [False] * 480
    with pytest.raises(UnknownSeedsError, match="and 480 more") as caught:
        recommend(VERSION, Query(seeds))
    assert len(caught.value.resources) == MOST_NAMED == 20


def test_an_ambiguous_title_is_refused_with_the_movies_that_have_it() -> None:
    with pytest.raises(AmbiguousTitleError) as caught:
        recommend(VERSION, Query([Seed(10), Seed("sabrina")], unknown_seeds=UnknownSeeds.SKIP))
    assert violated_field(caught.value) == "seeds[1].title"
    assert "Sabrina (1954) [id 50] or Sabrina (1995) [id 60]" in str(caught.value)
    assert answer(Seed("sabrina (1954)")) == answer(Seed(50))


@pytest.mark.parametrize(
    "seeds",
    [
        [Seed(10, 0)],
        [Seed(10, 1), Seed(10, -1)],
        [Seed(10, 1e308), Seed("Toy Story", -1e308)],
        [Seed(30, 1), Seed("The Matrix", -1), Seed(40, 0)],
        [Seed(10), Seed(60), Seed(40, -1)],  # 0 and 120 together are 60
    ],
)
def test_weights_that_cancel_out_are_refused(seeds: list[Seed]) -> None:
    with pytest.raises(InvalidRequestError, match="their weights cancel out") as caught:
        recommend(VERSION, Query(seeds))
    assert violated_field(caught.value) == "seeds"


def test_weights_of_duplicates_that_add_up_to_infinity_are_refused() -> None:
    with pytest.raises(InvalidRequestError, match=r"1e\+308 is too much") as caught:
        recommend(VERSION, Query([Seed(20), Seed(10, 1e308), Seed("Toy Story", 1e308)]))
    assert violated_field(caught.value) == "seeds[2].weight"


@pytest.mark.parametrize("count", [0, 1_001])
def test_too_few_or_too_many_seeds_are_refused(count: int) -> None:
    with pytest.raises(InvalidRequestError, match="legal is 1 to 1,000") as caught:
        Query([Seed(10)] * count)
    assert violated_field(caught.value) == "seeds"


@pytest.mark.parametrize("top_k", [0, -1, 1_001, -(2**31), 2**31 - 1])
def test_a_top_k_out_of_range_is_refused(top_k: int) -> None:
    with pytest.raises(InvalidRequestError, match="legal is 1 to 1,000") as caught:
        Query([Seed(10)], top_k)
    assert violated_field(caught.value) == "top_k"


@pytest.mark.parametrize("weight", [math.nan, math.inf, -math.inf])
def test_a_weight_that_is_no_finite_number_is_refused_by_its_place(weight: float) -> None:
    with pytest.raises(InvalidRequestError, match="give a finite number") as caught:
        Query([Seed(10), Seed(20, weight)])
    assert violated_field(caught.value) == "seeds[1].weight"


def test_a_thousand_seeds_and_the_largest_top_k_are_legal() -> None:
    assert len(answer(*[Seed(10)] * 1_000, top_k=1_000)) == 5


@given(
    movies=st.lists(st.sampled_from([10, 20, 30, 40, 50, 60]), min_size=1, max_size=12),
    data=st.data(),
)
def test_the_order_of_the_seeds_does_not_matter_nor_how_often_a_weight_is_split(
    movies: list[int], data: st.DataObject
) -> None:
    def scores(*seeds: Seed) -> dict[int, float]:
        found = recommend(VERSION, Query(seeds)).recommendations
        return {item.movie.movie_id: item.score for item in found}

    expected = pytest.approx(scores(*map(Seed, movies)), abs=1e-6)
    assert scores(*map(Seed, data.draw(st.permutations(movies)))) == expected
    halves = [Seed(movie, 0.5) for movie in movies for _ in range(2)]
    assert scores(*halves) == expected
