"""A real HTTP server of archives on loopback, which can be told to misbehave."""

import hashlib
import io
import random
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Self

README = """Summary
=======

Some films.


Usage License
=============

Neither we nor anybody else vouches for these data.

* You may not sell them.


Citation
========

None.
"""


def tables(seed: int = 0, rating_count: int = 20_000) -> dict[str, bytes]:
    """The files of a small data set, of about as many random ratings as are asked for."""
    draw = random.Random(seed)  # noqa: S311 - nothing is to be kept secret
    ratings = ["userId,movieId,rating,timestamp"]
    ratings += [f"{draw.randint(1, 999)},1,{draw.randint(1, 5)},1" for _ in range(rating_count)]
    return {
        "movies.csv": b"movieId,title,genres\n1,Heat (1995),Crime\n",
        "ratings.csv": "\n".join(ratings).encode(),
        "README.txt": README.encode(),
    }


def archive(name: str, files: Mapping[str, bytes] | None = None) -> bytes:
    """A zip file with files in the folder NAME."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr(zipfile.ZipInfo(f"{name}/"), b"")
        for file, data in (tables() if files is None else files).items():
            opened.writestr(f"{name}/{file}", data)
    return content.getvalue()


@dataclass
class Asked:
    """A request that came, and how it is answered unless a test changes that.

    Args:
        path: What was asked for.
        headers: With what.
        status: The status to answer with.
        body: What is sent of the file.
        length: What is promised; None promises nothing.
        told: More headers of the answer.
        then: What is done before the connection ends.
    """

    path: str
    headers: Mapping[str, str]
    status: int
    body: bytes
    length: int | None
    told: dict[str, str] = field(default_factory=dict)
    then: Callable[[], object] = lambda: None


class ArchiveServer:
    """Serves files as a good server does: with ETag, Range and If-Range.

    To be used as a context manager.

    Attributes:
        files: By path, e.g. "/ml-1m.zip".
        changes: What becomes of the next answers for a path, one after the other.
        asked: What was asked for, in order.
        ranges: Whether parts are answered.
        if_range: Whether parts are answered only of what is unchanged.
        etags: Whether files have an ETag.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.changes: dict[str, list[Callable[[Asked], object]]] = {}
        self.asked: list[Asked] = []
        self.ranges = True
        self.if_range = True
        self.etags = True
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def publish(self, name: str, content: bytes, *, md5: bool = True) -> bytes:
        """Puts an archive up, with its checksum."""
        self.files[f"/{name}.zip"] = content
        self.files.pop(f"/{name}.zip.md5", None)
        if md5:
            digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
            self.files[f"/{name}.zip.md5"] = f"MD5 ({name}.zip) = {digest}\n".encode()
        return content

    def next(self, path: str, *changes: Callable[[Asked], object]) -> None:
        """Has the next answers for a path be changed, one by each."""
        self.changes.setdefault(path, []).extend(changes)

    def ranges_of(self, path: str) -> list[str | None]:
        """Which parts of a file were asked for."""
        return [asked.headers.get("Range") for asked in self.asked if asked.path == path]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = outer._answer(self.path, self.headers)
                outer.asked.append(asked)
                if waiting := outer.changes.get(self.path):
                    waiting.pop(0)(asked)
                self.send_response(asked.status)
                for header, value in asked.told.items():
                    self.send_header(header, value)
                if asked.length is not None:
                    self.send_header("Content-Length", str(asked.length))
                self.end_headers()
                self.wfile.write(asked.body)
                asked.then()

            def log_message(self, *said: Any) -> None:
                """Says nothing."""

        return Handler

    def _answer(self, path: str, headers: Any) -> Asked:
        content = self.files.get(path)
        if content is None:
            return Asked(path, dict(headers), 404, b"", 0)
        etag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"' if self.etags else ""
        told = {"ETag": etag} if etag else {}
        asked_range = headers.get("Range") if self.ranges else None
        if self.if_range and headers.get("If-Range") not in {None, etag}:
            asked_range = None
        if not asked_range:
            return Asked(path, dict(headers), 200, content, len(content), told)
        first = int(asked_range.removeprefix("bytes=").removesuffix("-"))
        if first >= len(content):
            told["Content-Range"] = f"bytes */{len(content)}"
            return Asked(path, dict(headers), 416, b"", 0, told)
        told["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
        rest = content[first:]
        return Asked(path, dict(headers), 206, rest, len(rest), told)


def breaks_off(after_bytes: int) -> Callable[[Asked], None]:
    """Sends so many bytes, and hangs up."""

    def change(asked: Asked) -> None:
        asked.body = asked.body[:after_bytes]

    return change


def says(status: int, **headers: str) -> Callable[[Asked], None]:
    """Answers with another status, and nothing."""

    def change(asked: Asked) -> None:
        asked.status, asked.body, asked.length = status, b"", 0
        asked.told = {name.replace("_", "-"): value for name, value in headers.items()}

    return change


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a folder."""
    return ((path.name, path.read_bytes()) for path in sorted(folder.iterdir()))
