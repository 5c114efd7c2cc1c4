"""How near movies are to seeds, and what each seed has to do with it."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from movierec.chassis.errors import InvalidRequestError, Violation
from recommender_service.query.index import LEFT_OUT, MovieIndex
from recommender_service.query.query import Combination
from recommender_service.query.resolving import ResolvedSeed

FloatT = TypeVar("FloatT", np.float32, np.float64)


class Scoring(Protocol):
    """A way of combining seeds, for one query."""

    def scores(self, pause: Callable[[], object]) -> NDArray[np.float32]:
        """The score of each movie, from -1 to 1, or `LEFT_OUT`, (M,); the caller's own.

        Args:
            pause: Called between parts of the work; what it raises ends it.
        """
        ...

    def contributions(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """What each seed contributes to the scores of some movies; they add up to these.

        Args:
            rows: Of the movies, (K,).

        Returns:
            (K, N), seeds in their order.
        """
        ...


def scoring_of(
    index: MovieIndex, seeds: Sequence[ResolvedSeed], combination: Combination
) -> Scoring:
    """The way of combining seeds that a query asks for.

    Args:
        index: Where they are.
        seeds: At least one.
        combination: How several make one score.

    Raises:
        InvalidRequestError: The weights cancel out, or none of them can be a best match.
    """
    rows = [seed.row for seed in seeds]
    weights = np.array([seed.weight for seed in seeds], dtype=np.float64)
    largest = np.abs(weights).max()
    # Scaled, so that neither huge nor tiny weights leave the range of floats.
    factors = weights / largest if largest else weights
    if combination is Combination.BEST_MATCH:
        return BestMatch(index, rows, factors)
    return WeightedMean(index, rows, factors)


class WeightedMean:
    """The cosine with the weighted sum of the seeds' vectors.

    Args:
        index: Where they are.
        rows: The seeds, N of them.
        factors: Their weights, from -1 to 1, (N,).

    Raises:
        InvalidRequestError: The weights cancel out.
    """

    def __init__(
        self, index: MovieIndex, rows: Sequence[int], factors: NDArray[np.float64]
    ) -> None:
        self._index = index
        self._rows = list(rows)
        summed = factors @ self._vectors()  # (D,)
        length = np.linalg.norm(summed)
        if length < 1e-6:  # float32 rows that cancel leave about 1e-7
            sentence = "their weights cancel out or are 0, so that nothing is asked for: change one"
            raise InvalidRequestError(Violation("seeds", sentence))
        self._shares = factors / length  # (N,)
        self.query: NDArray[np.float32] = (summed / length).astype(np.float32)
        """The direction of the weighted sum, a unit vector, (D,)."""

    def scores(self, pause: Callable[[], object]) -> NDArray[np.float32]:
        """See `Scoring`."""
        pause()
        return self._index.cosines(self.query)

    def contributions(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """See `Scoring`."""
        vectors = self._index.embeddings[rows].astype(np.float64)  # (K, D)
        return _products(vectors, self._vectors()) * self._shares

    def _vectors(self) -> NDArray[np.float64]:
        """Those of the seeds, (N, D); made anew each time, since answers wait for their readers."""
        return self._index.embeddings[self._rows].astype(np.float64)


class BestMatch:
    """The cosine with the nearest seed, times that seed's weight.

    What is nearer to a seed of negative weight than to every other is left out.

    Args:
        index: Where they are.
        rows: The seeds, N of them.
        factors: Their weights, from -1 to 1, (N,).

    Raises:
        InvalidRequestError: No weight is positive.
    """

    def __init__(
        self, index: MovieIndex, rows: Sequence[int], factors: NDArray[np.float64]
    ) -> None:
        self._factors = factors.astype(np.float32)
        if not (self._factors > 0).any():
            sentence = (
                "none has a positive weight that counts beside the others, so that there is "
                "nothing to match: give one, or combine them by WEIGHTED_MEAN"
            )
            raise InvalidRequestError(Violation("seeds", sentence))
        self._index = index
        self._rows = np.array(rows)

    def scores(self, pause: Callable[[], object]) -> NDArray[np.float32]:
        """See `Scoring`."""
        scores = self._largest(self._factors > 0, pause)
        if (self._factors < 0).any():
            unlike = self._largest(self._factors < 0, pause)
            scores[unlike > scores] = LEFT_OUT
        return scores

    def contributions(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """See `Scoring`."""
        vectors = self._index.embeddings[self._rows]  # (N, D)
        cosines = _products(self._index.embeddings[rows], vectors)  # (K, N)
        scores = np.where(self._factors > 0, cosines * self._factors, LEFT_OUT)
        best = scores.argmax(axis=1)
        contributions = np.zeros(scores.shape)
        places = np.arange(len(rows))
        contributions[places, best] = scores[places, best]
        return contributions

    def _largest(
        self, chosen: NDArray[np.bool_], pause: Callable[[], object]
    ) -> NDArray[np.float32]:
        vectors = self._index.embeddings[self._rows[chosen]]
        return self._index.largest_cosines(vectors, np.abs(self._factors[chosen]), pause)


def _products(some: NDArray[FloatT], others: NDArray[FloatT]) -> NDArray[FloatT]:
    """The products of some rows with others, (K, N).

    To the bit the same however many rows there are, which those of BLAS are not.
    """
    products: NDArray[FloatT] = np.einsum("kd,nd->kn", some, others, optimize=False)
    return products
