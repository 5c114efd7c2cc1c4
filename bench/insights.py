"""Reports: of 20 million ratings, and of versions of a thousand movies and of a whole catalogue."""

import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.alternating import Series, alternate
from bench.load import published
from bench.setup import DEFAULTS, Setup
from bench.tables import Table, in_megabytes, in_seconds
from bench.working import working
from trainer_service.insights.job import InsightsJob, Outcome

SIZES = ((1_010, 256), (26_744, 256))
"""Movies and dimensions of the versions: ML-20M at the default threshold, and all of it."""


def measure(setup: Setup) -> Table:
    """Time and peak memory of the process that makes a report, from its start to its end."""
    folder = setup.full_scale()
    jobs = {
        "a data set of 20 million ratings": partial(
            InsightsJob,
            dataset=folder.name,
            dataset_dir=folder.absolute(),
            min_ratings=DEFAULTS.min_ratings,
        )
    }
    for movie_count, dim in SIZES:
        version = published(setup.data, movie_count, dim).absolute()
        jobs[f"a version of {movie_count:,} movies"] = partial(
            InsightsJob, version=int(version.name), artifacts_dir=version.parent.parent
        )
    peaks: dict[str, list[float]] = {name: [] for name in jobs}
    sizes: dict[str, int] = {}

    def once(name: str) -> float:
        with TemporaryDirectory(dir=setup.data) as temporary:
            seconds, peak_bytes = _apart(jobs[name](folder=Path(temporary).absolute()))
            pages = Path(temporary).glob("*.html")
            sizes[name] = max(page.stat().st_size for page in pages)
        peaks[name].append(peak_bytes)
        return seconds

    measured = alternate({name: partial(once, name) for name in jobs}, setup.rounds)
    return Table(
        title="Making a report",
        columns=("of", "median", "range", "peak memory", "its page"),
        rows=tuple(
            (
                name,
                *in_seconds(series),
                in_megabytes(Series(tuple(peaks[name])).median),
                f"{sizes[name] / 1e6:.2f} MB",
            )
            for name, series in measured.items()
        ),
        notes=(
            "Target: a data set of 20 million ratings within 20 s, and a page below 3 MB.",
            (
                "From the start of the process, which imports the plotting libraries, to its last "
                "file; it has the lowest priority, so that it takes longer where others work."
            ),
            (
                "Of a data set: read, once more for its times, numbers, pictures, page. Of a "
                "version: all movies' neighbours, and the map of the 5,000 best known. Its "
                "vectors are random, which is the worst case of a map."
            ),
        ),
        figures={name: series.figures for name, series in measured.items()}
        | {f"{name}, peak bytes": tuple(found) for name, found in peaks.items()},
    )


def _apart(job: InsightsJob) -> tuple[float, int]:
    """Makes a report as the service does; returns seconds and peak memory in bytes.

    Raises:
        RuntimeError: It could not be made.
    """
    start = time.perf_counter()
    with working("trainer_service.insights.worker", job) as (told, watch):
        outcome = Outcome.model_validate_json(told.readline())
        seconds = time.perf_counter() - start
    if outcome.reason:
        raise RuntimeError(f"the report could not be made: {outcome.message}")
    return seconds, watch.peak_bytes
