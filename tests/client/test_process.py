"""The command as a process of its own: pipes, terminals and Ctrl-C."""

import os
import pty
import re
import signal
import subprocess
import sys
import termios
import threading
from pathlib import Path

import pytest

from movierec.v1 import recommender_pb2, trainer_pb2
from support.known_messages import PROGRESS_MESSAGE, event, fleet
from support.scripted_servers import Script, ScriptedServer, never_ending

COMMAND = [sys.executable, "-m", "movierec_client"]
RUNNING = event(
    trainer_pb2.RUN_STATE_RUNNING,
    phase=trainer_pb2.RUN_PHASE_FITTING,
    progress=PROGRESS_MESSAGE,
)
PATIENCE_S = 60
SUCCEEDED = event(trainer_pb2.RUN_STATE_SUCCEEDED, 2, version=4)


@pytest.fixture
def environment(server: ScriptedServer) -> dict[str, str]:
    return {
        **os.environ,
        "MOVIEREC_TRAINER": server.address,
        "MOVIEREC_RECOMMENDER": server.address,
        "COLUMNS": "80",
        "TERM": "xterm",
    }


def test_the_version_is_that_of_the_distribution() -> None:
    done = subprocess.run([*COMMAND, "--version"], capture_output=True, text=True, check=True)

    assert re.fullmatch(r"movierec \d+\.\d+\.\d+\S*\n", done.stdout)


def test_an_unreachable_server_is_a_sentence_and_no_traceback() -> None:
    done = subprocess.run(
        [*COMMAND, "recommend", "heat", "--recommender", "127.0.0.1:1"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("the recommender at 127.0.0.1:1 cannot be reached")
    assert done.stderr.count("\n") == 1


def test_a_reader_that_has_seen_enough_does_not_cause_a_traceback(
    script: Script, environment: dict[str, str]
) -> None:
    movies = [recommender_pb2.Recommendation(rank=i, title="x" * 200) for i in range(1000)]
    script.on("Recommend", [recommender_pb2.RecommendResponse(recommendations=movies)])
    process = subprocess.Popen(
        [*COMMAND, "recommend", "heat", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
    )
    assert process.stdout
    assert process.stderr
    with process, process.stdout, process.stderr:
        process.stdout.readline()
        process.stdout.close()

        assert "Traceback" not in process.stderr.read()


def test_ctrl_c_while_training_says_that_the_run_goes_on(
    script: Script, environment: dict[str, str]
) -> None:
    script.on("Train", never_ending(RUNNING))
    process = subprocess.Popen(
        [*COMMAND, "train", "ml", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
    )
    assert process.stdout
    with process:
        process.stdout.readline()  # The first event has arrived.
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate()

    assert process.returncode == 130
    assert complaint == (
        "leaving does not end run r1: `movierec follow r1` shows it, `movierec cancel r1` ends it\n"
    )


def test_ctrl_c_while_waiting_says_that_the_version_is_published(
    script: Script, environment: dict[str, str]
) -> None:
    waiting = threading.Event()

    def answer(_request: object, _context: object) -> recommender_pb2.ListVersionsResponse:
        waiting.set()
        return fleet(3)

    script.on("Train", [SUCCEEDED])
    script.on("ListVersions", answer)
    process = subprocess.Popen(
        [*COMMAND, "train", "ml", "--wait", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
    )
    with process:
        assert waiting.wait(PATIENCE_S)
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate()

    assert process.returncode == 130
    assert complaint == "version 4 is published: `movierec versions` shows where it serves\n"


def shown_on_a_terminal(
    arguments: list[str], environment: dict[str, str], width: int = 80
) -> tuple[int | None, str]:
    """Runs a command on a terminal; returns its status and all that it has written."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, width))
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
        env={**environment, "COLUMNS": str(width)},
    )
    os.close(theirs)
    shown = b""
    try:
        while some := os.read(ours, 4096):
            shown += some
    except OSError:  # How Linux says that the other end of a terminal is closed.
        pass
    finally:
        os.close(ours)
    process.communicate()
    return process.returncode, shown.decode()


def plain(shown: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)


def test_on_a_terminal_training_shows_a_bar_with_its_figures(
    script: Script, environment: dict[str, str]
) -> None:
    script.on("Train", [RUNNING, SUCCEEDED])

    status, shown = shown_on_a_terminal(["train", "ml"], environment)

    assert status == 0
    assert re.search(r"epoch 2/3 \S+ loss 1\.2500  1\.0k ratings/s  1 min 30 s left", plain(shown))
    assert "version 4 is published" in shown


@pytest.mark.parametrize("command", ["train", "follow"])
def test_on_a_narrow_terminal_the_bar_keeps_rate_and_time_left(
    script: Script, environment: dict[str, str], command: str
) -> None:
    script.on("Train", [RUNNING, SUCCEEDED])
    script.on("FollowRun", [RUNNING, SUCCEEDED])

    _, shown = shown_on_a_terminal([command, "r1"], environment, width=40)

    lines = re.split(r"[\r\n]", plain(shown))
    assert re.search(r"epoch 2/3 \S+ 1\.0k/s  1 min 30 s left", plain(shown))
    assert max(len(line) for line in lines if line.startswith("epoch")) <= 40


@pytest.mark.parametrize("variable", ["NO_COLOR", "TERM"])
def test_colours_are_off_where_they_are_not_wanted(
    script: Script, environment: dict[str, str], variable: str
) -> None:
    movie = recommender_pb2.Recommendation(rank=1, title="Heat (1995)", score=0.5)
    header = recommender_pb2.RecommendHeader()
    answer = recommender_pb2.RecommendResponse(header=header, recommendations=[movie])
    coloured = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9\d)")
    script.on("Recommend", [answer])

    _, with_colours = shown_on_a_terminal(["recommend", "heat"], environment)
    off = {**environment, variable: "dumb"}
    _, without = shown_on_a_terminal(["recommend", "heat"], off)

    assert coloured.search(with_colours)
    assert not coloured.search(without)
    assert plain(without) == plain(with_colours)


def test_a_log_that_is_asked_again_ends_though_the_answers_are_logged_in_it(
    script: Script, environment: dict[str, str], tmp_path: Path
) -> None:
    line = '{"request": {"seeds": [{"movie_id": 1}]}, "movie_ids": [5]}\n'
    log = tmp_path / "recommendations.jsonl"
    log.write_text(line * 3, encoding="utf-8")

    def answer(_request: object, _context: object) -> list[recommender_pb2.RecommendResponse]:
        with log.open("a", encoding="utf-8") as file:
            file.write(line)
        movies = [recommender_pb2.Recommendation(rank=1, movie_id=5)]
        return [
            recommender_pb2.RecommendResponse(
                header=recommender_pb2.RecommendHeader(), recommendations=movies
            )
        ]

    script.on("Recommend", answer)
    with log.open("rb") as stdin:
        done = subprocess.run(
            [*COMMAND, "replay", "-", "--json"],
            stdin=stdin,
            capture_output=True,
            env=environment,
            timeout=PATIENCE_S,
            check=True,
        )
    assert done.stdout.count(b'"same": true') == 3
    assert len(log.read_text(encoding="utf-8").splitlines()) == 6
