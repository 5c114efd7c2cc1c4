"""The commands: what they ask for, print, and exit with."""

import json
import shlex
from collections.abc import Iterator
from typing import Any, NoReturn

import grpc
import pytest
from grpc_health.v1 import health_pb2
from typer.main import get_command

from movierec.v1 import recommender_pb2
from movierec_client.cli.commands import SUMMARIES
from movierec_client.cli.main import app
from support.client_drivers import Movierec
from support.known_messages import (
    MANIFEST_MESSAGE,
    NOON_STAMP,
)
from support.scripted_servers import Script, ScriptedServer

LONG_TITLE = "Lord of the Rings: The Fellowship of the Ring, The (2001)"


def recommended(*titles: str, **header: Any) -> recommender_pb2.RecommendResponse:
    return recommender_pb2.RecommendResponse(
        header=recommender_pb2.RecommendHeader(model_version=4, **header),
        recommendations=[
            recommender_pb2.Recommendation(
                rank=rank,
                movie_id=100 + rank,
                title=title,
                genres=["Adventure", "Animation", "Children", "Comedy", "Fantasy"],
                year=1999,
                score=1 / rank,
                rating_count=12_345,
            )
            for rank, title in enumerate(titles, start=1)
        ],
    )


def resolved(title: str, weight: float) -> recommender_pb2.ResolvedSeed:
    return recommender_pb2.ResolvedSeed(movie=recommender_pb2.Movie(title=title), weight=weight)


def test_recommend_passes_every_movie_on_as_a_text(movierec: Movierec, script: Script) -> None:
    script.on("Recommend", [recommended("Heat (1995)")])

    arguments = ["260", "Toy Story", "--dislike", "5", "--dislike", "Jumanji", "-k", "3"]
    done = movierec("recommend", *arguments, "--skip-unknown")

    assert done.exit_code == 0
    (request,) = script.requests
    assert [(seed.title, seed.weight) for seed in request.seeds] == [
        ("260", 1),
        ("Toy Story", 1),
        ("5", -1),
        ("Jumanji", -1),
    ]
    assert request.top_k == 3
    assert request.unknown_seeds == recommender_pb2.UNKNOWN_SEEDS_SKIP


def test_recommend_prints_a_table_of_80_columns_with_scores_as_bars(
    movierec: Movierec, script: Script
) -> None:
    seeds = [resolved("Heat (1995)", 1), resolved("Ran (1985)", 2), resolved("Speed (1994)", -1)]
    titles = ["Alien (1979)", LONG_TITLE, "Rhabarber" * 12]
    script.on("Recommend", [recommended(*titles, resolved_seeds=seeds)])

    done = movierec("recommend", "heat")

    assert done.stdout.splitlines() == [
        "like Heat (1995) + Ran (1985); unlike Speed (1994); from version 4",
        "#  title                                    score          ratings  genres",
        "1  Alien (1979)                             1.000  ██████   12,345  Adventure,…",
        "2  Lord of the Rings: The Fellowsh… (2001)  0.500  ███      12,345  Adventure,…",
        "3  RhabarberRhabarberRhabarberRhabarberRh…  0.333  ██       12,345  Adventure,…",
    ]


def test_recommend_as_json_is_one_object_a_line(movierec: Movierec, script: Script) -> None:
    script.on("Recommend", [recommended("Amélie (2001)"), recommended("Heat (1995)")])

    done = movierec("recommend", "heat", "--json")

    objects = [json.loads(line) for line in done.stdout.splitlines()]
    assert [movie["title"] for movie in objects] == ["Amélie (2001)", "Heat (1995)"]
    assert objects[0] == {
        "rank": 1,
        "movie_id": 101,
        "title": "Amélie (2001)",
        "genres": ["Adventure", "Animation", "Children", "Comedy", "Fantasy"],
        "year": 1999,
        "score": 1.0,
        "rating_count": 12_345,
    }


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_recommend_says_what_it_skipped_beside_its_answer(
    movierec: Movierec, script: Script, form: list[str]
) -> None:
    unresolved = recommender_pb2.UnresolvedSeed(
        position=1, text="Jumanjo", nearest_titles=["Jumanji (1995)"]
    )
    script.on("Recommend", [recommended("Heat (1995)", unresolved_seeds=[unresolved])])

    done = movierec("recommend", "heat", "Jumanjo", "--skip-unknown", *form)

    assert done.stderr == "skipped 'Jumanjo', which is not known; near it: Jumanji (1995)\n"
    assert "Jumanjo" not in done.stdout


@pytest.mark.parametrize("command", ["recommend", "search"])
def test_what_a_terminal_would_obey_does_not_reach_it(
    movierec: Movierec, script: Script, command: str
) -> None:
    title = "Evil\x1b[2J\x9b\r\n\u202e[red]:smile: (1999)"
    script.on("Recommend", [recommended(title)])
    movie = recommender_pb2.Movie(title=title)
    script.on("SearchMovies", recommender_pb2.SearchMoviesResponse(movies=[movie]))

    done = movierec(command, "evil")
    as_json = movierec(command, "evil", "--json")

    assert r"Evil\x1b[2J\x9b\r\n\u202e[red]:" in done.stdout
    assert as_json.stdout.isascii()
    assert json.loads(as_json.stdout)["title"] == title


def test_search_prints_ids_and_says_when_nothing_matches(
    movierec: Movierec, script: Script
) -> None:
    movie = recommender_pb2.Movie(
        movie_id=2571, title="Matrix, The (1999)", genres=["Sci-Fi"], rating_count=51_334
    )
    script.on("SearchMovies", recommender_pb2.SearchMoviesResponse(movies=[movie] * 3))
    found = movierec("search", "matrix", "-n", "1")
    script.on("SearchMovies", recommender_pb2.SearchMoviesResponse())
    nothing = movierec("search", "xyzzy")

    assert [line.split() for line in found.stdout.splitlines()] == [
        ["id", "title", "ratings", "genres"],
        ["2571", "Matrix,", "The", "(1999)", "51,334", "Sci-Fi"],
    ]
    assert (nothing.exit_code, nothing.stdout) == (0, "no title is like that\n")


def test_model_says_where_it_comes_from_and_how_good_it_is(
    movierec: Movierec, script: Script
) -> None:
    answer = recommender_pb2.GetModelResponse(manifest=MANIFEST_MESSAGE, load_time=NOON_STAMP)
    script.on("GetModel", answer)

    done = movierec("model")

    assert done.stdout.startswith("version 4, serving since 2026-11-22 12:00:00 UTC\n")
    assert "5 movies in 8 dimensions; each has more than 50 ratings\n" in done.stdout
    assert "RMSE on held-out ratings: 0.875 ±0.062 stars\n" in done.stdout
    assert json.loads(movierec("model", "--json").stdout)["manifest"]["settings"]["l2"] == 2.5


def test_versions_lists_states_and_why_one_is_rejected(movierec: Movierec, script: Script) -> None:
    rejected = recommender_pb2.Version(
        version=5,
        state=recommender_pb2.VERSION_STATE_REJECTED,
        reason="CHECKSUM",
        message="it does not add up",
    )
    serving = recommender_pb2.Version(
        version=4, state=recommender_pb2.VERSION_STATE_SERVING, manifest=MANIFEST_MESSAGE
    )
    answer = recommender_pb2.ListVersionsResponse(versions=[rejected, serving])
    script.on("ListVersions", answer)

    done = movierec("versions")

    assert [line.split() for line in done.stdout.splitlines()] == [
        ["version", "state", "made", "(UTC)", "movies", "NDCG@100", "data", "set"],
        ["5", "REJECTED", "-", "-", "-", "-"],
        ["4", "SERVING", "2026-11-22", "12:00:00", "5", "0.375", "ml"],
        ["version", "5", "is", "REJECTED,", "CHECKSUM:", "it", "does", "not", "add", "up"],
    ]
    assert len(movierec("versions", "--json").stdout.splitlines()) == 3  # and the fleet


def test_health_exits_with_0_only_if_all_that_were_asked_serve(
    movierec: Movierec, server: ScriptedServer
) -> None:
    status = health_pb2.HealthCheckResponse
    serving = status.SERVING
    server.health.set("movierec.v1.TrainerService", serving)
    server.health.set("movierec.v1.RecommenderService", status.NOT_SERVING)
    server.health.set("liveness", serving)

    trainer = movierec("health", "trainer")
    both = movierec("health", "--json")
    live = movierec("health", "--live")
    elsewhere = movierec("health", "trainer", "--trainer", "127.0.0.1:1", "--timeout", "5")

    assert (trainer.exit_code, trainer.stdout.split()) == (
        0,
        ["trainer", "SERVING", server.address],
    )
    statuses = [json.loads(line)["status"] for line in both.stdout.splitlines()]
    assert (both.exit_code, statuses) == (1, ["SERVING", "NOT_SERVING"])
    assert live.exit_code == 0
    assert elsewhere.exit_code == 1
    assert elsewhere.stdout.split() == ["trainer", "UNREACHABLE", "127.0.0.1:1"]
    assert "127.0.0.1:1 cannot be reached" in elsewhere.stderr


def test_an_error_is_one_safe_sentence_and_exit_code_1(movierec: Movierec, script: Script) -> None:
    def fail(_request: Any, context: grpc.ServicerContext) -> NoReturn:
        context.abort(grpc.StatusCode.NOT_FOUND, "no\x1b[2Jsuch movie")

    script.on("GetModel", fail)

    done = movierec("model")

    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert r"NOT_FOUND: no\x1b[2Jsuch movie" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "ml", "--epochs", "99999999999"],
        ["recommend", "\udcff"],
        ["search", "heat", "--limit", "0"],
        ["model", "--timeout", "nan"],
    ],
)
def test_values_that_cannot_be_sent_are_sentences_too(
    movierec: Movierec, arguments: list[str]
) -> None:
    done = movierec(*arguments)

    assert (done.exit_code, done.stdout) == (1, "")
    assert ": give " in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["recommend"],
        ["recommend", "heat", "-k", "many"],
        ["health", "trainr"],
        ["train", "ml", "--epoch", "3"],
        ["nonsense"],
    ],
)
def test_wrong_usage_exits_with_2(movierec: Movierec, arguments: list[str]) -> None:
    assert movierec(*arguments).exit_code == 2


def commands_of(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every command by its name, those of a group with the group's name in front."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands_of(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


COMMANDS = dict(sorted(commands_of(get_command(app))))


def test_there_is_every_command() -> None:
    assert list(COMMANDS) == [
        "activate",
        "artifacts diff",
        "artifacts gc",
        "artifacts verify",
        "cancel",
        "completion",
        "download",
        "follow",
        "health",
        "insights",
        "model",
        "publish",
        "recommend",
        "replay",
        "runs",
        "sample",
        "search",
        "train",
        "versions",
    ]


def test_the_summary_of_every_command_is_the_first_line_of_its_own_help() -> None:
    group: Any = get_command(app)

    told = {name: command.help.splitlines()[0] for name, command in group.commands.items()}

    assert told == SUMMARIES


@pytest.mark.parametrize("command", ["", "artifacts"])
def test_the_help_of_a_group_has_an_example_too(movierec: Movierec, command: str) -> None:
    done = movierec(*command.split(), "--help")

    assert f"Example: movierec {command}".rstrip() in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_has_an_example_and_fits_80_columns(
    movierec: Movierec, command: str
) -> None:
    done = movierec(*command.split(), "--help")

    assert f"Example: movierec {command}" in done.stdout
    assert ("--json" in done.stdout) is (command != "completion")
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


@pytest.mark.parametrize("command", COMMANDS)
def test_the_examples_of_every_command_are_ones_that_it_takes(command: str) -> None:
    _, _, told = COMMANDS[command].help.partition("Example: ")
    examples = " ".join(told.split()).split("; ")

    for example in examples:
        typed, _, _ = example.partition(" < ")
        name, *arguments = shlex.split(typed)[len(command.split()) :]
        context = COMMANDS[command].make_context(name, arguments)
        assert context.params
