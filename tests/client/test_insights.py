"""Reports as the client takes them: whole files under plain names, or none at all."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

import movierec_client as mc
from movierec.v1 import trainer_pb2 as pb
from movierec_client import insights
from movierec_client.insights import Insights
from support.client_drivers import Driver, Movierec
from support.scripted_servers import Script

FILES = {
    "dataset.html": b"<html>" + b"x" * 1_000,
    "dataset.json": b'{"mean": 3.5}',
    "version.html": b"<html>",
    "version-map.svg": b"",
}


def parts(
    name: str, content: bytes, *, size: int | None = None, digest: str = "", each: int = 300
) -> list[pb.GetInsightsResponse]:
    """A file as a server sends it."""
    about = pb.InsightsFile(
        name=name,
        size_bytes=len(content) if size is None else size,
        sha256=digest or hashlib.sha256(content).hexdigest(),
    )
    rest = [content[start : start + each] for start in range(each, len(content), each)]
    first = pb.GetInsightsResponse(file=about, content=content[:each])
    return [first, *(pb.GetInsightsResponse(content=part) for part in rest)]


REPORT = [part for name, content in FILES.items() for part in parts(name, content)]


def test_files_come_whole_and_in_their_order(driver: Driver, script: Script) -> None:
    script.on("GetInsights", REPORT)

    found = driver.value(lambda client: client.insights("ml", min_ratings=50))

    assert dict(found.files) == FILES
    assert found.pages == ("version.html", "dataset.html")
    assert found.numbers == {"dataset": {"mean": 3.5}}
    assert script.requests == [pb.GetInsightsRequest(dataset="ml", min_ratings=50)]


def test_a_number_is_a_version(driver: Driver, script: Script) -> None:
    script.on("GetInsights", REPORT)
    driver.value(lambda client: client.insights(7))
    assert script.requests == [pb.GetInsightsRequest(version=7)]


@pytest.mark.parametrize(
    "name",
    [
        *("../evil.html", "/etc/passwd", "a/b.html", "a\\b.html", "..", ".", ".bashrc", "nul.svg"),
        *("C:x", "CON", "a\0b", "x" * 101, "a b.html", "ä.html"),
    ],
)
def test_a_name_that_is_not_plain_is_no_report(driver: Driver, script: Script, name: str) -> None:
    script.on("GetInsights", [*REPORT, *parts(name, b"x")])
    with pytest.raises(mc.ServerError, match="sent no report: a file of it is called"):
        driver.value(lambda client: client.insights("ml"))


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        (parts("a.html", b"abc", size=4), r"a.html has 3 of 4 bytes"),
        (parts("a.html", b"abc", size=4) + REPORT, r"a.html has 3 of 4 bytes"),
        (parts("a.html", b"abc", digest="0" * 64), r"a.html is not what its digest says"),
        (REPORT + parts("Dataset.HTML", b"x"), r"a file of it is called 'Dataset.HTML'"),
        ([pb.GetInsightsResponse(content=b"x")], r"it begins in the middle of a file"),
        ([], r"it has no file"),
    ],
)
def test_files_that_are_not_what_was_said_are_no_report(
    driver: Driver, script: Script, answers: list[Any], why: str
) -> None:
    script.on("GetInsights", answers)
    with pytest.raises(mc.ServerError, match=f"sent no report: {why}"):
        driver.value(lambda client: client.insights("ml"))


def test_an_endless_report_is_none(
    driver: Driver, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(insights, "MOST_BYTES", 900)
    script.on("GetInsights", REPORT)
    with pytest.raises(mc.ServerError, match="it has more than 900 bytes"):
        driver.value(lambda client: client.insights("ml"))
    monkeypatch.undo()
    monkeypatch.setattr(insights, "MOST_FILES", 3)
    with pytest.raises(mc.ServerError, match="it has more than 3 files"):
        driver.value(lambda client: client.insights("ml"))


def test_files_are_written_whole_and_replace_those_of_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "report"
    paths = Insights(FILES).write(folder)

    assert {path.name: path.read_bytes() for path in paths} == FILES
    Insights({"dataset.json": b"{}"}).write(folder)
    assert (folder / "dataset.json").read_bytes() == b"{}"
    assert len(list(folder.iterdir())) == len(FILES)


def test_of_a_file_that_cannot_be_written_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "dataset.json").mkdir()
    with pytest.raises(OSError, match=r"dataset\.json"):
        Insights(FILES).write(tmp_path)
    assert not list(tmp_path.glob(".*"))


def test_the_command_says_what_it_wrote_and_what_to_open(
    movierec: Movierec, script: Script, tmp_path: Path
) -> None:
    script.on("GetInsights", REPORT)
    folder = tmp_path / "out"

    done = movierec("insights", "ml", "-o", str(folder), "--min-ratings", "50")

    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        f"4 files, 1.0 kB, in {folder}",
        f"open {folder / 'version.html'}",
        f"open {folder / 'dataset.html'}",
    ]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES
    assert script.requests == [pb.GetInsightsRequest(dataset="ml", min_ratings=50)]


def test_the_command_tells_json_a_file_a_line(
    movierec: Movierec, script: Script, tmp_path: Path
) -> None:
    script.on("GetInsights", REPORT)
    done = movierec("insights", "7", "-o", str(tmp_path), "--json")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(Path(one["path"]).name, one["size_bytes"]) for one in told] == [
        (name, len(content)) for name, content in FILES.items()
    ]
    assert script.requests == [pb.GetInsightsRequest(version=7)]


def test_a_data_set_that_is_called_as_a_number_can_be_asked_for(
    movierec: Movierec, script: Script, tmp_path: Path
) -> None:
    script.on("GetInsights", REPORT)
    movierec("insights", "./7", "-o", str(tmp_path))
    assert script.requests == [pb.GetInsightsRequest(dataset="./7")]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("0",), "version is 0: give a version's number, which are 1 and up"),
        (("7", "--min-ratings", "5"), "--min-ratings is 5: give none with a version"),
    ],
)
def test_what_means_nothing_is_refused_before_anything_is_asked(
    movierec: Movierec, script: Script, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = movierec("insights", *arguments, "-o", str(tmp_path / "out"))
    assert done.exit_code != 0
    assert said in " ".join(done.stderr.split())
    assert script.requests == []


def test_the_command_says_what_stays_of_another_report(
    movierec: Movierec, script: Script, tmp_path: Path
) -> None:
    script.on("GetInsights", REPORT)
    for name in ("version-map.svg", "version-loss.svg", "my-version.svg", "notes.txt"):
        (tmp_path / name).write_text("")
    done = movierec("insights", "ml", "-o", str(tmp_path))
    assert done.exit_code == 0
    said = " ".join(done.stderr.split())
    assert said.startswith("1 files of another report stay in")
    assert "such as version-loss.svg: give each report a folder of its own" in said


def test_a_folder_that_takes_nothing_is_an_error_in_a_sentence(
    movierec: Movierec, script: Script, tmp_path: Path
) -> None:
    script.on("GetInsights", REPORT)
    (tmp_path / "file").write_text("")
    done = movierec("insights", "ml", "-o", str(tmp_path / "file"))
    assert done.exit_code == 1
    assert done.stderr.startswith(f"the report cannot be written to {tmp_path / 'file'} (")
    assert script.requests == []
