"""A version in memory, ready to answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

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
        create_time: When it was published, with a time zone.
        files: What was read, by name, for processes that are to share it; the
            embeddings are a view on it.
    """

    number: int
    manifest: bytes
    catalogue: Catalogue
    index: MovieIndex
    load_time: datetime
    create_time: datetime
    files: Mapping[str, SharedMemory] = field(default_factory=dict)

    @cached_property
    def popularity(self) -> NDArray[np.float32]:
        """How well each movie is known, from 0 to 1, (M,).

        The logarithm of one more than its rating count, over the largest of all.
        """
        logarithms = np.log1p(self.catalogue.movies.rating_counts)
        largest = logarithms.max(initial=0)
        return (logarithms / largest if largest else logarithms).astype(np.float32)
