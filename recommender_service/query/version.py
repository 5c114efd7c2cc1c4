"""A version in memory, ready to answer."""

from dataclasses import dataclass
from datetime import datetime

from recommender_service.catalogue.catalogue import Catalogue
from recommender_service.query.index import MovieIndex


@dataclass(frozen=True)
class Version:
    """A version that was loaded, checked and found good.

    Args:
        number: Its number.
        manifest: The bytes of its `manifest.json`.
        catalogue: Its movies.
        index: Its embeddings.
        load_time: When it was loaded here, with a time zone.
    """

    number: int
    manifest: bytes
    catalogue: Catalogue
    index: MovieIndex
    load_time: datetime
