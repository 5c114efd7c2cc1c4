"""The log of recommendations: a line of JSON for each answer, written beside the calls."""

import json
import logging
import queue
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from google.protobuf import json_format

from movierec.chassis.boundary import code_of
from movierec.chassis.errors import ServiceError
from movierec.v1 import recommender_pb2 as pb
from recommender_service.artifact.trouble import Trouble
from recommender_service.service.error_table import ERROR_TABLE
from recommender_service.service.replies import Reply

MOST_WAITING_BYTES = 16 * 1024 * 1024
"""Of lines that wait to be written; when the file is slower than that, further ones are lost."""

LARGEST_REFUSED_BYTES = 16 * 1024
"""Of a request that has no answer; a larger one is told by its size, so that nobody fills the disk
with what was refused."""

log = logging.getLogger(__name__)


class RecommendationLog:
    """Writes lines in a thread of its own, so that no call waits for a disk.

    A line holds `time`, `version`, `request` (the one that would have the same answer again,
    in the JSON form of `RecommendRequest`), `latency_ms` (until the last message was handed
    over), and either `movie_ids` (in order of rank) or `code` and `reason` of the error. Of a
    large request that was refused only the size is told, as `request_bytes`.

    Args:
        path: The file, which lines are added to; it may be moved away at any time.

    Raises:
        OSError: It cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with path.open("ab"):  # refused at the start rather than noticed later
                pass
        except OSError as error:
            raise OSError(
                f"MOVIEREC_RECOMMENDATION_LOG: {path} cannot be written: {error.strerror or error}"
            ) from error
        self._trouble = Trouble(f"{path} can be written again")
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._waiting_bytes = 0
        self._counting = threading.Lock()
        self._lost = 0
        self._thread = threading.Thread(target=self._write, name="recommendation log", daemon=True)
        self._thread.start()

    def answered(self, version: int, reply: Reply, seconds: float) -> None:
        """Notes an answer."""
        self._put(
            f'{{{_facts(version, reply.request, seconds)}, "movie_ids": {list(reply.movie_ids)}}}\n'
        )

    def failed(
        self, version: int, request: pb.RecommendRequest, error: ServiceError, seconds: float
    ) -> None:
        """Notes a request that has no answer, as it came, but for the version."""
        asked = pb.RecommendRequest()
        size_bytes = request.ByteSize()
        if size_bytes <= LARGEST_REFUSED_BYTES:
            asked.CopyFrom(request)
        asked.version.number = version
        text = as_json(asked)
        code = json.dumps(code_of(error, ERROR_TABLE).name)
        reason = json.dumps(error.reason)
        size = "" if size_bytes <= LARGEST_REFUSED_BYTES else f', "request_bytes": {size_bytes}'
        self._put(
            f'{{{_facts(version, text, seconds)}{size}, "code": {code}, "reason": {reason}}}\n'
        )

    def close(self) -> None:
        """Writes what waits, and ends."""
        self._lines.put(None)
        self._thread.join()

    def _put(self, line: str) -> None:
        encoded = line.encode("utf-8", "replace")
        with self._counting:
            if self._waiting_bytes + len(encoded) > MOST_WAITING_BYTES:
                self._lost += 1
                return
            self._waiting_bytes += len(encoded)
        self._lines.put(encoded)

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            lines = [line]
            is_over = False
            while not self._lines.empty() and not is_over:
                following = self._lines.get()
                is_over = following is None
                lines += [following] if following is not None else []
            self._append(lines)
            with self._counting:
                self._waiting_bytes -= sum(map(len, lines))
            if is_over:
                return

    def _append(self, lines: list[bytes]) -> None:
        content = b"".join(lines)
        try:
            # Anew each time: somebody may have moved it. And through a buffer that all fits into,
            # so that it is one write: other workers add lines too.
            with self._path.open("ab", buffering=len(content) + 1) as file:
                file.write(content)
        except OSError as error:
            self._lost += len(lines)
            self._trouble.begins(f"{self._path} cannot be written: {error.strerror or error}")
        else:
            self._trouble.ends()
        if self._lost:
            log.warning("%d lines of %s are lost", self._lost, self._path)
            self._lost = 0


def as_json(request: pb.RecommendRequest) -> str:
    """A request as a line holds it."""
    return json_format.MessageToJson(
        request, preserving_proto_field_name=True, indent=None, ensure_ascii=False
    )


def _facts(version: int, request: str, seconds: float) -> str:
    facts: dict[str, Any] = {"time": datetime.now(UTC).isoformat(), "version": version}
    text = json.dumps(facts)[1:-1]
    return f'{text}, "request": {request}, "latency_ms": {seconds * 1000:.3f}'
