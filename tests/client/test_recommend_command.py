"""`movierec recommend`: what it can ask for, and what it says of an answer."""

import json
from typing import Any

import pytest

from movierec.v1 import recommender_pb2 as pb
from support.client_drivers import Movierec
from support.scripted_servers import Script

TOY_STORY = pb.ResolvedSeed(position=0, movie=pb.Movie(movie_id=1, title="Toy Story (1995)"))
ALADDIN = pb.ResolvedSeed(position=2, movie=pb.Movie(movie_id=588, title="Aladdin (1992)"))
HEAT = pb.ResolvedSeed(position=3, movie=pb.Movie(movie_id=6, title="Heat (1995)"), weight=-1)


def answer(*contributions: dict[int, float], **header: Any) -> pb.RecommendResponse:
    """An answer with a movie for each, to whose score seeds contribute by their positions."""
    return pb.RecommendResponse(
        header=pb.RecommendHeader(model_version=4, **header),
        recommendations=[
            pb.Recommendation(
                rank=rank,
                movie_id=100 + rank,
                title=f"Film {rank}",
                genres=["Comedy"],
                score=sum(values.values()),
                rating_count=7,
                contributions=[
                    pb.Contribution(position=position, value=value)
                    for position, value in values.items()
                ],
            )
            for rank, values in enumerate(contributions, start=1)
        ],
    )


def test_every_flag_asks_for_what_it_says(movierec: Movierec, script: Script) -> None:
    script.on("Recommend", [answer({})])

    done = movierec(
        *("recommend", "heat", "--exclude", "7", "--exclude", "Ran", "--genre", "Crime"),
        *("--genre", "War", "--not-genre", "Horror", "--years", "1990-1999"),
        *("--min-support", "50", "--min-score", "0.25", "--combination", "best_match"),
        *("--diversity", "0.5", "--popularity-discount", "0.125", "--unknown", "popular"),
        "--explain",
    )

    assert done.exit_code == 0
    assert script.requests == [
        pb.RecommendRequest(
            seeds=[pb.Seed(title="heat", weight=1)],
            top_k=10,
            unknown_seeds=pb.UNKNOWN_SEEDS_POPULAR,
            combination=pb.COMBINATION_BEST_MATCH,
            filter=pb.MovieFilter(
                any_genres=["Crime", "War"],
                no_genres=["Horror"],
                first_year=1990,
                last_year=1999,
                excluded=[pb.ExcludedMovie(title="7"), pb.ExcludedMovie(title="Ran")],
                min_rating_count=50,
                min_score=0.25,
            ),
            diversity=0.5,
            popularity_discount=0.125,
            explain=True,
        )
    ]


def test_all_genres_asks_for_movies_that_have_every_genre(
    movierec: Movierec, script: Script
) -> None:
    script.on("Recommend", [answer({})])

    movierec("recommend", "heat", "--genre", "Crime", "--genre", "War", "--all-genres")

    assert script.requests[0].filter == pb.MovieFilter(all_genres=["Crime", "War"])


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [("1990-1999", 1990, 1999), ("1990-", 1990, None), ("-1999", None, 1999), ("1994", 1994, 1994)],
)
def test_years_may_be_open_at_either_end_or_one(
    movierec: Movierec, script: Script, text: str, first: int | None, last: int | None
) -> None:
    script.on("Recommend", [answer({})])

    done = movierec("recommend", "heat", "--years", text)

    assert done.exit_code == 0
    assert script.requests[0].filter == pb.MovieFilter(first_year=first, last_year=last)


@pytest.mark.parametrize("text", ["-", "", "nineties", "1990-1999-", "1990 - 1999", "--"])
def test_years_that_are_none_are_wrong_usage_that_says_what_is_right(
    movierec: Movierec, text: str
) -> None:
    done = movierec("recommend", "heat", f"--years={text}")

    assert done.exit_code == 2
    assert repr(text) in done.stderr
    assert "1990-1999, 1990-," in " ".join(done.stderr.split())


def test_explain_says_under_each_row_what_made_its_score_the_largest_first(
    movierec: Movierec, script: Script
) -> None:
    explained = answer(
        {0: 0.22, 2: 0.61, 3: -0.1},
        {0: 0.5, 2: 0.0, 3: 0.0},
        resolved_seeds=[TOY_STORY, ALADDIN, HEAT],
    )
    script.on("Recommend", [explained])

    done = movierec("recommend", "toy story", "aladdin", "--dislike", "heat", "--explain")

    assert done.stdout.splitlines()[1:] == [
        "#  title   score          ratings  genres",
        "1  Film 1  0.730  ████▍         7  Comedy",
        "   because of Aladdin (1992): 0.61, Toy Story (1995): 0.22, Heat (1995): -0.10",
        "2  Film 2  0.500  ███           7  Comedy",
        "   because of Toy Story (1995): 0.50",
    ]


def test_explanations_are_folded_at_80_columns_and_name_five_movies_at_most(
    movierec: Movierec, script: Script
) -> None:
    seeds = [
        pb.ResolvedSeed(position=i, movie=pb.Movie(title=f"A rather long title {i} (1999)"))
        for i in range(9)
    ]
    values = {i: (9 - i) / 100 for i in range(9)}
    script.on("Recommend", [answer(values, resolved_seeds=seeds)])

    done = movierec("recommend", "x", "--explain")

    lines = done.stdout.splitlines()[3:]
    said = " ".join(line.strip() for line in lines)
    assert all(line.startswith("   ") and len(line) <= 80 for line in lines)
    assert said.startswith("because of A rather long title 0 (1999): 0.09, A rather")
    assert said.endswith("A rather long title 4 (1999): 0.05, 4 more: 0.10")


def test_json_has_the_contributions_only_if_asked_for(movierec: Movierec, script: Script) -> None:
    script.on("Recommend", [answer({0: 0.22, 2: 0.61}, resolved_seeds=[TOY_STORY, ALADDIN])])
    explained = json.loads(movierec("recommend", "x", "y", "--explain", "--json").stdout)
    script.on("Recommend", [answer({})])
    plain = json.loads(movierec("recommend", "x", "y", "--json").stdout)

    assert explained["contributions"] == [
        {"movie_id": 588, "title": "Aladdin (1992)", "value": 0.61},
        {"movie_id": 1, "title": "Toy Story (1995)", "value": 0.22},
    ]
    assert "contributions" not in plain


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_what_was_not_taken_as_given_is_said_beside_the_answer(
    movierec: Movierec, script: Script, form: list[str]
) -> None:
    said = answer(
        {},
        duplicate_seeds=[1, 3],
        corrected_seeds=[pb.CorrectedSeed(position=2, text="alladin", title="Aladdin (1992)")],
        unresolved_exclusions=[
            pb.UnresolvedExclusion(position=0, text="Haet", nearest_titles=["Heat (1995)"]),
            pb.UnresolvedExclusion(position=1, text="9"),
        ],
        popular_fallback=True,
    )
    script.on("Recommend", [said])

    done = movierec("recommend", "heat", "Heat", "alladin", "--dislike", "6", *form)

    assert done.exit_code == 0
    assert done.stderr.splitlines() == [
        "took 'alladin' for Aladdin (1992)",
        "'Heat' names a movie again: the weights are added",
        "'6' names a movie again: the weights are added",
        "'Haet' excludes nothing: it is not known; near it: Heat (1995)",
        "'9' excludes nothing: it is not known",
        "none of the movies is known: these are the most rated ones",
    ]


def test_a_number_out_of_range_is_left_to_the_server_to_judge(
    movierec: Movierec, script: Script
) -> None:
    script.on("Recommend", [answer({})])

    done = movierec("recommend", "x", "-k", "0", "--years", "1999-1990", "--diversity", "nan")

    assert done.exit_code == 0
    assert script.requests[0].top_k == 0
    assert script.requests[0].filter == pb.MovieFilter(first_year=1999, last_year=1990)
