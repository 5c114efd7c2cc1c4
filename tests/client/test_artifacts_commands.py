"""The commands for a folder of artifacts: what they print and exit with."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from support.client_drivers import Movierec
from support.control import change_activation
from support.damage import change_manifest, flip_bit
from support.versions import publication, publish, publish_by_hand


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    """Two good versions, which are the same."""
    publish_by_hand(tmp_path)
    publish_by_hand(tmp_path)
    return tmp_path


def objects(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


@pytest.mark.parametrize(
    ("command", "extra", "module"),
    [
        (["verify", "DIR"], "recommender", "recommender_service.artifact.verifying"),
        (["diff", "DIR", "1", "2"], "recommender", "recommender_service.artifact.diffing"),
        (["gc", "DIR"], "trainer", "trainer_service.artifact.retention"),
    ],
)
def test_without_the_services_packages_they_say_what_to_install(
    movierec: Movierec,
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    extra: str,
    module: str,
) -> None:
    monkeypatch.setitem(sys.modules, module, None)

    done = movierec("artifacts", *command)

    assert done.exit_code == 1
    assert done.stderr == (
        f"movierec artifacts {command[0]} needs the {extra}'s packages: "
        f"pip install 'movierec[{extra}]'\n"
    )


@pytest.mark.parametrize("command", [["verify"], ["diff", "1", "2"]])
def test_a_folder_that_is_none_of_artifacts_is_told_in_a_sentence(
    movierec: Movierec, tmp_path: Path, command: list[str]
) -> None:
    name, *arguments = command
    (tmp_path / "versions").mkdir()
    nowhere = tmp_path / "nowhere"
    inside = tmp_path / "versions"

    not_there = movierec("artifacts", name, str(nowhere), *arguments)
    too_deep = movierec("artifacts", name, str(inside), *arguments)

    assert (not_there.exit_code, not_there.stderr) == (1, f"{nowhere}: there is no such folder\n")
    assert (too_deep.exit_code, too_deep.stderr) == (
        1,
        f"{inside} is no artifacts folder: it has no versions/ in it; did you mean {tmp_path}?\n",
    )


def test_verify_prints_a_line_a_version_and_what_is_to_serve(
    movierec: Movierec, artifacts: Path
) -> None:
    change_manifest(artifacts / "versions" / "2", gate={"ndcg_at_100": 0.25})
    (artifacts / "versions" / ".staging-run-9").mkdir()
    change_activation(artifacts / "control", lambda now: now.to_label("stable", 1))

    done = movierec("artifacts", "verify", str(artifacts))

    assert done.exit_code == 0
    first, second, *others = done.stdout.splitlines()
    assert first.startswith("version 1  good: 6 movies in 2 dimensions, 1.")
    assert first.endswith(" kB")
    assert second.endswith(" kB, held back by the quality gate")
    assert others == [
        "versions/.staging-run-9 is a leftover of run run-9, unless that publishes just now",
        "the latest version is to serve",
        "labels: stable on version 1",
    ]
    assert max(map(len, (first, second))) <= 80


def test_verify_exits_with_1_when_a_version_is_bad_and_says_why(
    movierec: Movierec, artifacts: Path
) -> None:
    flip_bit(artifacts / "versions" / "1" / "movies.csv", 0)
    flip_bit(artifacts / "versions" / "2" / "manifest.json", 1_000)
    change_activation(artifacts / "control", lambda now: now.to_pin(2))

    done = movierec("artifacts", "verify", str(artifacts))
    good = movierec("artifacts", "verify", str(artifacts), "1", "--json")

    assert done.exit_code == good.exit_code == 1
    first, second, pinned = done.stdout.splitlines()
    assert first.startswith(
        "version 1  CHECKSUM: movies.csv is not what the manifest's digest says "
        "(6 movies in 2 dimensions, "
    )
    assert second.startswith("version 2  ")
    assert pinned == "version 2, pinned, is to serve"
    assert objects(good.stdout)[0]["reason"] == "CHECKSUM"


def test_verify_exits_with_1_when_what_is_pinned_is_not_there(
    movierec: Movierec, artifacts: Path
) -> None:
    change_activation(artifacts / "control", lambda now: now.to_pin(9))

    done = movierec("artifacts", "verify", str(artifacts))

    assert done.exit_code == 1
    assert done.stdout.splitlines()[-2:] == [
        "version 9, pinned, is to serve",
        "version 9 is pinned, and is not there",
    ]


def test_verify_says_of_an_activation_that_is_none_only_that(
    movierec: Movierec, artifacts: Path
) -> None:
    path = artifacts / "control" / "activation.json"
    path.parent.mkdir()
    path.write_text("{")

    done = movierec("artifacts", "verify", str(artifacts))

    assert done.exit_code == 1
    assert done.stdout.splitlines()[2].startswith(f"{path} is no activation: ")
    assert "is to serve" not in done.stdout


def test_verify_looks_at_another_control_folder_if_it_is_told_or_set(
    movierec: Movierec,
    artifacts: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    elsewhere = tmp_path_factory.mktemp("control")
    change_activation(elsewhere, lambda now: now.to_pin(9))

    by_flag = movierec("artifacts", "verify", str(artifacts), "--control-dir", str(elsewhere))
    monkeypatch.setenv("MOVIEREC_CONTROL_DIR", str(elsewhere))
    by_variable = movierec("artifacts", "verify", str(artifacts))

    assert by_flag.exit_code == by_variable.exit_code == 1
    assert "version 9 is pinned, and is not there" in by_flag.stdout


def test_verify_as_json_tells_the_kinds_apart(movierec: Movierec, artifacts: Path) -> None:
    (artifacts / "versions" / "latest").mkdir()
    change_activation(artifacts / "control", lambda now: now.to_pin(2).to_label("stable", 1))

    done = movierec("artifacts", "verify", str(artifacts), "--json")

    first, second, stray, control = objects(done.stdout)
    assert done.exit_code == 0
    assert first == {
        "version": 1,
        "good": True,
        "reason": "",
        "message": "",
        "movie_count": 6,
        "dim": 2,
        "size_bytes": first["size_bytes"],
        "held_back": False,
        "kind": "version",
    }
    assert second["version"] == 2
    assert (stray["kind"], stray["name"]) == ("stray", "latest")
    assert control == {
        "path": str(artifacts / "control" / "activation.json"),
        "generation": 2,
        "pinned": 2,
        "labels": {"stable": 1},
        "problems": [],
        "kind": "control",
    }


def test_a_version_that_is_not_there_is_a_sentence(movierec: Movierec, artifacts: Path) -> None:
    for command in (["verify", str(artifacts), "7"], ["diff", str(artifacts), "1", "7"]):
        done = movierec("artifacts", *command)

        assert (done.exit_code, done.stderr) == (
            1,
            f"there is no version 7 in {artifacts}: there are 1, 2\n",
        )


RANKING = {
    "user_count": 96,
    "recall_at_20": 0.25,
    "recall_at_50": 0.5,
    "ndcg_at_100": 0.375,
    "ndcg_at_100_standard_error": 0.01,
    "coverage": 0.625,
    "coverage_standard_error": 0.05,
    "popularity_rank": 1234.5,
}


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """Two versions of 24 films on a circle, of which the first changes sides."""
    titles = [f"Film {number}{' of a long title' * (number % 5)} (1999)" for number in range(24)]
    angles = [*range(12), *range(90, 102)]
    publish(tmp_path, publication(titles, angles))
    publish(tmp_path, publication([*titles[:23], "An evil\x1b[2J title"], [95.4, *angles[1:]]))
    return tmp_path


def test_diff_prints_movies_neighbours_and_figures_within_80_columns(
    movierec: Movierec, changed: Path
) -> None:
    versions = changed / "versions"
    change_manifest(versions / "1", metrics={"ranking": RANKING})
    change_manifest(
        versions / "2", metrics={"ranking": RANKING | {"ndcg_at_100": 0.5}, "rmse": 0.8}
    )

    done = movierec("artifacts", "diff", str(changed), "1", "2", "-n", "1")

    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[:2] == [
        "movies in both versions: 24; only in 1: 0; only in 2: 0",
        f"neighbour overlap@10: {lines[1].split()[-1]}",
    ]
    assert lines[3:13] == [
        "changed most: the overlap, and neighbours lost (-) and gained (+), nearest first",
        "0.0  Film 0 (1999)",
        "     - Film 1 of a long title (1999)",
        "     - Film 2 of a long title of a long title (1999)",
        "     - Film 3 of a long title of a long title of a long title (1999)",
        "     - 7 more",
        "     + Film 17 of a long title of a long title (1999)",
        "     + Film 18 of a long title of a long title of a long title (1999)",
        "     + Film 16 of a long title (1999)",
        "     + 7 more",
    ]
    assert [" ".join(line.split()) for line in lines[14:]] == [
        "version 1 version 2 difference",
        "NDCG@100 0.375 ±0.010 0.500 ±0.010 +0.125",
        "Recall@20 0.250 0.250 +0.000",
        "Recall@50 0.500 0.500 +0.000",
        "NDCG@100 from one - - -",
        "coverage 62.5 ±5.0 % 62.5 ±5.0 % +0.0 %",
        "mean rank 1,234.5 1,234.5 +0.0",
        "RMSE in stars - 0.800 -",
    ]


def test_diff_names_the_best_known_movies_that_only_one_version_has(
    movierec: Movierec, tmp_path: Path
) -> None:
    titles = [f"Film {number} (1999)" for number in range(9)]
    publish(tmp_path, publication(titles, range(9)))
    publish(tmp_path, publication(["Film 0 (1999)"], [0]))
    change_manifest(tmp_path / "versions" / "2", dataset="ml")

    done = movierec("artifacts", "diff", str(tmp_path), "1", "2")

    lines = done.stdout.splitlines()
    assert lines[:7] == [
        "movies in both versions: 1; only in 1: 8; only in 2: 0",
        *(f"only in 1: Film {number} (1999)" for number in range(1, 6)),
        "only in 1: 3 more, less known",
    ]
    assert "overlap" not in done.stdout
    assert lines[-1] == (
        "note: trained on other data, by-hand and ml: the figures are not of the same people"
    )


def test_diff_as_json_is_one_object_with_every_neighbour(movierec: Movierec, changed: Path) -> None:
    done = movierec("artifacts", "diff", str(changed), "1", "2", "--json")

    (found,) = objects(done.stdout)
    assert (found["before"], found["after"], found["common_count"]) == (1, 2, 24)
    assert 0.8 < found["overlap"] < 1
    first = found["most_changed"][0]
    assert (first["movie_id"], first["overlap"]) == (10, 0.0)
    assert len(first["lost"]) == len(first["gained"]) == 10
    assert first["lost"][0] == {"movie_id": 20, "title": "Film 1 of a long title (1999)"}
    assert found["figures"][0] == {
        "name": "ndcg_at_100",
        "before": None,
        "before_standard_error": None,
        "after": None,
        "after_standard_error": None,
        "difference": None,
    }


def test_titles_in_a_diff_are_safe_for_a_terminal(movierec: Movierec, changed: Path) -> None:
    done = movierec("artifacts", "diff", str(changed), "1", "2", "-n", "24")

    assert "\x1b" not in done.stdout
    assert r"An evil\x1b[2J title" in done.stdout
