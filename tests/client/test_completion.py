"""Completion, as shells ask for it; and what it takes to start."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.client_drivers import Movierec

COMMAND = [sys.executable, "-m", "movierec_client"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("movierec re", {"recommend", "replay"}),
        ("movierec artifacts ", {"verify", "diff", "gc"}),
        ("movierec recommend --popularity", {"--popularity-discount"}),
        ("movierec health ", {"trainer", "recommender"}),
        ("movierec completion ", {"bash", "zsh", "fish"}),
        ("movierec download ml-latest", {"ml-latest-small"}),
        ("movierec recommend heat --combination ", {"weighted_mean", "best_match"}),
    ],
)
def test_bash_is_told_commands_flags_and_values(words: str, expected: set[str]) -> None:
    asked = {
        "_MOVIEREC_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    done = subprocess.run(
        COMMAND, env={**os.environ, **asked}, capture_output=True, text=True, check=False
    )

    assert set(done.stdout.split()) == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_what_is_printed_is_a_script_of_that_shell(
    movierec: Movierec, tmp_path: Path, shell: str
) -> None:
    done = movierec("completion", shell)

    assert done.exit_code == 0
    assert "_MOVIEREC_COMPLETE" in done.stdout
    if found := shutil.which(shell):
        script = tmp_path / "script"
        script.write_text(done.stdout, encoding="utf-8")
        subprocess.run([found, "-n", str(script)], check=True)


def test_another_shell_is_refused_with_the_legal_ones(movierec: Movierec) -> None:
    done = movierec("completion", "tcsh")

    assert done.exit_code == 2
    assert "'bash', 'zsh', 'fish'" in done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["recommend", "--help"], ["train", "--help"]])
def test_help_is_there_without_what_takes_long_to_import(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "movierec_client", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )

    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not imported & {"grpc", "asyncio", "rich.console", "google.protobuf", "http.client"}
