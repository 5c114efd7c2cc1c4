"""Files are read up to a size, and what is no file is never waited for."""

import os
from pathlib import Path

import pytest

from movierec.control.files import NoFileError, opened_file, read_file


def test_a_file_is_read_up_to_the_largest_size_also_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("file")
    assert read_file(tmp_path / "link", 5) == b"12345"
    with pytest.raises(NoFileError, match=r"^link has 5 bytes, of which at most 4 are read$"):
        read_file(tmp_path / "link", 4)
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "missing", 4)


def test_a_pipe_is_not_read_although_somebody_writes_to_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    both_ends = os.open(tmp_path / "pipe", os.O_RDWR)
    os.write(both_ends, b"12345")
    with pytest.raises(NoFileError, match=r"^pipe is there, but is no file$"):
        read_file(tmp_path / "pipe", 5)
    os.close(both_ends)


def test_an_open_file_is_closed_also_by_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ZeroDivisionError), opened_file(tmp_path / "file") as file:
        raise ZeroDivisionError
    assert file.closed
