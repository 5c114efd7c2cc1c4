"""Downloads that break off, and go on with what has arrived and nothing else."""

import json
import os
from pathlib import Path
from threading import Event

import pytest

from movierec_client.errors import DownloadError
from movierec_client.movielens.download import download
from support.archive_servers import (
    ArchiveServer,
    Asked,
    archive,
    breaks_off,
    contents,
    says,
    tables,
)
from support.client_drivers import Movierec
from support.downloads import NAME, ZIP, Told, fetched, refused


def test_what_breaks_off_is_taken_up_where_it_was(
    archives: ArchiveServer, tmp_path: Path, told: Told
) -> None:
    archives.next(ZIP, breaks_off(30_000), breaks_off(10_000))

    fetched(archives, tmp_path, told)

    assert dict(contents(tmp_path / NAME)) == tables()
    assert archives.ranges_of(ZIP) == [None, "bytes=30000-", "bytes=40000-"]
    etag = archives.asked[1].told["ETag"]
    assert [asked.headers.get("If-Range") for asked in archives.asked[2:]] == [etag, etag]


def test_what_stays_broken_is_kept_and_the_next_call_goes_on(
    archives: ArchiveServer, tmp_path: Path, told: Told
) -> None:
    archives.next(ZIP, breaks_off(30_000), breaks_off(0), breaks_off(0))

    said = refused(archives, tmp_path, told)
    fetched(archives, tmp_path, told)

    size = len(archives.files[ZIP])
    assert "cannot be fetched as a whole (it broke off); 30,000 of" in said
    assert said.endswith(f"{size:,} bytes are kept, and the same command goes on from there")
    assert archives.ranges_of(ZIP)[-1] == "bytes=30000-"
    assert dict(contents(tmp_path / NAME)) == tables()


def test_what_cannot_be_gone_on_with_is_not_said_to_be(
    archives: ArchiveServer, tmp_path: Path, told: Told
) -> None:
    archives.etags = False
    archives.next(ZIP, *[breaks_off(30_000)] * 3)

    said = refused(archives, tmp_path, told)

    assert said.endswith("have come; the same command begins anew, since the server tells no ETag")


def test_of_what_brought_nothing_nothing_is_left(
    archives: ArchiveServer, tmp_path: Path, told: Told
) -> None:
    archives.next(ZIP, *[breaks_off(0)] * 2)

    refused(archives, tmp_path, told)

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("if_range", [True, False], ids=["If-Range", "Range alone"])
@pytest.mark.parametrize("same_size", [True, False])
def test_what_changed_between_two_calls_is_not_glued_together(
    archives: ArchiveServer, tmp_path: Path, told: Told, *, if_range: bool, same_size: bool
) -> None:
    archives.if_range = if_range
    old = archive(NAME, {**tables(), "ratings.csv": b"1,1,5\n" * 10_000 + os.urandom(50_000)})
    new_tables = tables(seed=1)
    new = archive(NAME, new_tables)
    old = new[:40_000][::-1] + new[40_000:] if same_size else old
    archives.publish(NAME, old, md5=False)
    archives.next(ZIP, breaks_off(30_000), breaks_off(0), breaks_off(0))
    refused(archives, tmp_path, told)
    archives.publish(NAME, new, md5=False)

    fetched(archives, tmp_path, told)

    assert dict(contents(tmp_path / NAME)) == new_tables
    assert not [note for note in told.notes if "no good" in note]  # It never came to that.


def test_a_server_that_answers_no_parts_sends_all_again(
    archives: ArchiveServer, tmp_path: Path, told: Told
) -> None:
    archives.ranges = False
    archives.next(ZIP, breaks_off(30_000))

    fetched(archives, tmp_path, told)

    assert archives.ranges_of(ZIP) == [None, "bytes=30000-"]
    assert dict(contents(tmp_path / NAME)) == tables()


def test_without_anything_to_know_it_by_a_file_is_not_gone_on_with(
    archives: ArchiveServer, tmp_path: Path, told: Told
) -> None:
    archives.etags = False
    archives.next(ZIP, breaks_off(30_000))

    fetched(archives, tmp_path, told)

    assert archives.ranges_of(ZIP) == [None, None]


def test_another_part_than_was_asked_for_is_not_added(
    archives: ArchiveServer, tmp_path: Path, told: Told
) -> None:
    def shift(asked: Asked) -> None:
        first, rest = asked.told["Content-Range"].removeprefix("bytes ").split("-", 1)
        asked.told["Content-Range"] = f"bytes {int(first) - 1}-{rest}"

    archives.next(ZIP, breaks_off(30_000), shift)

    fetched(archives, tmp_path, told)

    assert dict(contents(tmp_path / NAME)) == tables()
    assert told.notes == [f"{archives.url}{ZIP} is another file by now: it is downloaded anew"]


@pytest.mark.parametrize("length", ["longer", "none"])
def test_a_length_that_is_longer_or_missing_is_found_out(
    archives: ArchiveServer, tmp_path: Path, told: Told, length: str
) -> None:
    def lie(asked: Asked) -> None:
        asked.length = len(asked.body) + 1000 if length == "longer" else None

    archives.next(ZIP, *[lie] * 9)

    if length == "longer":
        assert "cannot be fetched as a whole" in refused(archives, tmp_path, told)
    else:
        fetched(archives, tmp_path, told)
        assert dict(contents(tmp_path / NAME)) == tables()


@pytest.mark.parametrize("md5", [True, False])
def test_a_length_that_is_shorter_is_found_out_and_thrown_away(
    archives: ArchiveServer, tmp_path: Path, told: Told, *, md5: bool
) -> None:
    def lie(asked: Asked) -> None:
        asked.length = len(asked.body) - 10

    archives.publish(NAME, archive(NAME), md5=md5)
    archives.next(ZIP, lie)

    said = refused(archives, tmp_path, told)
    fetched(archives, tmp_path, told)

    assert ("its MD5 is" if md5 else "it is damaged") in said
    assert "it was thrown away: try again" in said
    assert archives.ranges_of(ZIP) == [None, None]


def test_wrong_bytes_of_an_earlier_call_cost_one_more_download_and_no_error(
    archives: ArchiveServer, tmp_path: Path, told: Told
) -> None:
    archives.next(ZIP, breaks_off(30_000), breaks_off(0), breaks_off(0))
    refused(archives, tmp_path, told)
    part = tmp_path / f"{NAME}.zip.part"
    part.write_bytes(bytes(len(part.read_bytes())))

    fetched(archives, tmp_path, told)

    assert dict(contents(tmp_path / NAME)) == tables()
    assert told.notes[0].startswith("what was gone on with is no good: its MD5 is ")
    assert archives.ranges_of(ZIP)[-2:] == ["bytes=30000-", None]


def test_an_error_in_the_middle_keeps_what_has_arrived(
    archives: ArchiveServer, tmp_path: Path, told: Told
) -> None:
    archives.next(ZIP, breaks_off(30_000), says(500))

    assert "30,000 of" in refused(archives, tmp_path, told)
    assert fetched(archives, tmp_path, told).url
    assert archives.ranges_of(ZIP)[-1] == "bytes=30000-"


def test_two_downloads_of_the_same_at_a_time_do_not_mix(
    archives: ArchiveServer, tmp_path: Path, told: Told
) -> None:
    said: list[str] = []

    def meanwhile(_asked: Asked) -> None:
        said.append(refused(archives, tmp_path, Told()))

    archives.next(ZIP, meanwhile)

    fetched(archives, tmp_path, told)

    assert said[0].endswith("is being downloaded by another process: wait for it to end")
    assert dict(contents(tmp_path / NAME)) == tables()


def test_what_another_server_has_sent_is_not_gone_on_with(
    archives: ArchiveServer, tmp_path: Path, told: Told
) -> None:
    archives.next(ZIP, breaks_off(30_000), breaks_off(0), breaks_off(0))
    refused(archives, tmp_path, told)

    with ArchiveServer() as other:
        other.publish(NAME, archive(NAME))
        fetched(other, tmp_path, told)
        assert other.ranges_of(ZIP) == [None]


@pytest.mark.parametrize("facts", ["", "[]", "{", '{"url": 1}'])
def test_facts_that_are_damaged_begin_anew(
    archives: ArchiveServer, tmp_path: Path, told: Told, facts: str
) -> None:
    (tmp_path / f"{NAME}.zip.part").write_bytes(b"x" * 1000)
    (tmp_path / f"{NAME}.zip.part.json").write_text(facts, encoding="utf-8")

    fetched(archives, tmp_path, told)

    assert archives.ranges_of(ZIP) == [None]


def test_what_a_kill_left_whole_is_unpacked_without_being_fetched_again(
    archives: ArchiveServer, tmp_path: Path, told: Told
) -> None:
    content = archives.files[ZIP]
    (tmp_path / f"{NAME}.zip.part").write_bytes(content)
    facts = {"url": archives.url + ZIP, "total": len(content), "etag": "x", "last_modified": ""}
    (tmp_path / f"{NAME}.zip.part.json").write_text(json.dumps(facts), encoding="utf-8")
    (tmp_path / f".{NAME}.unpacking").mkdir()

    fetched(archives, tmp_path, told)

    assert archives.ranges_of(ZIP) == []
    assert dict(contents(tmp_path / NAME)) == tables()


def test_a_server_that_falls_silent_is_left_and_what_has_arrived_is_kept(
    archives: ArchiveServer, tmp_path: Path, told: Told
) -> None:
    ended = Event()

    def hang(asked: Asked) -> None:
        asked.body = asked.body[: 30_000 if asked.status == 200 else 0]
        asked.then = ended.wait

    archives.next(ZIP, hang, hang, hang)

    with pytest.raises(DownloadError) as caught:
        download(NAME, tmp_path, base_url=archives.url, timeout_s=0.3, watcher=told)
    ended.set()
    fetched(archives, tmp_path, told)

    assert "cannot be fetched as a whole (no answer in time); 30,000 of" in caught.value.message
    assert archives.ranges_of(ZIP)[-1] == "bytes=30000-"


def test_a_size_that_is_not_told_is_no_obstacle_to_showing_how_it_goes_on(
    movierec: Movierec, archives: ArchiveServer, tmp_path: Path
) -> None:
    def tell_no_length(asked: Asked) -> None:
        asked.length = None

    archives.next(ZIP, tell_no_length)

    done = movierec("download", NAME, str(tmp_path), "--from", archives.url)

    assert done.exit_code == 0
    assert "downloading\n" in done.stdout
