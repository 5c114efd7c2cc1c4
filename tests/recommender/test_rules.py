"""The rules of queries, held against `support.reference`, which is slow and obvious."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from recommender_service.catalogue.movie import Movie
from recommender_service.query.filtering import least_score
from recommender_service.query.query import Combination, MovieFilter, Query, Seed, UnknownSeeds
from recommender_service.query.recommending import Recommendation, recommend
from recommender_service.query.version import Version
from support import reference
from support.in_memory import version_of

GENRES = ("Action", "Comedy", "Film-Noir")


@st.composite
def catalogues(draw: st.DrawFn) -> tuple[Version, list[reference.Known]]:
    """Movies that differ in everything that a query may ask for."""
    count = draw(st.integers(1, 25))
    dim = draw(st.integers(2, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    vectors = rng.normal(size=(count, dim))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    movies = [
        Movie(
            movie_id,
            f"Film {movie_id}",
            draw(st.sampled_from([None, 1980, 1994, 1995, 2010])),
            tuple(draw(st.lists(st.sampled_from(GENRES), unique=True, max_size=3))),
            draw(st.sampled_from([0, 1, 7, 500, 80_000])),
        )
        for movie_id in draw(st.permutations(range(1, count + 1)))
    ]
    # The first has every genre, so that each is legal.
    movies[0] = replace(movies[0], genres=GENRES)
    rows = vectors.astype(np.float32)
    known = [
        reference.Known(movie, row)
        for movie, row in zip(movies, rows.astype(np.float64).tolist(), strict=True)
    ]
    return version_of(movies, rows), known


@st.composite
def queries(draw: st.DrawFn, count: int) -> Query:
    """Queries over movies with the ids 1 to `count`."""
    ids = st.integers(1, count)
    genres = st.lists(st.sampled_from([*GENRES, "COMEDY"]), max_size=2)
    years = sorted(draw(st.lists(st.integers(1975, 2015), min_size=2, max_size=2)))
    return Query(
        seeds=[
            Seed(movie_id, draw(st.sampled_from([1, 1, 2, 0.25, 0, -0.5, -1])))
            for movie_id in draw(st.lists(ids, min_size=1, max_size=4, unique=True))
        ],
        top_k=draw(st.integers(1, 30)),
        combination=draw(st.sampled_from(Combination)),
        filter=MovieFilter(
            any_genres=draw(genres),
            all_genres=draw(genres),
            no_genres=draw(genres),
            first_year=draw(st.sampled_from([None, years[0]])),
            last_year=draw(st.sampled_from([None, years[1]])),
            excluded=draw(st.lists(ids, max_size=3)),
            min_rating_count=draw(st.sampled_from([0, 0, 5, 1_000])),
            min_score=draw(st.sampled_from([None, None, 0.0, 0.4, -0.3])),
        ),
        diversity=draw(st.sampled_from([0, 0.2, 0.5, 1])),
        popularity_discount=draw(st.sampled_from([0, 0.3, 1])),
        explain=draw(st.booleans()),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[Version, list[reference.Known], Query]:
    """A query that has an answer, over some movies."""
    version, known = draw(catalogues())
    query = draw(queries(len(known)))
    weights = [seed.weight for seed in query.seeds]
    assume(any(weights))
    if query.combination is Combination.BEST_MATCH:
        assume(max(weights) > 0)
    return version, known, query


def answered(version: Version, query: Query) -> list[Recommendation]:
    return list(recommend(version, query).recommendations)


@given(case=cases())
def test_every_answer_is_that_of_the_reference(
    case: tuple[Version, list[reference.Known], Query],
) -> None:
    version, known, query = case
    try:
        expected = reference.answer(known, query)
    except reference.NearTieError:
        assume(False)
    found = answered(version, query)
    assert [item.rank for item in found] == list(range(1, len(found) + 1))
    assert [item.movie.movie_id for item in found] == [movie_id for movie_id, _, _ in expected]
    assert [item.score for item in found] == pytest.approx(
        [score for _, score, _ in expected], abs=1e-5
    )
    for item, (_, _, contributions) in zip(found, expected, strict=True):
        if query.explain:
            assert item.contributions == pytest.approx(contributions, abs=1e-5)
            assert sum(item.contributions) == pytest.approx(item.score, abs=1e-5)
        else:
            assert item.contributions == ()


@given(case=cases(), k=st.integers(1, 30))
def test_the_first_k_of_any_answer_are_the_answer_for_k(
    case: tuple[Version, list[reference.Known], Query], k: int
) -> None:
    version, _, query = case
    whole = answered(version, replace(query, top_k=1_000))
    assert answered(version, replace(query, top_k=k)) == whole[:k]


@given(case=cases())
def test_diversity_and_popularity_change_the_order_and_nothing_else(
    case: tuple[Version, list[reference.Known], Query],
) -> None:
    version, _, query = case
    everything = replace(query, top_k=1_000)
    plain = replace(everything, diversity=0, popularity_discount=0)

    def scores(query: Query) -> dict[int, float]:
        return {item.movie.movie_id: item.score for item in answered(version, query)}

    assert scores(everything) == scores(plain)


@given(case=cases())
def test_what_the_filter_holds_back_makes_room_for_others(
    case: tuple[Version, list[reference.Known], Query],
) -> None:
    version, known, query = case
    seeds = {seed.movie for seed in query.seeds}
    wanted = replace(query.filter, min_score=None)
    passing = [
        movie.movie_id
        for movie in (item.movie for item in known)
        if movie.movie_id not in seeds and reference.passes(movie, wanted)
    ]
    query = replace(query, filter=wanted, combination=Combination.WEIGHTED_MEAN)
    found = answered(version, query)
    assert len(found) == min(query.top_k, len(passing))


@given(case=cases())
def test_when_no_seed_is_known_the_most_rated_that_pass_are_the_answer_if_asked_for(
    case: tuple[Version, list[reference.Known], Query],
) -> None:
    version, known, query = case
    unknown = replace(
        query, seeds=[Seed(99), Seed("No Such Film")], unknown_seeds=UnknownSeeds.POPULAR
    )
    answer = recommend(version, unknown)
    assert answer.is_popular
    found = [item.movie.movie_id for item in answer.recommendations]
    passing = [item.movie for item in known if reference.passes(item.movie, query.filter)]
    most_rated = sorted(passing, key=lambda movie: (-movie.rating_count, movie.movie_id))
    assert found == [movie.movie_id for movie in most_rated[: query.top_k]]


@given(score=st.floats(-1, 1, width=32), below=st.floats(0, 1e-3))
def test_a_score_passes_exactly_if_it_is_no_less_than_the_least_that_is_wanted(
    score: float, below: float
) -> None:
    least = least_score(score)
    assert np.float32(score) >= least
    assert (np.float32(score) >= least_score(score - below)) is np.True_
    wanted = score + below
    assert (np.float32(score) >= least_score(min(wanted, 1))) == (score >= min(wanted, 1))


def test_a_least_score_that_float32_would_round_down_is_rounded_up() -> None:
    assert float(np.float32(0.7)) < 0.7 <= float(least_score(0.7))
    assert float(least_score(0.1)) == float(np.float32(0.1)) >= 0.1


def test_equal_movies_are_ordered_by_id_whatever_is_asked_for() -> None:
    """Ties that no rounding decides: four directions, several movies in each."""
    compass = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], dtype=np.float32)
    ids = [8, 3, 6, 1, 7, 2, 5, 4]
    version = version_of(
        [Movie(movie_id, f"Film {movie_id}", None, (), 5) for movie_id in ids],
        compass[[0, 0, 0, 1, 1, 2, 3, 3]],
    )
    # Film 8 is at north; with it are 3 and 6; 1 and 7 are east, 4 and 5 west, 2 south.
    query = Query([Seed(8)], top_k=8)
    north_first = [3, 6, 1, 4, 5, 7, 2]
    assert [item.movie.movie_id for item in answered(version, query)] == north_first
    for discount in (0.5, 1):
        discounted = replace(query, popularity_discount=discount)
        assert [item.movie.movie_id for item in answered(version, discounted)] == north_first
    # After 3 and 6 all of the others are worth the same, until one is chosen beside them.
    diverse = replace(query, diversity=0.5)
    assert [item.movie.movie_id for item in answered(version, diverse)] == [3, 6, 1, 4, 5, 7, 2]
    # South is as unlike north as can be, then east and west, and then nothing is new.
    diverse = replace(query, diversity=1)
    assert [item.movie.movie_id for item in answered(version, diverse)] == [3, 2, 1, 4, 6, 5, 7]
