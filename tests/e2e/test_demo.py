"""`make demo`'s path, with the processes that a user starts."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.datasets import REAL_DATA

ROOT = Path(__file__).resolve().parents[2]
DEMO = [sys.executable, str(ROOT / "deploy" / "demo.py")]
DEADLINE_S = 300.0


@pytest.fixture(autouse=True)
def compiled_as_for_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the tests' own flags for the compiler."""
    for name in ("XLA_FLAGS", "TF_XLA_FLAGS"):
        monkeypatch.delenv(name, raising=False)


def answers(output: str) -> list[list[str]]:
    """The titles of each list of recommendations, in order."""
    lists = output.split("==> movierec recommend")[1:]
    row = re.compile(r"^ *\d+  (.+?)  +-?\d\.\d{3} ", re.MULTILINE)
    return [row.findall(text) for text in lists]


def test_the_demo_trains_on_the_sample_and_finds_the_planted_taste() -> None:
    demo = subprocess.run(DEMO, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "simulated" in demo.stdout
    assert "version 1 serves on 1 of 1 replica" in demo.stdout
    one_film, two_films = answers(demo.stdout)
    assert "Toy Story 2 (1999)" in one_film[:3]
    assert len(one_film) == len(two_films) == 10
    assert not {"Toy Story (1995)"} & {*one_film, *two_films}


def test_the_demo_does_the_same_on_real_data() -> None:
    data = REAL_DATA / "ml-latest-small"
    if not data.is_dir():
        pytest.skip(f"there is no {data.name} in ../shared/data")
    demo = subprocess.run(
        [*DEMO, "--data", str(data), "--min-ratings", "50"],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    said = demo.stdout
    assert demo.returncode == 0, said + demo.stderr
    one_film, two_films = answers(said)
    ours, popularity = (
        float(found)
        for found in re.findall(r"^(?:this model|popularity) +(\S+)", said, re.MULTILINE)
    )
    assert ours > 1.3 * popularity
    assert len(one_film) == len(two_films) == 10


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_demo_that_is_interrupted_stops_both_services_and_fails(number: int) -> None:
    demo = subprocess.Popen(
        DEMO,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    said = ""
    with demo:
        assert demo.stdout
        for line in demo.stdout:
            said += line
            if line.startswith("run "):  # the training is under way
                break
        os.killpg(demo.pid, number)  # what Ctrl-C does, and a terminal that is closed
        said += demo.stdout.read()
        assert demo.wait(DEADLINE_S) != 0
    assert "trainer stopped with status 0" in said
    assert "recommender stopped with status 0" in said
    assert "Traceback" not in said


def test_a_data_folder_that_is_not_there_is_said_and_fails(tmp_path: Path) -> None:
    demo = subprocess.run(
        [*DEMO, "--data", str(tmp_path / "nowhere")],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert demo.returncode == 1
    assert "there is no such folder" in demo.stderr
