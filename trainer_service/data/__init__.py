"""Data: from a folder of MovieLens files to ratings that a model can be trained on."""

from trainer_service.data.bad_rows import BadRowKind, BadRows
from trainer_service.data.dataset import Dataset, read_dataset
from trainer_service.data.movies import Movie, MovieTable, parse_year
from trainer_service.data.ratings import Ratings
from trainer_service.data.report import DataReport

__all__ = [
    "BadRowKind",
    "BadRows",
    "DataReport",
    "Dataset",
    "Movie",
    "MovieTable",
    "Ratings",
    "parse_year",
    "read_dataset",
]
