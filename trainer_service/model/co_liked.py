"""The co-liked head: which movies does someone like who likes these?"""

import math
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

FIRST_TEMPERATURE = 10.0
"""Where the learned temperatures start."""

MASKED_LOGIT = -1e9
"""What a movie that must not be chosen gets before the softmax."""

SMOOTHING = 0.4
"""Share of the target that is spread over all movies (Szegedy et al., CVPR 2016):
what a user has not rated may be liked as well."""

TAUGHT = 0.3
"""Share of the target that is the teacher's answer (Hinton et al., 2015)."""

Tensor = Any


@keras.saving.register_keras_serializable("movierec")
class CoLikedHead(keras.layers.Layer):
    """Gives each movie the chance that someone who likes the seeds likes it.

    Logits are a learned temperature times the cosine of the movie's vector with
    the sum of the seeds' vectors: the score that is served.

    A teacher, whose vectors do not change, is asked the same with dot products
    in the cosine's place. Cosines do not see how well a movie is known; they
    have to be taught it.

    Args:
        taught_by: The teacher's vector of each movie, (M, R).
        weight: How much its loss counts beside the rating head's, above 0.
    """

    def __init__(self, taught_by: NDArray[np.float32], *, weight: float) -> None:
        super().__init__(name="co_liked_head")
        self.taught_by = taught_by
        self.weight = weight

    def build(self, _: Any = None) -> None:
        """Makes the logarithms of the two temperatures."""
        first = keras.initializers.Constant(math.log(FIRST_TEMPERATURE))
        self.log_temperature = self.add_weight(name="log_temperature", shape=(), initializer=first)
        self.teachers_log_temperature = self.add_weight(
            name="teachers_log_temperature", shape=(), initializer=first
        )
        self.built = True

    def call(self, seeds: Tensor, unit_movie_vectors: Tensor) -> Tensor:
        """Scores all movies.

        Args:
            seeds: 1 where a movie is given, else 0, (B, M).
            unit_movie_vectors: (M, D)

        Returns:
            Logits, (B, M); those of the seeds themselves are `MASKED_LOGIT`.
        """
        return _logits(seeds, unit_movie_vectors, self.log_temperature)

    def cost(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy of the targets, in nats, a scalar; 0 if there are none.

        Args:
            logits: (B, M)
            targets: 1 where a movie is to be found, else 0, (B, M).
        """
        return _cross_entropy(logits, targets)

    def training_cost(self, logits: Tensor, seeds: Tensor, targets: Tensor) -> Tensor:
        """As `cost`, with part of the targets exchanged for what others answer.

        It also has the teacher's own cost, by which its temperature is learned,
        and nothing else.

        Args:
            logits: (B, M)
            seeds: 1 where a movie is given, else 0, (B, M).
            targets: 1 where a movie is to be found, else 0, (B, M).
        """
        teacher = _logits(
            seeds, ops.convert_to_tensor(self.taught_by), self.teachers_log_temperature
        )
        answer = ops.stop_gradient(ops.softmax(teacher))  # (B, M)
        anything = (1.0 - seeds) / ops.sum(1.0 - seeds, axis=1, keepdims=True)  # (B, M)
        count = ops.sum(targets, axis=1, keepdims=True)  # (B, 1)
        softened = (1 - SMOOTHING - TAUGHT) * targets
        softened = softened + count * (SMOOTHING * anything + TAUGHT * answer)
        return _cross_entropy(logits, softened) + _cross_entropy(teacher, targets)


def unit_rows(vectors: Tensor) -> Tensor:
    """Rows of length 1; a row of zeros stays one."""
    squared = ops.sum(ops.square(vectors), axis=1, keepdims=True)
    return vectors * ops.rsqrt(ops.maximum(squared, 1e-12))


def _logits(seeds: Tensor, vectors: Tensor, log_temperature: Tensor) -> Tensor:
    """Temperature times the product of each movie's vector with the seeds' unit sum, (B, M)."""
    products = unit_rows(seeds @ vectors) @ ops.transpose(vectors)
    return ops.where(seeds > 0, MASKED_LOGIT, ops.exp(log_temperature) * products)


def _cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Of each target, in nats; the mean over their weights (B, M), a scalar."""
    weight = ops.maximum(ops.sum(targets), 1.0)
    return -ops.sum(targets * ops.log_softmax(logits)) / weight
