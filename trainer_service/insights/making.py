"""Makes a report, from top to bottom: files to numbers to pictures to pages."""

import logging
from pathlib import Path

from trainer_service.artifact.reading import PublishedVersion, read_version
from trainer_service.data import Dataset, read_dataset
from trainer_service.data.times import read_rating_times
from trainer_service.errors import DataError
from trainer_service.insights import dataset_report
from trainer_service.insights.dataset_numbers import numbers_of_dataset
from trainer_service.insights.job import InsightsJob
from trainer_service.insights.page import write_report

log = logging.getLogger(__name__)

ANY_SHARE = 1.0
"""What is bad is what there is to look at, however much it is."""

Links = tuple[tuple[str, str], ...]


def make(job: InsightsJob) -> None:
    """Makes a report, and writes its files.

    Raises:
        DataError: The data set cannot be read.
        BadVersionError: The version is not what its manifest says.
        OSError: The volume does not answer as it should.
    """
    if job.version is None:
        assert job.dataset_dir  # noqa: S101  # the caller has found it
        dataset = read_dataset(job.dataset_dir, max_bad_row_share=ANY_SHARE)
        _write_dataset(job, job.dataset_dir, dataset, job.min_ratings, ())
    else:
        _make_of_version(job, job.version)


def _make_of_version(job: InsightsJob, number: int) -> None:
    # scikit-learn takes a second to import, which a data set's report need not wait for.
    from trainer_service.insights import version_report  # noqa: PLC0415
    from trainer_service.insights.version_numbers import numbers_of_version  # noqa: PLC0415

    assert job.artifacts_dir  # noqa: S101  # it has a version
    version = read_version(job.artifacts_dir, number)
    back = ((f"version {number}", f"{version_report.NAME}.html"),)
    links: Links = ()
    if _has_written_dataset(job, version, back):
        links = ((f"the data set {job.dataset}", f"{dataset_report.NAME}.html"),)
    numbers = numbers_of_version(version, job.losses)
    write_report(version_report.report_on_version(numbers, links), job.folder)


def _has_written_dataset(job: InsightsJob, version: PublishedVersion, links: Links) -> bool:
    """Writes what the version was trained on, if that is still as it was.

    Returns:
        Whether it is.
    """
    if job.dataset_dir is None:
        return False
    min_ratings = version.manifest.settings.min_ratings
    try:
        dataset = read_dataset(job.dataset_dir, max_bad_row_share=ANY_SHARE)
        kept = dataset.over_threshold(min_ratings).report
    except DataError as error:
        log.warning("the data set of version %s is not shown: %s", version.number, error)
        return False
    if kept.fingerprint != version.manifest.data.fingerprint:
        return False
    _write_dataset(job, job.dataset_dir, dataset, min_ratings, links)
    return True


def _write_dataset(
    job: InsightsJob, dataset_dir: Path, dataset: Dataset, min_ratings: int, links: Links
) -> None:
    times = read_rating_times(dataset_dir)
    numbers = numbers_of_dataset(job.dataset, dataset, times, min_ratings)
    write_report(dataset_report.report_on_dataset(numbers, links), job.folder)
