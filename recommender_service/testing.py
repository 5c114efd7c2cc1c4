"""A recommender inside the caller's process, with versions written down by hand; for tests.

It is the real one, on a free port. What a version is made of is the contract of the
files on the volume, so that no trainer is needed.
"""

import asyncio
import csv
import hashlib
import io
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from google.protobuf import json_format

from movierec.v1.artifact_pb2 import ArtifactManifest
from recommender_service.artifact.embeddings import EMBEDDINGS
from recommender_service.artifact.manifest import FORMAT, NAME
from recommender_service.artifact.movies import HEADER, MOVIES
from recommender_service.catalogue.movie import Movie
from recommender_service.service.building import Recommender
from recommender_service.settings import RecommenderSettings

POLL_INTERVAL_S = 0.05
PATIENCE_S = 60.0
NO_DIGEST = "0" * 64


def write_version(
    artifacts_dir: Path, movies: Sequence[Movie], vectors: Sequence[Sequence[float]]
) -> int:
    """Writes a version that a recommender of the volume takes up; returns its number.

    Args:
        artifacts_dir: The volume's folder; made if it is not there.
        movies: With ids that are all different, M of them.
        vectors: One for each, of any length but zero, (M, D).

    Raises:
        ValueError: There is no movie, or one twice, or a vector for none, or a vector that has no
            direction.
    """
    if len({len(vector) for vector in vectors}) != 1 or len(vectors) != len(movies):
        raise ValueError("give at least one movie, and each a vector of as many numbers")
    table = np.asarray(vectors, dtype=np.float64)
    if not table.size:
        raise ValueError("give at least one movie, and each a vector of as many numbers")
    seen: set[int] = set()
    for movie in movies:
        if movie.movie_id in seen:
            raise ValueError(f"there are two movies {movie.movie_id}: give each an id of its own")
        seen.add(movie.movie_id)
    lengths = np.linalg.norm(table, axis=1, keepdims=True)
    if not np.all(np.isfinite(lengths) & (lengths > 0)):
        raise ValueError("a vector has no direction: give one that is finite and not all zeros")
    versions = artifacts_dir / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    numbers = [int(path.name) for path in versions.iterdir() if path.name.isdigit()]
    number = max(numbers, default=0) + 1
    staging = versions / f".staging-by-hand-{number}"
    staging.mkdir()
    manifest = ArtifactManifest(
        format=FORMAT,
        version=number,
        run_id=f"by-hand-{number}",
        dataset="by-hand",
        dim=table.shape[1],
        movie_count=len(movies),
        digest=NO_DIGEST,
    )
    manifest.create_time.GetCurrentTime()
    files = {EMBEDDINGS: _npy((table / lengths).astype("<f4")), MOVIES: _csv(movies)}
    for name, content in files.items():
        (staging / name).write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        manifest.files.add(name=name, size_bytes=len(content), sha256=sha256)
    (staging / NAME).write_bytes(_signed(manifest))
    staging.rename(versions / str(number))
    return number


@contextmanager
def serving(artifacts_dir: Path | None, settings: Mapping[str, Any]) -> Iterator[str]:
    """Serves a volume from a thread of this process; yields the address.

    It is ready once it has looked at the volume and a version serves, if there is one.

    Args:
        artifacts_dir: The volume's folder; None takes a temporary one.
        settings: Those of the recommender that are to be others than usual.

    Raises:
        pydantic.ValidationError: A setting is not legal.
    """
    with TemporaryDirectory() as folder:
        volume = artifacts_dir or Path(folder)
        told = RecommenderSettings.model_validate(
            {
                "listen": "127.0.0.1:0",
                "artifacts_dir": volume,
                "poll_interval_s": POLL_INTERVAL_S,
                "shutdown_grace_s": 1.0,
                **settings,
            }
        )
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="movierec-testing", daemon=True)
        thread.start()
        try:
            service = _done(loop, _start(told))
            try:
                yield service.server.address
            finally:
                _done(loop, service.server.stop(service))
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(PATIENCE_S)
            with suppress(RuntimeError):  # It did not stop: it goes with the process.
                loop.close()


async def _start(settings: RecommenderSettings) -> Recommender:
    service = Recommender(settings)
    await service.server.start()
    await service.start()
    return service


def _done(loop: asyncio.AbstractEventLoop, work: Any) -> Any:
    return asyncio.run_coroutine_threadsafe(work, loop).result(PATIENCE_S)


def _npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _csv(movies: Sequence[Movie]) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(HEADER)
    for movie in movies:
        year = "" if movie.year is None else movie.year
        genres = "|".join(movie.genres)
        writer.writerow([movie.movie_id, movie.title, year, genres, movie.rating_count])
    return buffer.getvalue().encode()


def _signed(manifest: ArtifactManifest) -> bytes:
    """The manifest's bytes, with their own digest in place of the zeros."""
    text = json_format.MessageToJson(manifest, preserving_proto_field_name=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return text.replace(f'"{NO_DIGEST}"', f'"{digest}"').encode()
