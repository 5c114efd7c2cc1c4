"""The bench of the model's quality: EASE is of the same users, and bad arguments get a sentence."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import main as bench
from bench.quality import main
from support.datasets import write_two_tastes

FAST = ("-s", "epochs=1", "-s", "dim=4", "-s", "co_liked_weight=0")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_two_tastes(tmp_path_factory.mktemp("data"), users=200)


def lines_of(results: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in results.read_text("utf-8").splitlines()]


def test_ease_is_measured_on_the_users_of_each_holdout_and_once_on_the_same_users(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results, plot = tmp_path / "new" / "quality.jsonl", tmp_path / "x.svg"
    more = ("-s", "holdout=0.2,0.3,0.2", "--folds", "1")
    main([str(folder), *FAST, *more, "-o", str(results), "--plot", str(plot)])
    lines = lines_of(results)
    assert [line["settings"]["holdout"] for line in lines] == [0.2, 0.3, 0.2]
    for line in lines:
        assert line["ease"]["user_count"] == line["ranking"]["user_count"]
        assert line["one_seed_ease"]["user_count"] == line["one_seed"]["user_count"]
        assert line["notes"] == []
    assert lines[0]["ease"] == lines[2]["ease"] != lines[1]["ease"]
    table = capsys.readouterr().out.splitlines()
    assert len(table) == 2 + len(lines)
    assert "holdout 0.3" in table[3]
    assert "±" not in "".join(table)  # one split does not tell how far others are from it
    assert plot.exists()


def test_of_several_splits_the_means_have_their_standard_errors(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "quality.jsonl"
    main([str(folder), *FAST, "-s", "holdout=0.2", "--folds", "2", "-o", str(results)])
    first, second = lines_of(results)
    assert (first["fold"], second["fold"]) == (0, 1)
    assert first["ease"] != second["ease"]
    ratios = [one["ranking"]["ndcg_at_100"] / one["ease"]["ndcg_at_100"] for one in (first, second)]
    half_way = abs(ratios[0] - ratios[1]) / 2
    assert f"| {sum(ratios) / 2:.3f} ± {half_way:.3f} |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("-s few_seeds", "few_seeds '' is not legal; legal is a number from 0 to 1"),
        ("-s few_seeds=x", "few_seeds 'x' is not legal; legal is a number from 0 to 1"),
        ("-s few_seeds=0.1,2", "few_seeds 2 is not legal; legal is a number from 0 to 1"),
        ("-s dims=3", "there is no setting 'dims'; there are epochs, dim, "),
        ("-s min_ratings=5", "min_ratings is not taken here: use --min-ratings"),
        ("-s holdout=0", "holdout 0 is not legal here; legal is a number from 0 to 0.4, but above"),
        ("--folds 0", "argument --folds: '0' is not legal; legal is a whole number from 1"),
        ("--min-ratings -1", "min_ratings -1 is not legal; legal is a whole number from 0"),
    ],
)
def test_bad_arguments_are_refused_with_what_is_legal(
    capsys: pytest.CaptureFixture[str], arguments: str, sentence: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["folder", *arguments.split()])
    assert sentence in capsys.readouterr().err


def test_data_that_leave_nothing_to_compare_are_refused_with_the_reason(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "quality.jsonl"
    with pytest.raises(SystemExit, match="1"):
        main([str(folder), *FAST, "-s", "holdout=0.0001", "-o", str(results)])
    assert "split 0 has nothing to compare: " in capsys.readouterr().err
    assert not results.exists()
    with pytest.raises(SystemExit, match="1"):
        main([str(tmp_path / "nowhere"), *FAST, "-o", str(results)])
    assert "nowhere" in capsys.readouterr().err


def test_no_rounds_are_refused_with_what_is_legal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        bench(["--rounds", "0"])
    assert "rounds is 0; legal is 1 or more" in capsys.readouterr().err
