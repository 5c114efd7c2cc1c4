"""A version in memory, ready to answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from recommender_service.catalogue.catalogue import Catalogue
from recommender_service.memory import SharedMemory
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
        files: What was read, by name, for processes that are to share it; the
            embeddings are a view on it.
    """

    number: int
    manifest: bytes
    catalogue: Catalogue
    index: MovieIndex
    load_time: datetime
    files: Mapping[str, SharedMemory] = field(default_factory=dict)
