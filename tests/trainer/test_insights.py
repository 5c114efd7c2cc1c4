"""Reports, asked of a real trainer: real processes, real files."""

import asyncio
import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from movierec.v1 import trainer_pb2 as pb
from support.damage import change_manifest
from support.datasets import write_two_tastes
from support.mounts import Volume, volume
from support.processes import report_processes
from support.servers import DEADLINE_S, until
from support.trainers import Stub, reason_of, said, train, trainer
from support.versions import publish_by_hand
from trainer_service.artifact.layout import report_dir, version_dir
from trainer_service.errors import TooManyReportsError
from trainer_service.runs import reporting
from trainer_service.runs.datasets import DatasetFolder
from trainer_service.runs.reporting import MOST_WAITING, Reporter
from trainer_service.runs.store import RunStore

__all__ = ["volume"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trainer")
    write_two_tastes(folder / "data" / "tastes")
    (folder / "data" / "nothing").mkdir()
    empty = folder / "data" / "empty"
    empty.mkdir()
    (empty / "movie.csv").write_text("movieId,title,genres\n")
    (empty / "rating.csv").write_text("")
    return folder


@pytest.fixture(scope="module")
def stub(folder: Path) -> Iterator[Stub]:
    with trainer(folder, reports=True) as stub:
        yield stub


@pytest.fixture(scope="module")
def version(stub: Stub, folder: Path) -> int:
    """A version whose report was made by itself."""
    number = train(stub)[-1].version
    until(report_dir(folder / "artifacts", number).is_dir, bool)
    return number


def asked(stub: Stub, **fields: object) -> dict[str, bytes]:
    """The files of a report, by their names; each is what was said of it."""
    files: dict[str, bytes] = {}
    abouts = {}
    request = pb.GetInsightsRequest(**fields)  # type: ignore[arg-type]  # named per test
    for answer in stub.GetInsights(request, timeout=DEADLINE_S):
        if answer.HasField("file"):
            abouts[answer.file.name] = answer.file
            files[answer.file.name] = b""
        files[list(files)[-1]] += answer.content
        assert len(answer.content) <= 256 * 1024
    for name, content in files.items():
        assert len(content) == abouts[name].size_bytes
        assert hashlib.sha256(content).hexdigest() == abouts[name].sha256
    return files


def refused(stub: Stub, **fields: object) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        asked(stub, **fields)
    return caught.value


def test_a_run_leaves_a_report_beside_its_version_with_one_on_its_data(
    stub: Stub, folder: Path, version: int
) -> None:
    there = {path.name for path in report_dir(folder / "artifacts", version).iterdir()}
    assert {"version.html", "version.json", "version-loss.svg", "dataset.html"} <= there
    assert {path.name for path in version_dir(folder / "artifacts", version).iterdir()} == {
        "manifest.json",
        "embeddings.npy",
        "movies.csv",
    }
    files = asked(stub, version=version)
    assert set(files) == there
    assert b'href="dataset.html"' in files["version.html"]
    assert b'"loss": [' in files["version.json"]


def test_a_report_that_is_not_there_is_made_when_it_is_asked_for(
    stub: Stub, folder: Path, version: int
) -> None:
    report = report_dir(folder / "artifacts", version)
    report.rename(folder / "away")
    files = asked(stub, version=version)
    assert (report / "version.html").read_bytes() == files["version.html"]
    assert [path.name for path in report.parent.iterdir()] == [report.name], "nothing is staged"


def test_a_data_set_is_looked_at_without_a_run(stub: Stub) -> None:
    files = asked(stub, dataset="tastes", min_ratings=70)
    assert {"dataset.html", "dataset.json", "dataset-per-movie.svg"} <= set(files)
    assert b"more than 70 ratings" in files["dataset.html"]


def test_what_cannot_be_looked_at_is_refused_by_the_one_table(stub: Stub) -> None:
    for fields, code, reason in (
        ({}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"),
        ({"version": 0}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"),
        ({"dataset": "../x"}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"),
        ({"dataset": "tastes", "min_ratings": -1}, grpc.StatusCode.INVALID_ARGUMENT, None),
        ({"dataset": "nowhere"}, grpc.StatusCode.FAILED_PRECONDITION, "DATASET_NOT_FOUND"),
        ({"dataset": "nothing"}, grpc.StatusCode.FAILED_PRECONDITION, "DATASET_NOT_FOUND"),
        ({"dataset": "empty"}, grpc.StatusCode.FAILED_PRECONDITION, "MALFORMED_FILE"),
        ({"version": 99}, grpc.StatusCode.NOT_FOUND, "VERSION_NOT_FOUND"),
    ):
        error = refused(stub, **fields)
        assert error.code() is code, fields
        assert reason is None or reason_of(error) == reason


def test_a_version_that_is_damaged_is_data_loss(stub: Stub, folder: Path) -> None:
    number = publish_by_hand(folder / "artifacts")
    embeddings = version_dir(folder / "artifacts", number) / "embeddings.npy"
    embeddings.write_bytes(embeddings.read_bytes()[:-1] + b"\0")

    error = refused(stub, version=number)

    assert error.code() is grpc.StatusCode.DATA_LOSS
    assert f"version {number} is damaged" in said(error)
    change_manifest(embeddings.parent, dataset="another")
    assert refused(stub, version=number).code() is grpc.StatusCode.DATA_LOSS


def test_a_report_that_fails_fails_no_run(tmp_path: Path) -> None:
    write_two_tastes(tmp_path / "data" / "tastes")
    artifacts = tmp_path / "artifacts"
    artifacts.mkdir()
    (artifacts / "reports").write_text("in the way")
    with trainer(tmp_path, reports=True) as stub:
        assert train(stub)[-1].state == pb.RUN_STATE_SUCCEEDED
        assert refused(stub, version=1).code() is grpc.StatusCode.FAILED_PRECONDITION


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("reports", "which versions have no report cannot be told: Not a directory"),
        (
            "versions/1/manifest.json",
            "the report on version 1 could not be made: its manifest is none",
        ),
    ],
)
def test_why_a_version_has_no_report_is_a_sentence_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, named: str, said: str
) -> None:
    publish_by_hand(tmp_path)
    (tmp_path / named).write_text("in the way")

    async def scenario() -> None:
        reporter = Reporter(
            store=RunStore(tmp_path / "runs"),
            datasets=DatasetFolder(tmp_path / "data"),
            artifacts_dir=tmp_path,
            by_itself=True,
        )
        reporter.start()
        await asyncio.to_thread(until, lambda: caplog.text, bool)
        await reporter.stop()

    asyncio.run(scenario())
    assert said in caplog.text
    assert "Traceback" not in caplog.text


def test_a_volume_without_room_for_a_report_is_named_and_keeps_its_version(
    tmp_path: Path, volume: Volume, caplog: pytest.LogCaptureFixture
) -> None:
    number = publish_by_hand(volume.path)
    reports = report_dir(volume.path, number).parent
    with trainer(tmp_path, artifacts_dir=volume.path, runs_dir=tmp_path / "runs") as stub:
        error = refused(stub, version=number)
        assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert reason_of(error) == "STORAGE_FAILED"
        assert f"in {reports}: No space left on device; see that there is room" in said(error)
        assert "Traceback" not in caplog.text
        assert list(reports.iterdir()) == [], "nothing is staged"

        volume.resize("8m")
        assert "version.html" in asked(stub, version=number)


def test_the_process_gives_way_to_others_and_goes_with_the_call_that_wanted_it(stub: Stub) -> None:
    call = stub.GetInsights(pb.GetInsightsRequest(dataset="tastes"), timeout=DEADLINE_S)
    reader = threading.Thread(target=lambda: list_of(call))
    reader.start()
    (process,) = until(report_processes, bool)
    until(lambda: os.getpriority(os.PRIO_PROCESS, process), lambda priority: priority == 19)
    call.cancel()
    reader.join()
    until(report_processes, lambda processes: not processes)


def list_of(call: object) -> None:
    try:
        for _ in call:  # type: ignore[attr-defined]  # what gRPC returns
            pass
    except grpc.RpcError:
        return


def test_more_calls_than_may_wait_are_refused_and_told_when_to_come_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> list[object]:
        going_on = asyncio.Event()

        async def endless(_job: object) -> None:
            await going_on.wait()
            raise TooManyReportsError("enough", retry_after_s=0)

        monkeypatch.setattr(reporting, "_made", endless)
        reporter = Reporter(
            store=RunStore(tmp_path),
            datasets=DatasetFolder(folder / "data"),
            artifacts_dir=tmp_path,
            by_itself=False,
        )
        calls = [
            asyncio.create_task(reporter.on_dataset("tastes", 5)) for _ in range(MOST_WAITING + 2)
        ]
        done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        going_on.set()
        await asyncio.gather(*calls, return_exceptions=True)
        return [task.exception() for task in done]

    (error,) = asyncio.run(scenario())
    assert isinstance(error, TooManyReportsError)
    assert error.retry_after_s
    assert f"{MOST_WAITING} wait" in error.message
