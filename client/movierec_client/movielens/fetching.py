"""Fetches a large file, and takes it up where it broke off."""

import re
from collections.abc import Mapping

from movierec_client.errors import DownloadError
from movierec_client.movielens.partial import Partial
from movierec_client.movielens.transfers import BrokenError, StatusError, opened
from movierec_client.movielens.watching import Watcher

_CHUNK_BYTES = 1 << 16
_MOST_BYTES = 1 << 30  # The largest archive has a quarter of it.
_MOST_TRIES = 20
_MOST_IN_VAIN = 2
_RANGE = re.compile(r"bytes (?P<first>[0-9]{1,15})-[0-9]{1,15}/(?:(?P<total>[0-9]{1,15})|\*)")
_RANGE_NOT_SATISFIABLE = 416


class _OtherFileError(Exception):
    """The rest that the server has is not that of what has arrived."""


def fetch(url: str, partial: Partial, *, timeout_s: float, watcher: Watcher) -> None:
    """Fetches what a partial file lacks.

    What breaks off is taken up at once, until two tries in a row bring nothing more. What has
    become another file meanwhile begins anew.

    Args:
        url: The file.
        partial: Where it goes, and what there is of it.
        timeout_s: For how long the server may say nothing.
        watcher: Is told how it goes on.

    Raises:
        DownloadError: It did not arrive as a whole; what has arrived is kept.
    """
    most, idle, changes = partial.size, 0, 0
    for _ in range(_MOST_TRIES):
        if partial.is_whole:
            return
        try:
            _take(url, partial, timeout_s, watcher)
        except _OtherFileError:
            watcher.note(f"{url} is another file by now: it is downloaded anew")
            partial.clear()
            why, changes, most = "it changes", changes + 1, 0
        except StatusError as error:
            raise DownloadError(f"{error.message}{_kept(partial)}") from error
        except BrokenError as error:
            why = str(error)
            idle = 0 if partial.size > most else idle + 1
            most = max(most, partial.size)
        else:
            return
        if _MOST_IN_VAIN in (idle, changes):
            break
    raise DownloadError(
        f"{url} cannot be fetched as a whole ({why}){_kept(partial) or ': try again'}"
    )


def _take(url: str, partial: Partial, timeout_s: float, watcher: Watcher) -> None:
    """Takes what one answer brings."""
    asked = partial.range_headers()
    try:
        with opened(url, asked, timeout_s) as response:
            promised = _begin(partial, response, asked)
            _check_size(url, partial)
            watcher.stage("downloading", partial.size, partial.total)
            while promised is None or promised:
                some = response.read1(min(_CHUNK_BYTES, promised or _CHUNK_BYTES))
                if not some:
                    break
                partial.write(some)
                if promised is not None:
                    promised -= len(some)
                if partial.size > _MOST_BYTES:
                    _check_size(url, partial)
                watcher.advance(partial.size)
    except StatusError as error:
        if error.status == _RANGE_NOT_SATISFIABLE and asked:
            raise _OtherFileError from error
        raise
    if partial.total is not None and not partial.is_whole:
        raise BrokenError("it broke off")


def _begin(partial: Partial, response: object, asked: Mapping[str, str]) -> int | None:
    """Makes the file ready for an answer; returns how many bytes it promises, if it does."""
    status, headers = response.status, response.headers  # type: ignore[attr-defined]
    promised: int | None = response.length  # type: ignore[attr-defined]
    if status != 206:
        partial.begin(headers, promised)
    else:
        found = _RANGE.match(headers.get("Content-Range") or "")
        total = int(found["total"]) if found and found["total"] else None
        if not asked:
            raise BrokenError("a part was sent that was not asked for")
        if (
            not found
            or int(found["first"]) != partial.size
            or not partial.continues(headers, total)
        ):
            raise _OtherFileError
        if total is not None:
            partial.know_total(total)
    return promised


def _check_size(url: str, partial: Partial) -> None:
    size = max(partial.size, partial.total or 0)
    if size > _MOST_BYTES:
        partial.clear()
        raise DownloadError(
            f"{url} has more than {_MOST_BYTES:,} bytes, which no archive of GroupLens has: check "
            f"the address"
        )
    if partial.total:
        partial.need_room(partial.total - partial.size)


def _kept(partial: Partial) -> str:
    if not partial.size:
        return ""
    of_all = f" of {partial.total:,}" if partial.total else ""
    has_come = f"; {partial.size:,}{of_all} bytes"
    if not partial.range_headers():
        return f"{has_come} have come; the same command begins anew, since the server tells no ETag"
    return f"{has_come} are kept, and the same command goes on from there"
