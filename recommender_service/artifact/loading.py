"""Loads a version: reads each file once, and believes none of them unchecked."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

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
    files = {name: _read(folder, name, manifest) for name in (EMBEDDINGS, MOVIES)}
    for name in manifest.files.keys() - {EMBEDDINGS, MOVIES}:  # of a later writer
        _check_digest(name, digest_of(folder / name, manifest.files[name].size_bytes), manifest)
    return assemble(int(folder.name), manifest.content, files, datetime.now(UTC))


def assemble(
    number: int, content: bytes, files: Mapping[str, SharedMemory], load_time: datetime
) -> Version:
    """A version of what is in memory, checked but for digests, and warmed up; also in a thread.

    Args:
        number: Its number.
        content: Of its manifest.
        files: What was read, by name.
        load_time: When, with a time zone.

    Raises:
        BadVersionError: It must not be served: FORMAT, or VALUES.
    """
    manifest = parse_manifest(content)
    shape = (manifest.movie_count, manifest.dim)
    embeddings = embeddings_of(files[EMBEDDINGS].content, shape)
    movies = movies_of(files[MOVIES], manifest.movie_count)
    version = Version(
        number=number,
        manifest=content,
        catalogue=Catalogue(movies),
        index=MovieIndex(embeddings, movies.movie_ids),
        load_time=load_time,
        create_time=manifest.create_time.ToDatetime(UTC),
        files=files,
    )
    _warm_up(version)
    return version


def _read(folder: Path, name: str, manifest: Manifest) -> SharedMemory:
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
