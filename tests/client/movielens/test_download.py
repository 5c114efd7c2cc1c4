"""Downloads from a real server on loopback, which breaks off, lies, changes and fails."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request

import pytest

from movierec_client.errors import DownloadError
from movierec_client.movielens.download import Downloaded, download
from movierec_client.movielens.transfers import Redirects
from movierec_client.movielens.watching import Watcher
from support.archive_servers import (
    ArchiveServer,
    Asked,
    archive,
    breaks_off,
    contents,
    says,
    tables,
)
from support.mounts import Volume, volume

__all__ = ["volume"]

NAME = "ml-latest-small"
ZIP = f"/{NAME}.zip"


class Told(Watcher):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.stages: list[tuple[str, int, int | None]] = []
        self.done_bytes = 0

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)

    def stage(self, what: str, done_bytes: int, total_bytes: int | None) -> None:
        self.stages.append((what, done_bytes, total_bytes))

    def advance(self, done_bytes: int) -> None:
        self.done_bytes = done_bytes


@pytest.fixture
def archives() -> Iterator[ArchiveServer]:
    with ArchiveServer() as archives:
        archives.publish(NAME, archive(NAME))
        yield archives


@pytest.fixture
def told() -> Told:
    return Told()


def fetched(archives: ArchiveServer, folder: Path, told: Watcher, name: str = NAME) -> Downloaded:
    return download(name, folder, base_url=archives.url, timeout_s=30, watcher=told)


def refused(archives: ArchiveServer, folder: Path, told: Watcher, name: str = NAME) -> str:
    """Downloads what cannot be; returns the sentence. Nothing may have its final name."""
    with pytest.raises(DownloadError) as caught:
        fetched(archives, folder, told, name)
    assert not (folder / name).exists()
    assert not list(folder.glob(".*"))
    return caught.value.message


def test_a_data_set_lies_in_a_folder_of_its_name_and_nothing_else_is_left(
    archives: ArchiveServer, tmp_path: Path, told: Told
) -> None:
    found = fetched(archives, tmp_path / "new" / "data", told)

    folder = tmp_path / "new" / "data" / NAME
    assert dict(contents(folder)) == tables()
    assert list(folder.parent.iterdir()) == [folder]
    assert found.files == ("README.txt", "movies.csv", "ratings.csv")
    assert found.size_bytes == sum(map(len, tables().values()))
    assert found.md5
    assert found.md5 in archives.files[f"{ZIP}.md5"].decode()
    assert found.licence.startswith("Neither we nor anybody else")
    assert found.licence.endswith("* You may not sell them.")
    size = len(archives.files[ZIP])
    assert told.stages == [("downloading", 0, size), ("unpacking", 0, found.size_bytes)]
    assert told.done_bytes == found.size_bytes
    assert not told.notes


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


@pytest.mark.parametrize("md5", [True, False])
def test_wrong_bytes_are_refused_and_thrown_away(
    archives: ArchiveServer, tmp_path: Path, told: Told, *, md5: bool
) -> None:
    right = archive(NAME)
    archives.publish(NAME, right, md5=md5)
    archives.files[ZIP] = right[:20_000] + bytes(100) + right[20_100:]

    said = refused(archives, tmp_path, told)

    assert ("its MD5 is" if md5 else "it is damaged") in said
    assert not (tmp_path / f"{NAME}.zip.part").read_bytes()


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


def test_without_a_published_checksum_that_is_said_or_the_known_one_holds(
    archives: ArchiveServer, tmp_path: Path, told: Told
) -> None:
    archives.publish(NAME, archive(NAME), md5=False)
    archives.publish("ml-1m", archive("ml-1m"), md5=False)

    assert fetched(archives, tmp_path, told).md5 is None
    said = refused(archives, tmp_path, told, "ml-1m")

    assert told.notes == [
        "no checksum is published; the archive's own ones (CRC-32) are compared",
    ]
    assert "c4d9eecfca2ab87c1945afe126590906 is published" in said


def test_another_edition_of_a_fixed_data_set_is_taken_and_named(
    archives: ArchiveServer, tmp_path: Path, told: Told
) -> None:
    archives.publish("ml-1m", archive("ml-1m"))

    fetched(archives, tmp_path, told, "ml-1m")

    assert told.notes[0].endswith("this is another edition of it")


@pytest.mark.parametrize(
    ("path", "status", "expected"),
    [
        (ZIP, 404, "is not there (the server says 404 Not Found): check the address"),
        (ZIP, 500, "cannot be fetched now (the server says 500 Internal Server Error): try again"),
        (ZIP, 403, "cannot be fetched now (the server says 403 Forbidden)"),
        (f"{ZIP}.md5", 503, ".md5 cannot be fetched now (the server says 503 Service"),
    ],
)
def test_a_server_that_refuses_is_a_sentence_with_what_to_do(  # noqa: PLR0917 - fixtures
    archives: ArchiveServer, tmp_path: Path, told: Told, path: str, status: int, expected: str
) -> None:
    archives.next(path, says(status))

    assert expected in refused(archives, tmp_path, told)


def test_an_error_in_the_middle_keeps_what_has_arrived(
    archives: ArchiveServer, tmp_path: Path, told: Told
) -> None:
    archives.next(ZIP, breaks_off(30_000), says(500))

    assert "30,000 of" in refused(archives, tmp_path, told)
    assert fetched(archives, tmp_path, told).url
    assert archives.ranges_of(ZIP)[-1] == "bytes=30000-"


def test_redirects_are_followed_also_for_a_rest_but_not_for_ever_nor_to_files(
    archives: ArchiveServer, tmp_path: Path, told: Told
) -> None:
    archives.files["/elsewhere.zip"] = archives.files[ZIP]
    to_elsewhere = says(302, Location="/elsewhere.zip")
    archives.next(ZIP, to_elsewhere, to_elsewhere)
    archives.next("/elsewhere.zip", breaks_off(30_000))
    fetched(archives, tmp_path / "followed", told)
    assert archives.ranges_of("/elsewhere.zip") == [None, "bytes=30000-"]

    archives.next(ZIP, *[says(302, Location=ZIP)] * 20)
    assert "leads nowhere that is followed" in refused(archives, tmp_path / "loop", told)
    archives.changes.clear()
    archives.next(ZIP, says(302, Location=f"file://{tmp_path}/secret"))
    assert "leads nowhere that is followed (the server says 302 Found)" in refused(
        archives, tmp_path / "file", told
    )


def test_a_redirect_out_of_tls_is_not_followed() -> None:
    request = Request("https://files.example/ml-1m.zip")

    with pytest.raises(DownloadError, match="is not followed: it is not https"):
        Redirects().redirect_request(request, None, 302, "Found", {}, "http://files.example/x")


def test_a_checksum_that_is_none_is_refused(
    archives: ArchiveServer, tmp_path: Path, told: Told
) -> None:
    archives.files[f"{ZIP}.md5"] = b"<html>Please log in</html>"

    assert "holds no MD5" in refused(archives, tmp_path, told)


def test_nobody_at_the_address_is_a_sentence(tmp_path: Path, told: Told) -> None:
    with ArchiveServer() as gone:
        pass

    assert "cannot be fetched (Connection refused): try again" in refused(gone, tmp_path, told)


@pytest.mark.parametrize(
    "url", ["file:///etc", "ftp://host/x", "grouplens.org", "http://", "http://[x", "http://h:x/"]
)
def test_an_address_that_is_none_is_a_sentence_that_names_a_legal_one(
    tmp_path: Path, told: Told, url: str
) -> None:
    with pytest.raises(DownloadError, match="is no address to download from: give https://HOST"):
        download(NAME, tmp_path, base_url=url, timeout_s=30, watcher=told)


def test_an_unknown_name_is_a_sentence_with_the_legal_ones(tmp_path: Path, told: Told) -> None:
    with pytest.raises(DownloadError) as caught:
        download("ml-10m", tmp_path, base_url="http://127.0.0.1:1", timeout_s=30, watcher=told)

    assert caught.value.message == (
        "'ml-10m' is no data set to download; legal are ml-latest-small, ml-1m, ml-20m, ml-25m, "
        "ml-32m"
    )


def test_what_is_there_already_is_not_downloaded_again_nor_overwritten(
    archives: ArchiveServer, tmp_path: Path, told: Told
) -> None:
    fetched(archives, tmp_path, told)
    asked = len(archives.asked)

    again = fetched(archives, tmp_path, told)
    (tmp_path / "ml-1m").write_text("mine", encoding="utf-8")
    with pytest.raises(DownloadError, match="is there, and holds no ratings: remove it"):
        fetched(archives, tmp_path, told, "ml-1m")

    assert (again.url, len(archives.asked)) == ("", asked)


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


def test_a_disk_without_room_is_said_before_anything_is_fetched(
    archives: ArchiveServer, volume: Volume, told: Told
) -> None:
    volume.resize("32k")

    said = refused(archives, volume.path, told)

    assert f"{volume.path} has room for " in said
    assert said.endswith("make room or give another folder")


def test_a_disk_that_fills_up_keeps_what_has_arrived_and_goes_on_when_there_is_room(
    archives: ArchiveServer, volume: Volume, told: Told
) -> None:
    def promise_nothing(asked: Asked) -> None:
        asked.length = None

    volume.resize("32k")
    archives.next(ZIP, promise_nothing)
    said = refused(archives, volume.path, told)
    kept = (volume.path / f"{NAME}.zip.part").stat().st_size
    volume.resize("2m")
    fetched(archives, volume.path, told)

    assert "cannot be written (No space left on device)" in said
    assert kept > 0
    assert archives.ranges_of(ZIP) == [None, f"bytes={kept}-"]
    assert dict(contents(volume.path / NAME)) == tables()


def test_room_for_the_archive_alone_keeps_the_archive(
    archives: ArchiveServer, volume: Volume, told: Told
) -> None:
    volume.resize("200k")
    said = refused(archives, volume.path, told)
    volume.resize("2m")
    fetched(archives, volume.path, told)

    assert "more are needed: make room" in said
    assert archives.ranges_of(ZIP) == [None]


def test_a_folder_that_may_not_be_written_is_a_sentence(
    archives: ArchiveServer, volume: Volume, told: Told
) -> None:
    volume.be_read_only()

    said = refused(archives, volume.path, told)

    assert "cannot be written (Read-only file system)" in said
