"""The Keras model: one movie embedding, two heads.

`RatingModel` is the model that was asked for: user and movie in, rating out.
`TwoHeadModel` trains it, together with the co-liked head, which makes the
served score, the cosine of two movie vectors, a thing that is trained.
"""

import math
from typing import Any

import keras
from keras import ops

FIRST_TEMPERATURE = 10.0
"""Where the learned temperature of the co-liked head starts."""

MASKED_LOGIT = -1e9
"""What a movie that must not be chosen gets before the softmax."""

Tensor = Any
Batch = dict[str, Tensor]


@keras.saving.register_keras_serializable("movierec")
class RatingModel(keras.Model):
    """Rating = mean + user bias + movie bias + <user vector, scale · unit movie vector>.

    The biased matrix factorisation of Koren, Bell and Volinsky (Computer 42(8),
    2009), but for the movie vectors, which enter with unit length and a scale
    of their own, so that their direction alone says what a movie is like.

    Args:
        user_count: Users, U.
        movie_count: Movies, M.
        dim: Length of a vector, D.
        mean_rating: Mean of the training ratings, in stars.
        seed: Seed of the first weights.
    """

    def __init__(
        self, *, user_count: int, movie_count: int, dim: int, mean_rating: float, seed: int
    ) -> None:
        super().__init__(name="rating_model")
        seeds = keras.random.SeedGenerator(seed)
        self.mean_rating = mean_rating
        small = keras.initializers.RandomNormal(stddev=0.1, seed=seeds)
        direction = keras.initializers.RandomNormal(stddev=dim**-0.5, seed=seeds)
        self.user_embedding = _table("user_embedding", user_count, dim, small)
        self.user_bias = _table("user_bias", user_count, 1, "zeros")
        self.movie_embedding = _table("movie_embedding", movie_count, dim, direction)
        self.movie_bias = _table("movie_bias", movie_count, 1, "zeros")
        self.movie_scale = _table("movie_scale", movie_count, 1, "ones")

    def build(self, _: Any) -> None:
        """Does nothing: the tables have their sizes from the start."""
        self.built = True

    def call(self, inputs: tuple[Tensor, Tensor]) -> Tensor:
        """Predicts ratings, in stars.

        Args:
            inputs: User index (N,) and movie index (N,).

        Returns:
            Ratings, (N,).
        """
        user_index, movie_index = inputs
        user = self.user_embedding(user_index)  # (N, D)
        movie = _unit(self.movie_embedding(movie_index)) * self.movie_scale(movie_index)
        bias = self.user_bias(user_index) + self.movie_bias(movie_index)  # (N, 1)
        return self.mean_rating + ops.sum(user * movie, axis=1) + ops.squeeze(bias, 1)

    def rows(self, user_index: Tensor) -> Tensor:
        """Predicts the ratings of all movies at once.

        Args:
            user_index: (B,)

        Returns:
            Ratings, (B, M); the same as `call` gives pair by pair.
        """
        movies = self.unit_movie_vectors() * self.movie_scale.embeddings  # (M, D)
        bias = self.user_bias(user_index) + ops.transpose(self.movie_bias.embeddings)  # (B, M)
        return self.mean_rating + bias + self.user_embedding(user_index) @ ops.transpose(movies)

    def unit_movie_vectors(self) -> Tensor:
        """The movie embedding with rows of unit length, (M, D); what is published."""
        return _unit(self.movie_embedding.embeddings)

    def penalty(self, user_index: Tensor) -> Tensor:
        """Sum of squares of what the rating head alone owns, a scalar.

        Args:
            user_index: The users in the batch, (B,); the movies count in
                proportion to them.
        """
        users = ops.sum(ops.square(self.user_embedding(user_index))) + ops.sum(
            ops.square(self.user_bias(user_index))
        )
        movies = ops.sum(ops.square(self.movie_scale.embeddings)) + ops.sum(
            ops.square(self.movie_bias.embeddings)
        )
        share = ops.cast(ops.shape(user_index)[0], "float32") / self.user_bias.input_dim
        return users + share * movies


@keras.saving.register_keras_serializable("movierec")
class CoLikedHead(keras.layers.Layer):
    """Which movies does someone like who likes these?

    Logits are a learned temperature times the cosine of each movie's vector
    with the sum of the seeds' vectors: the score that is served.
    """

    def build(self, _: Any) -> None:
        """Makes the one weight, the temperature's logarithm."""
        first = keras.initializers.Constant(math.log(FIRST_TEMPERATURE))
        self.log_temperature = self.add_weight(name="log_temperature", shape=(), initializer=first)
        self.built = True

    def call(self, seeds: Tensor, unit_movie_vectors: Tensor) -> Tensor:
        """Scores all movies.

        Args:
            seeds: 1 where a movie is given, else 0, (B, M).
            unit_movie_vectors: (M, D)

        Returns:
            Logits, (B, M); those of the seeds themselves are `MASKED_LOGIT`.
        """
        query = _unit(seeds @ unit_movie_vectors)  # (B, D)
        cosine = query @ ops.transpose(unit_movie_vectors)  # (B, M)
        return ops.where(seeds > 0, MASKED_LOGIT, ops.exp(self.log_temperature) * cosine)


@keras.saving.register_keras_serializable("movierec")
class TwoHeadModel(keras.Model):
    """Fits a `RatingModel` to users' rows, together with the co-liked head.

    The loss is the mean squared error over the ratings that exist, plus
    `co_liked_weight` times the cross-entropy between the co-liked head's
    softmax and the movies that each user also likes. With weight 0 there is no
    co-liked head, and the model is the rating model alone.

    Args:
        rating_model: What is trained.
        co_liked_weight: At least 0.
        l2: Strength of the rating model's penalty, in ratings.
    """

    def __init__(self, rating_model: RatingModel, *, co_liked_weight: float, l2: float) -> None:
        super().__init__(name="two_head_model")
        self.rating_model = rating_model
        self.co_liked_weight = co_liked_weight
        self.l2 = l2
        self.co_liked_head = CoLikedHead(name="co_liked_head") if co_liked_weight else None
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
            inputs: "user_index" (B,), "seeds" (B, M).

        Returns:
            "ratings" (B, M) and, with the co-liked head, "co_liked" (B, M).
        """
        outputs = {"ratings": self.rating_model.rows(inputs["user_index"])}
        if self.co_liked_head is not None:
            vectors = self.rating_model.unit_movie_vectors()
            outputs["co_liked"] = self.co_liked_head(inputs["seeds"], vectors)
        return outputs

    def compute_loss(
        self,
        x: Batch,
        y: Batch,
        y_pred: Batch,
        sample_weight: None = None,
        training: bool = True,  # noqa: FBT001, FBT002  # Keras' signature
    ) -> Tensor:
        """The loss of a batch, a scalar.

        Args:
            x: As for `call`.
            y: "ratings" in stars, 0 where there is none (B, M), and "targets",
                rows that sum to 1, or to 0 for a user without any (B, M).
            y_pred: What `call` returned.
            sample_weight: Not used.
            training: Whether the penalty counts.
        """
        rated = ops.cast(y["ratings"] > 0, "float32")  # (B, M)
        rated_count = ops.maximum(ops.sum(rated), 1.0)
        squared_error = rated * ops.square(y["ratings"] - y_pred["ratings"])
        rating_loss = ops.sum(squared_error) / rated_count
        self.rating_loss.update_state(rating_loss, ops.sum(rated))
        loss = rating_loss
        if training:
            loss = loss + self.l2 * self.rating_model.penalty(x["user_index"]) / rated_count
        if self.co_liked_head is not None:
            with_targets = ops.sum(y["targets"])  # users
            log_likelihood = y["targets"] * ops.log_softmax(y_pred["co_liked"])
            co_liked_loss = -ops.sum(log_likelihood) / ops.maximum(with_targets, 1.0)
            self.co_liked_loss.update_state(co_liked_loss, with_targets)
            loss = loss + self.co_liked_weight * co_liked_loss
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
        results["loss"] = results["rating_loss"] + self.co_liked_weight * results["co_liked_loss"]
        return results


def _table(name: str, rows: int, columns: int, first: Any) -> keras.layers.Embedding:
    table = keras.layers.Embedding(rows, columns, embeddings_initializer=first, name=name)
    table.build()
    return table


def _unit(vectors: Tensor) -> Tensor:
    """Rows of length 1; a row of zeros stays one."""
    squared = ops.sum(ops.square(vectors), axis=1, keepdims=True)
    return vectors * ops.rsqrt(ops.maximum(squared, 1e-12))
