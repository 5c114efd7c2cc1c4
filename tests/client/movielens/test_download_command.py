"""The command that downloads: what it prints, and how it is interrupted."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from movierec_client.movielens.datasets import DATASETS
from movierec_client.movielens.licence import licence_in
from support.archive_servers import ArchiveServer, Asked, archive, contents, tables
from support.client_drivers import Movierec
from support.datasets import REAL_DATA
from support.downloads import NAME, ZIP

PATIENCE_S = 60


@pytest.fixture(autouse=True)
def _address(archives: ArchiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOVIEREC_DOWNLOAD_URL", archives.url)


def test_it_says_the_terms_the_licence_and_what_to_do_next(
    movierec: Movierec, tmp_path: Path
) -> None:
    done = movierec("download", NAME, str(tmp_path))

    assert done.exit_code == 0
    first, *_, files, last = done.stdout.splitlines()
    assert first.startswith("MovieLens is GroupLens' (University of Minnesota), for research")
    assert "    * You may not sell them.\n" in done.stdout
    assert files == f"{tmp_path / NAME}: README.txt, movies.csv, ratings.csv; 198 kB"
    assert last == (
        f"with {tmp_path} as the trainer's data folder: movierec train {NAME} --min-ratings 50"
    )
    assert "\x1b" not in done.stdout


def test_as_json_it_is_one_object_and_the_rest_is_beside_it(
    movierec: Movierec, archives: ArchiveServer, tmp_path: Path
) -> None:
    archives.publish(NAME, archive(NAME), md5=False)

    done = movierec("download", NAME, str(tmp_path), "--json")

    told = json.loads(done.stdout)
    assert (told["folder"], told["md5"]) == (str(tmp_path / NAME), None)
    assert told["files"] == ["README.txt", "movies.csv", "ratings.csv"]
    assert "You may not sell them" in told["licence"]
    terms, note = done.stderr.splitlines()
    assert terms.startswith("MovieLens is GroupLens'")
    assert note.startswith("no checksum is published")


def test_a_large_file_has_a_line_each_tenth_where_there_is_no_terminal(
    movierec: Movierec, archives: ArchiveServer, tmp_path: Path
) -> None:
    archives.publish(NAME, archive(NAME, {**tables(), "tags.csv": os.urandom(12_000_000)}))

    done = movierec("download", NAME, str(tmp_path))

    lines = done.stdout.splitlines()
    assert "downloading 12 MB" in lines
    for stage in ("downloading", "unpacking"):
        said = [line for line in lines if line.startswith(f"{stage} ") and "%" in line]
        assert [line.split("%")[0] for line in said] == [
            f"{stage} {share} " for share in range(10, 101, 10)
        ]
        assert re.fullmatch(rf"{stage} 50 %: 6\.\d MB", said[4])


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["ml-10m", "data"], 1, ", ".join(DATASETS)),
        ([NAME, "data", "--from", "file:///etc"], 1, "is no address to download from"),
        ([NAME, "data", "--timeout", "0"], 2, "give seconds above 0"),
        ([NAME], 2, "Missing argument 'DIR'"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    movierec: Movierec, arguments: list[str], code: int, expected: str
) -> None:
    done = movierec("download", *arguments)

    assert done.exit_code == code
    assert expected in done.stderr


def test_ctrl_c_keeps_what_has_arrived_and_the_next_call_goes_on(
    archives: ArchiveServer, tmp_path: Path
) -> None:
    files = {**tables(), "tags.csv": os.urandom(12_000_000)}
    archives.publish(NAME, archive(NAME, files))
    ended = threading.Event()

    def hang(asked: Asked) -> None:
        asked.body = asked.body[:6_000_000]
        asked.then = lambda: ended.wait(PATIENCE_S)

    archives.next(ZIP, hang)
    command = [sys.executable, "-m", "movierec_client", "download", NAME, str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    with process:
        for line in process.stdout:
            if line.startswith("downloading 40 %"):
                process.send_signal(signal.SIGINT)
                break
        _, complaint = process.communicate()
        ended.set()
    kept = (tmp_path / f"{NAME}.zip.part").stat().st_size
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert process.returncode == 130
    assert complaint == "interrupted: the same command goes on from what has arrived\n"
    assert 4_800_000 <= kept <= 6_000_000
    assert archives.ranges_of(ZIP) == [None, f"bytes={kept}-"]
    assert re.search(r"downloading 12 MB, from (4\.[89]|5\.\d|6\.0) MB on", done.stdout)
    assert dict(contents(tmp_path / NAME)) == files


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="../shared/data is missing")
@pytest.mark.parametrize(
    ("name", "readme"), [("ml-1m", "README"), ("ml-latest-small", "README.txt")]
)
def test_the_licence_of_the_real_data_sets_is_found(name: str, readme: str) -> None:
    licence = licence_in(REAL_DATA / name / readme)

    assert licence.startswith("Neither the University of Minnesota")
    assert "commercial" in licence
    assert "Citation" not in licence
    assert "CITATION" not in licence
