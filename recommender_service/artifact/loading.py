"""Loads a version: reads each file once, and believes none of them unchecked."""

import csv
import hashlib
import io
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recommender_service.artifact.files import size_of
from recommender_service.artifact.manifest import Manifest, read_manifest
from recommender_service.catalogue.catalogue import Catalogue
from recommender_service.catalogue.movie import Movie
from recommender_service.errors import BadVersionError
from recommender_service.query.index import MovieIndex
from recommender_service.query.version import Version

EMBEDDINGS = "embeddings.npy"
MOVIES = "movies.csv"
MOVIES_HEADER = ["movie_id", "title", "year", "genres", "rating_count"]
LENGTH_TOLERANCE = 1e-3


def load_version(folder: Path) -> Version:
    """Loads a version into memory of its own, and checks all of it.

    Args:
        folder: The version's folder, whose name is its number.

    Raises:
        BadVersionError: It must not be served: MISSING (a file), CHECKSUM (size
            or digest), FORMAT, or VALUES (not finite, not of unit length, a
            movie twice).
        OSError: The volume does not answer as it should.
    """
    manifest = read_manifest(folder)
    embeddings = _embeddings(_read(folder, EMBEDDINGS, manifest), manifest)
    movies = _movies(_read(folder, MOVIES, manifest), manifest)
    return Version(
        number=int(folder.name),
        manifest=manifest.content,
        catalogue=Catalogue(movies),
        index=MovieIndex(embeddings, [movie.movie_id for movie in movies]),
        load_time=datetime.now(UTC),
    )


def _read(folder: Path, name: str, manifest: Manifest) -> bytes:
    entry = manifest.files.get(name)
    if entry is None:
        raise BadVersionError("FORMAT", f"the manifest does not name {name}")
    path = folder / name
    size = size_of(path)
    if size != entry.size_bytes:
        raise BadVersionError(
            "CHECKSUM", f"{name} has {size:,} bytes, and the manifest says {entry.size_bytes:,}"
        )
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise BadVersionError("CHECKSUM", f"{name} is not what the manifest's digest says")
    return content


def _embeddings(content: bytes, manifest: Manifest) -> NDArray[np.float32]:
    try:
        # Not np.load, which also opens archives.
        embeddings: NDArray[np.float32] = np.lib.format.read_array(
            io.BytesIO(content), allow_pickle=False
        )
    except Exception as error:  # noqa: BLE001  # the header is parsed as Python: all can happen
        raise BadVersionError("FORMAT", f"{EMBEDDINGS} is no array: {error}") from None
    shape = (manifest.movie_count, manifest.dim)
    if embeddings.dtype != np.float32 or embeddings.shape != shape:
        raise BadVersionError(
            "FORMAT",
            f"{EMBEDDINGS} holds {embeddings.dtype} {embeddings.shape}, and the manifest says "
            f"float32 {shape}",
        )
    if not np.isfinite(embeddings).all():
        raise BadVersionError("VALUES", f"{EMBEDDINGS} holds numbers that are not finite")
    lengths = np.linalg.norm(embeddings.astype(np.float64), axis=1)  # (M,), never overflows
    worst = int(np.abs(lengths - 1).argmax()) if len(lengths) else 0
    if not len(lengths) or abs(lengths[worst] - 1) > LENGTH_TOLERANCE:
        found = f"row {worst} of length {lengths[worst]:g}" if len(lengths) else "no rows"
        raise BadVersionError("VALUES", f"{EMBEDDINGS} has {found}; rows must have length 1")
    return np.ascontiguousarray(embeddings)


def _movies(content: bytes, manifest: Manifest) -> list[Movie]:
    try:
        header, *rows = csv.reader(io.StringIO(content.decode()), strict=True)
        if header != MOVIES_HEADER:
            raise BadVersionError("FORMAT", f"{MOVIES} has the columns {', '.join(header)}"[:300])
        movies = [
            Movie(
                movie_id=int(movie_id),
                title=title,
                year=int(year) if year else None,
                genres=tuple(genres.split("|")) if genres else (),
                rating_count=int(rating_count),
            )
            for movie_id, title, year, genres, rating_count in rows
        ]
    except (ValueError, csv.Error) as error:
        raise BadVersionError("FORMAT", f"{MOVIES} cannot be read: {error}") from None
    if len(movies) != manifest.movie_count:
        raise BadVersionError(
            "FORMAT",
            f"{MOVIES} has {len(movies):,} movies, and the manifest says {manifest.movie_count:,}",
        )
    if len({movie.movie_id for movie in movies}) != len(movies):
        raise BadVersionError("VALUES", f"{MOVIES} has a movie id twice")
    return movies
