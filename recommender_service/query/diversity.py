"""Puts movies that differ from each other first."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


def diversified(
    vectors: NDArray[np.float32], relevance: NDArray[np.float32], diversity: float
) -> Iterator[int]:
    """Maximal marginal relevance: each time the one that is relevant and unlike those before.

    Carbonell and Goldstein, "The use of MMR, diversity-based reranking", SIGIR 1998; `diversity`
    is one less their lambda. What comes first does not depend on how many are taken.

    Args:
        vectors: Unit rows, (P, D).
        relevance: The highest first, (P,).
        diversity: From 0, the order as it is, to 1.

    Yields:
        Each place among the P once.
    """
    likeness = np.full(len(vectors), -1, dtype=np.float32)  # to the nearest one before
    left = (1 - diversity) * relevance
    place = 0  # nothing is before it, so that it need only be relevant
    for _ in range(len(vectors)):
        yield place
        np.maximum(likeness, vectors @ vectors[place], out=likeness)
        left[place] = -np.inf
        place = int(np.argmax(left - diversity * likeness))
