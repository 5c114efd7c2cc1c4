"""The Keras model: one movie embedding, two heads.

`RatingModel` is the model that was asked for: user and movie in, rating out.
`TwoHeadModel` trains it, together with the co-liked head, which makes the
served score, the cosine of two movie vectors, a thing that is trained.
"""

from typing import Any

import keras
from keras import ops

from trainer_service.model.batches import Role
from trainer_service.model.co_liked import CoLikedHead, unit_rows

FIRST_LENGTH = 3.0
"""Length of a movie's weights at the start. Only their direction counts, so that
this is by how much slower than all else the directions are learned."""

SHRINKAGE = 10.0
"""Ratings for which a user's own mean counts half; as many are added to each user's count."""

USER_L2_SHARE = 0.2
"""Strength of the penalty on user vectors, against that on movies."""

Tensor = Any
Batch = dict[str, Tensor]


@keras.saving.register_keras_serializable("movierec")
class RatingModel(keras.Model):
    """Rating = mean + user bias + movie bias + <user vector, movie vector>.

    A movie vector is the unit row of the movie embedding, projected to `rank`
    and scaled. A user vector is made of the user's own ratings, as in
    Asymmetric-SVD (Koren, KDD 2008, section 4): of which movies were rated, and
    of how much better or worse they were liked than expected. No free vector
    has to be learned for each user, and everyone's taste is known from the
    first rating on.

    Args:
        user_count: Users, U.
        movie_count: Movies, M.
        dim: Length of a movie's row in the embedding, D.
        rank: Length of user and movie vectors, R.
        mean_rating: Mean of the training ratings, in stars.
        seed: Seed of the first weights.
    """

    def __init__(
        self,
        *,
        user_count: int,
        movie_count: int,
        dim: int,
        rank: int,
        mean_rating: float,
        seed: int,
    ) -> None:
        super().__init__(name="rating_model")
        seeds = keras.random.SeedGenerator(seed)
        self.mean_rating = mean_rating
        direction = keras.initializers.RandomNormal(stddev=FIRST_LENGTH * dim**-0.5, seed=seeds)
        spread = keras.initializers.RandomNormal(stddev=dim**-0.5, seed=seeds)
        little = keras.initializers.RandomNormal(stddev=0.01, seed=seeds)
        self.movie_embedding = _table("movie_embedding", movie_count, dim, direction)
        self.movie_bias = _table("movie_bias", movie_count, 1, "zeros")
        self.movie_scale = _table("movie_scale", movie_count, 1, "ones")
        self.user_bias = _table("user_bias", user_count, 1, "zeros")
        self.projection = _linear("projection", dim, rank, spread)
        self.of_rated = _linear("of_rated", dim, rank, little)
        self.of_residuals = _linear("of_residuals", rank, rank, keras.initializers.Identity(0.05))

    def build(self, _: Any) -> None:
        """Does nothing: the weights have their sizes from the start."""
        self.built = True

    def call(self, inputs: Batch) -> Tensor:
        """Predicts users' ratings of all movies, in stars.

        Args:
            inputs: "user_index" (B,), and "known", the stars that the users
                gave, 0 where there are none, (B, M).

        Returns:
            Ratings, (B, M).
        """
        return self.predicted(inputs)[0]

    def predicted(self, inputs: Batch) -> tuple[Tensor, Tensor]:
        """As `call`, and what the weights behind it cost.

        Returns:
            Ratings, (B, M), and the sum of squares that training keeps small, a
            scalar; the movies count in proportion to the users in the batch.
        """
        known = inputs["known"]
        rated = ops.cast(known > 0, "float32")  # (B, M)
        count = ops.sum(rated, axis=1, keepdims=True)  # (B, 1)
        movie_bias = ops.transpose(self.movie_bias.embeddings)  # (1, M)
        user_bias = self.user_bias(inputs["user_index"])  # (B, 1)
        residual = rated * (known - self.mean_rating - movie_bias)
        own_mean = ops.sum(residual, axis=1, keepdims=True) / (count + SHRINKAGE)  # (B, 1)
        residual = residual - rated * (own_mean + user_bias)
        unit = self.unit_movie_vectors()  # (M, D)
        movies = self.projection(unit) * self.movie_scale.embeddings  # (M, R)
        told = residual @ self.of_residuals(movies) + rated @ self.of_rated(unit)
        users = told * ops.rsqrt(count + SHRINKAGE)  # (B, R)
        bias = self.mean_rating + movie_bias + user_bias + own_mean  # (B, M)
        anyone = ops.cast(count > 0, "float32")  # (B, 1)
        share = ops.sum(anyone) / self.user_bias.input_dim
        penalty = (
            USER_L2_SHARE * ops.sum(anyone * ops.square(users))
            + ops.sum(anyone * ops.square(user_bias))
            + share * (ops.sum(ops.square(movies)) + ops.sum(ops.square(movie_bias)))
        )
        return bias + users @ ops.transpose(movies), penalty

    def unit_movie_vectors(self) -> Tensor:
        """The movie embedding with rows of unit length, (M, D); what is published."""
        return unit_rows(self.movie_embedding.embeddings)


@keras.saving.register_keras_serializable("movierec")
class TwoHeadModel(keras.Model):
    """Fits a `RatingModel` to users' rows, together with the co-liked head.

    The loss is the mean squared error over the hidden ratings, plus the co-liked
    head's weight times its loss. Without a co-liked head the model is the rating
    model alone.

    Args:
        rating_model: What is trained.
        co_liked_head: What its movie embedding has to answer as well, if anything.
        l2: Strength of the rating model's penalty, in ratings.
    """

    def __init__(
        self, rating_model: RatingModel, co_liked_head: CoLikedHead | None = None, *, l2: float
    ) -> None:
        super().__init__(name="two_head_model")
        self.rating_model = rating_model
        self.co_liked_head = co_liked_head
        self.l2 = l2
        self.rating_loss = keras.metrics.Mean(name="rating_loss")
        self.co_liked_loss = keras.metrics.Mean(name="co_liked_loss")

    def build(self, _: Any) -> None:
        """Builds the co-liked head, if there is one."""
        if self.co_liked_head is not None:
            self.co_liked_head.build(None)
        self.built = True

    def call(self, inputs: Batch) -> Batch:
        """Predicts what both heads predict.

        Args:
            inputs: "user_index" (B,), "stars", 0 where there are none, (B, M),
                and "role", see `Role`, (B, M).

        Returns:
            "ratings" (B, M), "penalty", a scalar, and, with the co-liked head,
            "co_liked", its logits, (B, M).
        """
        known = ops.where(_plays(inputs, Role.HIDDEN), 0.0, inputs["stars"])
        ratings, penalty = self.rating_model.predicted(
            {"user_index": inputs["user_index"], "known": known}
        )
        outputs = {"ratings": ratings, "penalty": penalty}
        if self.co_liked_head is not None:
            seeds = ops.cast(_plays(inputs, Role.SEED), "float32")
            vectors = self.rating_model.unit_movie_vectors()
            outputs["co_liked"] = self.co_liked_head(seeds, vectors)
        return outputs

    def compute_loss(
        self,
        x: Batch,
        y: None = None,
        y_pred: Batch | None = None,
        sample_weight: None = None,
        training: bool = True,  # noqa: FBT001, FBT002  # Keras' signature
    ) -> Tensor:
        """The loss of a batch, a scalar.

        Args:
            x: As for `call`.
            y: Not used: what is to be predicted stands in `x`, hidden.
            y_pred: What `call` returned.
            sample_weight: Not used.
            training: Whether it is the loss to learn by, with the penalty, and softened targets.
        """
        assert y_pred is not None  # noqa: S101  # Keras always passes it
        hidden = ops.cast(_plays(x, Role.HIDDEN), "float32")  # (B, M)
        hidden_count = ops.sum(hidden)
        squared_error = ops.sum(hidden * ops.square(x["stars"] - y_pred["ratings"]))
        loss = rating_loss = squared_error / ops.maximum(hidden_count, 1.0)
        self.rating_loss.update_state(rating_loss, hidden_count)
        if training:
            loss = loss + self.l2 * y_pred["penalty"] / ops.maximum(hidden_count, 1.0)
        if self.co_liked_head is not None:
            seeds = ops.cast(_plays(x, Role.SEED), "float32")  # (B, M)
            targets = ops.cast(_plays(x, Role.TARGET), "float32")  # (B, M)
            cost = self.co_liked_head.cost(y_pred["co_liked"], targets)
            self.co_liked_loss.update_state(cost, ops.sum(targets))
            if training:
                cost = self.co_liked_head.training_cost(y_pred["co_liked"], seeds, targets)
            loss = loss + self.co_liked_head.weight * cost
        return loss

    def get_metrics_result(self) -> dict[str, Any]:
        """The epoch's figures: each head's mean so far, and "loss", their weighted sum.

        It takes the place of the mean of the batches' losses, in which a rating
        counts for more in a batch that has fewer of them.
        """
        results = {
            "rating_loss": self.rating_loss.result(),
            "co_liked_loss": self.co_liked_loss.result(),
        }
        weight = self.co_liked_head.weight if self.co_liked_head is not None else 0.0
        results["loss"] = results["rating_loss"] + weight * results["co_liked_loss"]
        return results


def _plays(batch: Batch, role: Role) -> Tensor:
    """Where a rating has a role, (B, M)."""
    return ops.bitwise_and(batch["role"], ops.cast(int(role), "uint8")) > 0


def _table(name: str, rows: int, columns: int, first: Any) -> keras.layers.Embedding:
    table = keras.layers.Embedding(rows, columns, embeddings_initializer=first, name=name)
    table.build()
    return table


def _linear(name: str, inputs: int, outputs: int, first: Any) -> keras.layers.Dense:
    layer = keras.layers.Dense(outputs, use_bias=False, kernel_initializer=first, name=name)
    layer.build((None, inputs))
    return layer
