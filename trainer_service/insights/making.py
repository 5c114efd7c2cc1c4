"""Makes a report, from top to bottom: files to numbers to pictures to a page."""

from pathlib import Path

from trainer_service.data import Dataset, read_dataset
from trainer_service.data.times import read_rating_times
from trainer_service.insights.dataset_numbers import numbers_of_dataset
from trainer_service.insights.dataset_report import report_on_dataset
from trainer_service.insights.job import InsightsJob

ANY_SHARE = 1.0
"""What is bad is what there is to look at, however much it is."""


def make(job: InsightsJob) -> None:
    """Makes a report, and writes its files.

    Raises:
        DataError: The data set cannot be read.
        BadVersionError: The version is not what its manifest says.
        OSError: The volume does not answer as it should.
    """
    assert job.dataset_dir  # noqa: S101
    dataset = read_dataset(job.dataset_dir, max_bad_row_share=ANY_SHARE)
    _write_dataset(job.folder, job.dataset, job.dataset_dir, dataset, job.min_ratings)


def _write_dataset(
    folder: Path, name: str, dataset_dir: Path, dataset: Dataset, min_ratings: int
) -> None:
    times = read_rating_times(dataset_dir)
    report_on_dataset(numbers_of_dataset(name, dataset, times, min_ratings)).write(folder)
