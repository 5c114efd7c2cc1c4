"""The command that writes a sample, with a stand-in for the trainer's code."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from support.client_drivers import Movierec


def test_sample_without_the_trainers_packages_says_what_to_install(
    movierec: Movierec, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "trainer_service.sample", None)

    done = movierec("sample", str(tmp_path))

    assert done.exit_code == 1
    assert done.stderr == (
        "movierec sample needs the trainer's packages: pip install 'movierec[trainer]'\n"
    )


@dataclass
class SampleSummary:
    folder: Path
    user_count: int
    movie_count: int
    rating_count: int


def test_sample_hands_on_what_it_was_told_and_says_that_ratings_are_simulated(
    movierec: Movierec, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[Any] = []

    def write_sample(folder: Path, **options: Any) -> SampleSummary:
        calls.append((folder, options))
        if options["seed"] < 0:
            raise ValueError("seed is -1; legal is 0 or above")
        return SampleSummary(folder, user_count=10, movie_count=20, rating_count=3000)

    module = ModuleType("trainer_service.sample")
    vars(module)["write_sample"] = write_sample
    monkeypatch.setitem(sys.modules, "trainer_service.sample", module)

    done = movierec("sample", str(tmp_path), "--scale", "0.5", "--seed", "3")
    as_json = movierec("sample", str(tmp_path), "--json")
    refused = movierec("sample", str(tmp_path), "--seed", "-1")

    assert calls[:2] == [(tmp_path, {"scale": 0.5, "seed": 3}), (tmp_path, {"seed": 0})]
    assert json.loads(as_json.stdout)["folder"] == str(tmp_path)
    assert done.stdout == f"{tmp_path}: 3,000 simulated ratings of 20 movies by 10 users\n"
    assert (refused.exit_code, refused.stderr) == (1, "seed is -1; legal is 0 or above\n")
