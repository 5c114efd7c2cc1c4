"""Archives that are damaged, or hold what they should not."""

import io
import stat
import zipfile
from pathlib import Path

import pytest

from movierec_client.movielens.unpacking import BadArchiveError, unpack
from movierec_client.movielens.watching import Watcher
from support.archive_servers import archive, contents, tables


def unpacked(content: bytes, folder: Path) -> dict[str, bytes]:
    zipped = folder / "archive.zip"
    zipped.write_bytes(content)
    try:
        unpack(zipped, "ml-1m", folder / "ml-1m", Watcher())
    finally:
        zipped.unlink()
    return dict(contents(folder / "ml-1m"))


def with_entry(entry: zipfile.ZipInfo | str, data: bytes = b"x") -> bytes:
    content = io.BytesIO(archive("ml-1m"))
    with zipfile.ZipFile(content, "a") as opened:
        opened.writestr(entry, data)
    return content.getvalue()


@pytest.mark.parametrize(
    "name",
    [
        "../evil.csv",
        "ml-1m/../../evil.csv",
        "/evil.csv",
        "ml-1m\\evil.csv",
        "..\\evil.csv",
        "C:evil.csv",
        "ml-1m/C:evil.csv",
    ],
)
def test_an_entry_that_leads_elsewhere_is_refused_and_nothing_is_left(
    tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "inner"
    folder.mkdir()

    with pytest.raises(BadArchiveError, match="which leads elsewhere"):
        unpacked(with_entry(name), folder)

    assert [path.name for path in tmp_path.rglob("*")] == ["inner"]


def test_a_link_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("ml-1m/links.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16

    with pytest.raises(BadArchiveError, match=r"'ml-1m/links.csv', which leads elsewhere"):
        unpacked(with_entry(link, b"/etc/passwd"), tmp_path)

    assert not list(tmp_path.iterdir())


def test_what_lies_elsewhere_in_the_archive_is_not_taken(tmp_path: Path) -> None:
    for name in ("__MACOSX/ml-1m/._movies.csv", "ml-1m/deeper/file.csv", "other/movies.csv"):
        folder = tmp_path / name.replace("/", "_")
        folder.mkdir()
        assert unpacked(with_entry(name), folder) == tables()


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
@pytest.mark.parametrize("name", ["ml-1m/movies.csv", "ml-1m/MOVIES.csv"])
def test_a_file_that_is_there_twice_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadArchiveError, match="it holds a file twice"):
        unpacked(with_entry(name), tmp_path)


def test_more_files_than_a_data_set_has_are_refused(tmp_path: Path) -> None:
    many = {**tables(), **{f"{number}.csv": b"" for number in range(100)}}

    with pytest.raises(BadArchiveError, match="it holds more than 100 files"):
        unpacked(archive("ml-1m", many), tmp_path)


def test_a_size_that_is_told_and_not_true_is_refused_whichever_way_it_lies(tmp_path: Path) -> None:
    content = archive("ml-1m", {"movies.csv": b"1" * 1000, "ratings.csv": b"2" * 1000})
    true, central = (1000).to_bytes(4, "little"), content.rindex(b"PK\x01\x02")
    where = content.index(true, central)
    for lie in (10, 2000, 2**32 - 2):
        lying = content[:where] + lie.to_bytes(4, "little") + content[where + 4 :]
        with pytest.raises(BadArchiveError):
            unpacked(lying, tmp_path)
    assert not list(tmp_path.iterdir())


def test_more_bytes_than_any_data_set_has_are_refused_before_a_byte_is_written(
    tmp_path: Path,
) -> None:
    files = {"movies.csv": b"1" * 1000, **{f"{n}.csv": b"1" * 1000 for n in range(3)}}
    content = archive("ml-1m", files)
    true, lie = (1000).to_bytes(4, "little"), (2**32 - 2).to_bytes(4, "little")
    start = content.index(b"PK\x01\x02")

    with pytest.raises(BadArchiveError, match="or 8,589,934,592 bytes"):
        unpacked(content[:start] + content[start:].replace(true, lie), tmp_path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "it is damaged"),
        (b"<html>", "it is damaged"),
        (archive("ml-1m")[:-50], "it is damaged"),
        (archive("ml-20m"), "it holds no movies and ratings, but nothing"),
        (archive("ml-1m", {"a.csv": b""}), "it holds no movies and ratings, but a.csv"),
    ],
)
def test_what_is_no_data_set_is_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    with pytest.raises(BadArchiveError, match=expected):
        unpacked(content, tmp_path)

    assert not list(tmp_path.iterdir())
