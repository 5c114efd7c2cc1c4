"""What is different between two versions: neighbours, movies and figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from movierec.v1.artifact_pb2 import ArtifactManifest
from recommender_service.artifact.contents import ArtifactsFolder
from recommender_service.artifact.loading import load_version
from recommender_service.artifact.manifest import parse_manifest
from recommender_service.catalogue.movie import Movie
from recommender_service.errors import BadVersionError
from recommender_service.query.comparing import Comparison, compare
from recommender_service.query.version import Version

BEST_KNOWN_COUNT = 5
"""Movies that are named of those which only one version has."""

_FIGURES = {
    "ndcg_at_100": ("ranking", "ndcg_at_100"),
    "recall_at_20": ("ranking", "recall_at_20"),
    "recall_at_50": ("ranking", "recall_at_50"),
    "one_seed_ndcg_at_100": ("one_seed", "ndcg_at_100"),
    "coverage": ("ranking", "coverage"),
    "popularity_rank": ("ranking", "popularity_rank"),
    "rmse": ("", "rmse"),
}


@dataclass(frozen=True, slots=True)
class NamedMovie:
    """A movie, as it is told of.

    Args:
        movie_id: As in the data.
        title: As in the data.
    """

    movie_id: int
    title: str


@dataclass(frozen=True, slots=True)
class ChangedMovie:
    """A movie whose neighbours changed.

    Args:
        movie_id: As in the data.
        title: As in the later version.
        overlap: Which share of its neighbours it has kept, from 0 to 1.
        lost: Those that it has no longer, nearest first.
        gained: Those that it did not have, nearest first.
    """

    movie_id: int
    title: str
    overlap: float
    lost: Sequence[NamedMovie]
    gained: Sequence[NamedMovie]


@dataclass(frozen=True, slots=True)
class MoviesOfOne:
    """The movies that only one of two versions has.

    Args:
        count: How many.
        best_known: Those with the most ratings.
    """

    count: int
    best_known: Sequence[NamedMovie]


@dataclass(frozen=True, slots=True)
class FigureChange:
    """A figure of both versions; None where it was not measured.

    Args:
        name: As in `RankingMetrics` or `TrainingMetrics`; from one seed with
            "one_seed_" before it.
        before: In the one version.
        before_standard_error: Its standard error.
        after: In the other version.
        after_standard_error: Its standard error.
        difference: `after` less `before`.
    """

    name: str
    before: float | None
    before_standard_error: float | None
    after: float | None
    after_standard_error: float | None
    difference: float | None


@dataclass(frozen=True, slots=True)
class VersionDiff:
    """What is different between two versions.

    Args:
        before: The number of the one, ...
        after: ... and of the other.
        common_count: Movies that both have.
        neighbour_count: Neighbours that were compared of each.
        overlap: The mean share of neighbours kept; None if there are none.
        most_changed: The movies whose neighbours changed most; of equally
            changed ones the best known.
        only_before: Movies that the other does not have.
        only_after: Movies that the one did not have.
        figures: How good they are, side by side.
        notes: Sentences on what makes the figures hard to compare.
    """

    before: int
    after: int
    common_count: int
    neighbour_count: int
    overlap: float | None
    most_changed: Sequence[ChangedMovie]
    only_before: MoviesOfOne
    only_after: MoviesOfOne
    figures: Sequence[FigureChange]
    notes: Sequence[str]


def diff(artifacts_dir: Path, before: int, after: int, *, changed_count: int = 10) -> VersionDiff:
    """Compares two versions.

    Args:
        artifacts_dir: The artifacts folder.
        before: The number of the one, ...
        after: ... and of the other.
        changed_count: Of how many movies the changed neighbours are told.

    Raises:
        ValueError: There is no such version, or one of them is bad.
        OSError: The volume does not answer as it should.
    """
    artifacts = ArtifactsFolder(artifacts_dir)
    folders = [artifacts.folder_of(number) for number in (before, after)]
    one, other = map(_load, folders)
    manifests = parse_manifest(one.manifest), parse_manifest(other.manifest)
    comparison = compare(one.index, other.index)
    return VersionDiff(
        before=before,
        after=after,
        common_count=len(comparison.movie_ids),
        neighbour_count=comparison.before.shape[1],
        overlap=comparison.mean_overlap,
        most_changed=_most_changed(comparison, other, changed_count),
        only_before=_movies_of_one(one, other),
        only_after=_movies_of_one(other, one),
        figures=[_figure(name, *manifests) for name in _FIGURES],
        notes=_notes(*manifests),
    )


def _load(folder: Path) -> Version:
    try:
        return load_version(folder)
    except BadVersionError as error:
        raise ValueError(
            f"version {folder.name} cannot be compared, {error.reason}: {error.message}"
        ) from error


def _most_changed(comparison: Comparison, version: Version, count: int) -> list[ChangedMovie]:
    by_id = {movie.movie_id: movie for movie in version.catalogue.movies}
    movies = [by_id[int(movie_id)] for movie_id in comparison.movie_ids]
    rating_counts = np.array([movie.rating_count for movie in movies], dtype=np.int64)

    def named(positions: Sequence[int]) -> list[NamedMovie]:
        return [_named(movies[position]) for position in positions]

    return [
        ChangedMovie(
            movie_id=movies[position].movie_id,
            title=movies[position].title,
            overlap=float(comparison.overlaps[position]),
            lost=named(comparison.lost(position)),
            gained=named(comparison.gained(position)),
        )
        for position in comparison.most_changed(count, rating_counts)
    ]


def _movies_of_one(version: Version, other: Version) -> MoviesOfOne:
    movies = [
        movie
        for movie in version.catalogue.movies
        if other.catalogue.row_of_id(movie.movie_id) is None
    ]
    movies.sort(key=lambda movie: (-movie.rating_count, movie.movie_id))
    return MoviesOfOne(len(movies), [_named(movie) for movie in movies[:BEST_KNOWN_COUNT]])


def _named(movie: Movie) -> NamedMovie:
    return NamedMovie(movie.movie_id, movie.title)


def _figure(name: str, before: ArtifactManifest, after: ArtifactManifest) -> FigureChange:
    one, one_error = _measured(before, *_FIGURES[name])
    other, other_error = _measured(after, *_FIGURES[name])
    difference = None if one is None or other is None else other - one
    return FigureChange(name, one, one_error, other, other_error, difference)


def _measured(
    manifest: ArtifactManifest, group: str, field: str
) -> tuple[float | None, float | None]:
    """A figure and its standard error; None for what was not measured."""
    metrics: Any = manifest.metrics
    if group:
        if not metrics.HasField(group):
            return None, None
        metrics = getattr(metrics, group)
    return _optional(metrics, field), _optional(metrics, f"{field}_standard_error")


def _optional(message: Any, field: str) -> float | None:
    descriptor = message.DESCRIPTOR.fields_by_name[field]
    if descriptor.has_presence and not message.HasField(field):
        return None
    return float(getattr(message, field))


def _notes(before: ArtifactManifest, after: ArtifactManifest) -> list[str]:
    notes = []
    if before.dataset != after.dataset:
        notes.append(
            f"trained on other data, {before.dataset} and {after.dataset}: "
            f"the figures are not of the same people"
        )
    elif before.data.fingerprint != after.data.fingerprint:
        notes.append(f"{after.dataset} has changed in between: the figures are of other ratings")
    if before.settings.holdout != after.settings.holdout:
        notes.append(
            f"{before.settings.holdout:.3g} and {after.settings.holdout:.3g} of the people were "
            f"held out: the figures are not of the same people"
        )
    return notes
