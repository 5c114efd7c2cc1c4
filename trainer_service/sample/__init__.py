"""A sample data set to try everything with: real films, simulated viewers and ratings."""

from trainer_service.sample.catalogue import Catalogue, Film, load_catalogue
from trainer_service.sample.folder import DEFAULT_SCALE, SampleSummary, write_sample

__all__ = [
    "DEFAULT_SCALE",
    "Catalogue",
    "Film",
    "SampleSummary",
    "load_catalogue",
    "write_sample",
]
