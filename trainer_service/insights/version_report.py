"""The report on a version."""

from collections import Counter
from collections.abc import Iterator, Sequence

from trainer_service.insights import version_pictures as pictures
from trainer_service.insights.report import Report, Section, Table, shortened
from trainer_service.insights.version_numbers import FilmMap, Standing, VersionNumbers
from trainer_service.model.evaluation import RankingMetrics, TrainingMetrics

NAME = "version"

MOST_GENRES, GENRES_A_FILM = 200, 12
"""So many of the most common genres the map tells of, and so many of a film's."""

LONGEST_GENRE = 60
"""Bytes of a genre's name on the map."""


def report_on_version(numbers: VersionNumbers, links: tuple[tuple[str, str], ...] = ()) -> Report:
    """The report on a version.

    Args:
        numbers: What it looks like.
        links: Other pages beside this one.
    """
    metrics = numbers.metrics
    facts = [
        ("movies", f"{numbers.movie_count:,}"),
        ("dimensions", f"{numbers.dim:,}"),
        ("ratings a movie", f"over {numbers.min_ratings:,}"),
    ]
    if metrics.ranking:
        facts.append(("NDCG@100", _measured(metrics.ranking, "ndcg_at_100")))
    if metrics.rmse is not None:
        error = metrics.rmse_standard_error
        facts.append(("RMSE", f"{metrics.rmse:.3f}" + ("" if error is None else f" ±{error:.3f}")))
    if gate := numbers.gate:
        said = "passed" if gate.passed else "forced" if gate.forced else "held back"
        if not gate.against_version and gate.passed:
            said = "not compared"
        facts.append(("quality gate", said))
    return Report(
        name=NAME,
        title=f"Version {numbers.version}",
        subtitle=(
            f"Trained on {numbers.dataset} by run {numbers.run_id}, published "
            f"{numbers.create_time:%Y-%m-%d %H:%M} UTC"
            + ("" if links else "; that data set has changed since, or is not there any more")
        ),
        facts=tuple(facts),
        sections=tuple(_sections(numbers)),
        numbers=numbers,
        links=links,
    )


def _sections(numbers: VersionNumbers) -> Iterator[Section]:
    yield _map(numbers.map)
    if numbers.losses.loss:
        yield Section(
            "Loss",
            "Mean of each epoch: the rating head's squared error and the co-liked head's "
            "cross-entropy. What is published is the checkpoint that is marked.",
            pictures.losses(numbers.losses, numbers.metrics.best_epoch),
        )
    else:
        yield Section(
            "Loss",
            f"The losses of its epochs are not known any more: the log of run {numbers.run_id} is "
            f"gone. Epoch {numbers.metrics.best_epoch} was kept.",
        )
    yield from _rankings(numbers.metrics)
    if numbers.popularity:
        never = numbers.popularity.never_listed
        yield Section(
            "How well known what is recommended is",
            f"Of all movies' lists of nearest. The nearer the line of what is recommended to that "
            f"of the ratings, the more it follows fame. {_never(never)} in no list.",
            pictures.popularity(numbers.popularity),
        )
    if numbers.popularity:
        yield Section(
            f"The nearest of the {len(numbers.neighbourhoods)} best known films",
            "With the cosine, which is the score that is served.",
            table=_neighbours(numbers),
            is_wide=True,
        )
        yield Section(
            "The most central films",
            "In most other films' lists of ten.",
            table=_standings(numbers.central),
        )
        yield Section(
            "The most isolated films",
            "Whose ten nearest are furthest away.",
            table=_standings(numbers.isolated),
        )


def _map(found: FilmMap) -> Section:
    sizes = Counter(genre for point in found.points for genre in point.genres)
    genres = sorted(genre for genre, _ in sizes.most_common(MOST_GENRES))
    place = {genre: at for at, genre in enumerate(genres)}
    films = [
        (
            *(point.x, point.y, shortened(point.title), point.rating_count, point.genre),
            [place[genre] for genre in point.genres if genre in place][:GENRES_A_FILM],
        )
        for point in found.points
    ]
    data = {
        "genres": [shortened(genre, LONGEST_GENRE) for genre in genres],
        "coloured": [shortened(genre, LONGEST_GENRE) for genre in found.genres],
        "films": films,
    }
    return Section(
        "The map of films",
        f"{len(films):,} films, the best known, placed by {found.method} of the embedding: what "
        f"is near is liked by the same people; directions and long distances mean nothing. Each "
        f"has the colour of the rarest of its genres that has one. Point at a film, or tap "
        f"it, for its title; click the map, then scroll to zoom, or spread two fingers; drag to "
        f"move. A genre below shows it alone.",
        pictures.film_map(found),
        widget=("map.js", data),
        is_wide=True,
    )


def _rankings(metrics: TrainingMetrics) -> Iterator[Section]:
    whole = _of_methods(metrics.ranking, metrics.ease, metrics.item_cosine, metrics.popularity)
    one = _of_methods(
        metrics.one_seed,
        metrics.one_seed_ease,
        metrics.one_seed_item_cosine,
        metrics.one_seed_popularity,
    )
    notes = f" {'; '.join(metrics.notes)}." if metrics.notes else ""
    if not whole:
        yield Section("Ranking", f"Nothing was measured.{notes}")
        return
    users = whole["this model"].user_count
    yield Section(
        "Given 80 % of what they like",
        f"What {users:,} people like who took no part in training, ranked among all other movies. "
        f"Bars are two standard errors; these are the same people, so that differences are "
        f"surer than they look.{notes}",
        pictures.rankings("version-rankings", "80 % of what they like", whole),
        _table_of(whole),
    )
    if one:
        yield Section(
            "Given one film",
            "The same people, given one of the films that they like. What people like next after "
            "one film is mostly what everybody likes, which is where popularity is strong.",
            pictures.rankings("version-rankings-one", "one film that they like", one),
            _table_of(one),
        )


def _of_methods(*found: RankingMetrics | None) -> pictures.Rankings:
    """What was measured, by method; nothing if it was not measured of the model."""
    if not found[0]:
        return {}
    return {
        method: metrics for method, metrics in zip(pictures.METHODS, found, strict=True) if metrics
    }


def _table_of(measured: pictures.Rankings) -> Table:
    fields = ("ndcg_at_100", "recall_at_20", "recall_at_50", "coverage")
    return Table(
        ("", ">NDCG@100", ">Recall@20", ">Recall@50", ">coverage", ">mean rank"),
        tuple(
            (
                method,
                *(_measured(metrics, field) for field in fields),
                f"{metrics.popularity_rank:,.1f}",
            )
            for method, metrics in measured.items()
        ),
        heading="The numbers, with standard errors; coverage and popularity rank are of the top 20",
    )


def _measured(metrics: RankingMetrics, field: str) -> str:
    error = getattr(metrics, f"{field}_standard_error")
    return f"{getattr(metrics, field):.3f} ±{error:.3f}"


def _never(count: int) -> str:
    return "No movie is" if not count else "1 movie is" if count == 1 else f"{count:,} movies are"


def _neighbours(numbers: VersionNumbers) -> Table:
    # Each title by itself, in whichever direction it is written, so that none turns another one.
    return Table(
        ("film", "nearest"),
        tuple(
            (
                shortened(found.film.title),
                " · ".join(
                    f"\u2068{shortened(near.film.title)}\u2069 {near.score:.2f}"
                    for near in found.neighbours
                ),
            )
            for found in numbers.neighbourhoods
        ),
    )


def _standings(found: Sequence[Standing]) -> Table:
    return Table(
        ("film", ">ratings", ">in lists", ">cosine", "nearest"),
        tuple(
            (
                shortened(standing.film.title),
                f"{standing.film.rating_count:,}",
                f"{standing.listed:,}",
                f"{standing.mean_score:.2f}",
                shortened(standing.nearest),
            )
            for standing in found
        ),
    )
