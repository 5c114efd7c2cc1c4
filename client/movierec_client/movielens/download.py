"""Brings a data set of GroupLens to a folder: fetched, checked, unpacked."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from movierec_client.errors import DownloadError
from movierec_client.movielens.datasets import DATASETS, Dataset
from movierec_client.movielens.fetching import fetch
from movierec_client.movielens.licence import licence_in, readme_in
from movierec_client.movielens.partial import Partial
from movierec_client.movielens.transfers import check_url, text_at
from movierec_client.movielens.unpacking import BadArchiveError, unpack
from movierec_client.movielens.watching import Watcher

_MD5 = re.compile(r"\b[0-9a-f]{32}\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A data set that lies in a folder.

    Args:
        name: The data set.
        folder: Where it lies.
        files: The names of its files.
        size_bytes: How large they are together.
        url: Where the archive is from; empty if the folder was there already.
        md5: The archive's MD5, if there was one to compare it with.
        licence: What its README says of its use.
    """

    name: str
    folder: Path
    files: tuple[str, ...]
    size_bytes: int
    url: str
    md5: str | None
    licence: str


def download(
    name: str, data_dir: Path, *, base_url: str, timeout_s: float, watcher: Watcher
) -> Downloaded:
    """Brings a data set to the folder DATA_DIR/NAME, which appears as a whole.

    Until then the archive grows in DATA_DIR/NAME.zip.part, and is gone on with if it is there.

    Args:
        name: One of `DATASETS`.
        data_dir: The folder to put it in; made if it is not there.
        base_url: Where NAME.zip is, and perhaps NAME.zip.md5.
        timeout_s: For how long the server may say nothing.
        watcher: Is told how it goes on.

    Raises:
        DownloadError: It could not be brought there; says what to do.
    """
    dataset = DATASETS.get(name)
    if not dataset:
        raise DownloadError(f"{name!r} is no data set to download; legal are {', '.join(DATASETS)}")
    url = f"{check_url(base_url)}/{name}.zip"
    folder = data_dir / name
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DownloadError(f"{data_dir} cannot be made ({error.strerror})") from error
    if _is_there(folder):
        return _told(name, folder, "", None)
    with Partial(data_dir / f"{name}.zip.part", url) as partial:
        if _is_there(folder):  # by now
            return _told(name, folder, "", None)
        md5 = _bring(dataset, url, partial, folder, timeout_s, watcher)
        partial.remove()
    return _told(name, folder, url, md5)


def _bring(  # noqa: PLR0917 - each is used once
    dataset: Dataset, url: str, partial: Partial, folder: Path, timeout_s: float, watcher: Watcher
) -> str | None:
    """Fetches, checks and unpacks; returns the MD5 that was compared, if there was one."""
    expected = _published_md5(dataset, url, timeout_s, watcher)
    while True:
        was_begun = partial.size > 0
        fetch(url, partial, timeout_s=timeout_s, watcher=watcher)
        try:
            _check(partial.path, expected)
            unpack(partial.path, dataset.name, folder, watcher)
        except BadArchiveError as error:
            partial.clear()
            if not was_begun:
                raise DownloadError(
                    f"{url} is not as it should be: {error}; it was thrown away: try again, or "
                    f"from another server (--from)"
                ) from error
            watcher.note(f"what was gone on with is no good: {error}; it is downloaded anew")
        else:
            return expected


def _published_md5(dataset: Dataset, url: str, timeout_s: float, watcher: Watcher) -> str | None:
    text = text_at(f"{url}.md5", timeout_s)
    if text is None:
        if dataset.md5 is None:
            watcher.note("no checksum is published; the archive's own ones (CRC-32) are compared")
        return dataset.md5
    found = _MD5.search(text)
    if not found:
        raise DownloadError(f"{url}.md5 holds no MD5: try again, or from another server (--from)")
    published = found[0].lower()
    if dataset.md5 not in (None, published):
        watcher.note(
            f"the checksum that is published is not the one that {dataset.name} had: this is "
            f"another edition of it"
        )
    return published


def _check(archive: Path, expected: str | None) -> None:
    if expected is None:
        return
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
    if digest.hexdigest() != expected:
        raise BadArchiveError(f"its MD5 is {digest.hexdigest()}, and {expected} is published")


def _is_there(folder: Path) -> bool:
    """Tells whether something is there, which is whole since it has its name.

    Raises:
        DownloadError: It is no data set.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    if not folder.is_dir() or not list(folder.glob("[Rr]atings.*")):
        raise DownloadError(
            f"{folder} is there, and holds no ratings: remove it, or give another folder"
        )
    return True


def _told(name: str, folder: Path, url: str, md5: str | None) -> Downloaded:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    readme = readme_in(folder)
    return Downloaded(
        name=name,
        folder=folder,
        files=tuple(path.name for path in files),
        size_bytes=sum(path.stat().st_size for path in files),
        url=url,
        md5=md5,
        licence=licence_in(readme) if readme else "",
    )
