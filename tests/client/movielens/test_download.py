"""Downloads from a real server on loopback, which fails, lies and redirects."""

from pathlib import Path
from urllib.request import Request

import pytest

from movierec_client.errors import DownloadError
from movierec_client.movielens.download import download
from movierec_client.movielens.transfers import Redirects
from support.archive_servers import (
    ArchiveServer,
    Asked,
    archive,
    breaks_off,
    contents,
    says,
    tables,
)
from support.downloads import NAME, ZIP, Told, fetched, refused
from support.mounts import Volume, volume

__all__ = ["volume"]


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


@pytest.mark.parametrize("md5", [True, False])
def test_wrong_bytes_are_refused_and_thrown_away(
    archives: ArchiveServer, tmp_path: Path, told: Told, *, md5: bool
) -> None:
    right = archive(NAME)
    archives.publish(NAME, right, md5=md5)
    archives.files[ZIP] = right[:20_000] + bytes(100) + right[20_100:]

    said = refused(archives, tmp_path, told)

    assert ("its MD5 is" if md5 else "it is damaged") in said
    assert not (tmp_path / f"{NAME}.zip.part").exists()


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
    assert {path.name for path in tmp_path.iterdir()} == {NAME, "ml-1m"}


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
