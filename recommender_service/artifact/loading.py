"""Loads a version: reads each file once, and believes none of them unchecked."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recommender_service.allocator import give_back_freed_blocks
from recommender_service.artifact.embeddings import EMBEDDINGS, embeddings_of
from recommender_service.artifact.files import digest_of, read_shared
from recommender_service.artifact.manifest import Manifest, parse_manifest, read_manifest
from recommender_service.artifact.movies import MOVIES, movies_of
from recommender_service.catalogue.catalogue import AmbiguousNameError, Catalogue
from recommender_service.errors import BadVersionError
from recommender_service.memory import SharedMemory
from recommender_service.query.index import MovieIndex
from recommender_service.query.version import Version


def load_version(folder: Path) -> Version:
    """Loads a version into memory of its own, checks all of it, and warms it up.

    It may run in a thread beside others: it holds them up for a few
    milliseconds at a time at most, however many movies there are.

    Args:
        folder: The version's folder, whose name is its number.

    Raises:
        BadVersionError: It must not be served: MISSING (a file), UNREADABLE (a
            file that this process may not read), CHECKSUM (size or digest),
            FORMAT, or VALUES (not finite, not of unit length, a movie twice).
        OSError: The volume does not answer as it should, or there is not as much
            memory.
    """
    manifest = read_manifest(folder)
    for name in manifest.files.keys() - {EMBEDDINGS, MOVIES}:  # of a later writer
        _check_digest(name, digest_of(folder / name, manifest.files[name].size_bytes), manifest)
    file_of = partial(_read, folder, manifest)
    return assemble(int(folder.name), manifest.content, file_of, datetime.now(UTC))


def assemble(
    number: int, content: bytes, file_of: Callable[[str], SharedMemory], load_time: datetime
) -> Version:
    """A version of its files, checked but for digests, and warmed up; also in a thread.

    Args:
        number: Its number.
        content: Of its manifest.
        file_of: Gives a file by its name, once; called in two threads.
        load_time: When, with a time zone.

    Raises:
        BadVersionError: It must not be served: FORMAT, or VALUES.
    """
    try:
        return _assemble(number, content, file_of, load_time)
    finally:
        give_back_freed_blocks()


def _assemble(
    number: int, content: bytes, file_of: Callable[[str], SharedMemory], load_time: datetime
) -> Version:
    manifest = parse_manifest(content)
    shape = (manifest.movie_count, manifest.dim)

    def read_embeddings(name: str) -> tuple[SharedMemory, NDArray[np.float32]]:
        file = file_of(name)
        return file, embeddings_of(file.content, shape)

    # To read and check numbers takes no lock of Python's for long, and to find names does.
    with ThreadPoolExecutor(1, "embeddings") as beside:
        # No future: with its error it would keep this frame, and all its memory, in a circle.
        reading = beside.map(read_embeddings, [EMBEDDINGS])
        try:
            movies_file = file_of(MOVIES)
            movies = movies_of(movies_file, manifest.movie_count)
            catalogue = Catalogue(movies)
        finally:  # what is wrong with the embeddings is said before what is with the movies
            ((embeddings_file, embeddings),) = reading
    version = Version(
        number=number,
        manifest=content,
        catalogue=catalogue,
        index=MovieIndex(embeddings, movies.movie_ids),
        load_time=load_time,
        create_time=manifest.create_time.ToDatetime(UTC),
        files={EMBEDDINGS: embeddings_file, MOVIES: movies_file},
    )
    _warm_up(version)
    return version


def _read(folder: Path, manifest: Manifest, name: str) -> SharedMemory:
    entry = manifest.files.get(name)
    if entry is None:
        raise BadVersionError("FORMAT", f"the manifest does not name {name}")
    content, sha256 = read_shared(folder / name, entry.size_bytes)
    _check_digest(name, sha256, manifest)
    return content


def _check_digest(name: str, sha256: str, manifest: Manifest) -> None:
    if sha256 != manifest.files[name].sha256:
        raise BadVersionError("CHECKSUM", f"{name} is not what the manifest's digest says")


def _warm_up(version: Version) -> None:
    """Answers a query and a look-up once, so that no request is the first one."""
    version.index.first(version.index.cosines(version.index.embeddings[0]), 1)
    version.popularity  # noqa: B018  # worked out when it is first asked for
    with suppress(AmbiguousNameError):
        title = version.catalogue.movie(0).title
        version.catalogue.row_of_text(title)
        version.catalogue.search(title)
