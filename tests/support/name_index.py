"""Names with their rows, as tests write them down."""

from collections.abc import Sequence

import numpy as np

from recommender_service.catalogue.names import Names
from recommender_service.catalogue.texts import Texts


def names_of(pairs: Sequence[tuple[str, int]]) -> Names:
    """Names, each with its row."""
    rows = np.array([row for _, row in pairs], np.int32)
    return Names(Texts(name for name, _ in pairs), rows)
