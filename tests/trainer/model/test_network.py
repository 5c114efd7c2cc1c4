"""The Keras model, against what can be worked out by hand."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from trainer_service.model.batches import Role
from trainer_service.model.co_liked import CoLikedHead
from trainer_service.model.network import USER_L2_SHARE, RatingModel, TwoHeadModel

USERS, MOVIES, DIM, RANK = 4, 4, 3, 2

Batch = dict[str, NDArray[Any]]


@pytest.fixture
def rating_model() -> RatingModel:
    """A model whose every weight counts."""
    model = RatingModel(
        user_count=USERS, movie_count=MOVIES, dim=DIM, rank=RANK, mean_rating=3.5, seed=1
    )
    rng = np.random.default_rng(0)
    for weight in model.trainable_variables:
        weight.assign(rng.normal(size=weight.shape))
    return model


@pytest.fixture
def worked_example() -> RatingModel:
    """A model of two users and three movies with round numbers."""
    model = RatingModel(user_count=2, movie_count=3, dim=2, rank=2, mean_rating=3.0, seed=0)
    model.movie_embedding.embeddings.assign([[3.0, 0.0], [0.0, 2.0], [-5.0, 0.0]])
    model.movie_scale.embeddings.assign([[1.0], [2.0], [0.5]])
    model.movie_bias.embeddings.assign([[0.5], [-0.5], [0.0]])
    model.user_bias.embeddings.assign([[0.0], [0.25]])
    model.projection.kernel.assign(np.eye(2))
    model.of_residuals.kernel.assign(np.eye(2))
    model.of_rated.kernel.assign(np.eye(2) / 2)
    return model


def co_liked_head(weight: float) -> CoLikedHead:
    """A head with a teacher who knows something of every movie."""
    taught_by = np.random.default_rng(2).normal(size=(MOVIES, 2)).astype(np.float32)
    return CoLikedHead(taught_by, weight=weight)


def batch() -> Batch:
    """Users 3, 0 and 2; the last likes nothing."""
    stars = [[5, 4, 0, 1], [3, 4.5, 5, 4], [2, 1, 0.5, 0]]
    seed, target, hidden = Role.SEED, Role.TARGET, Role.HIDDEN
    role = [
        [seed, target | hidden, 0, hidden],
        [target, seed, seed | hidden, target],
        [0, hidden, 0, 0],
    ]
    return {
        "user_index": np.array([3, 0, 2], dtype=np.int32),
        "stars": np.array(stars, dtype=np.float32),
        "role": np.array(role, dtype=np.uint8),
    }


def plays(x: Batch, role: Role) -> NDArray[np.bool_]:
    return (x["role"] & role) > 0


def only(x: Batch, role: Role) -> Batch:
    """The batch without the other roles."""
    return x | {"role": x["role"] & np.uint8(role)}


def filled_up(x: Batch) -> Batch:
    """The batch with two more users, without ratings."""
    return {key: np.concatenate([rows, np.zeros_like(rows[:2])]) for key, rows in x.items()}


def loss_of(model: TwoHeadModel, x: Batch, *, training: bool) -> float:
    return float(model.compute_loss(x, None, model(x), training=training))


def gradients_of(model: TwoHeadModel, x: Batch) -> list[NDArray[np.float32]]:
    """The training loss's gradient for each of the rating model's variables."""
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x, None, model(x), training=True)
    variables = [variable.value for variable in model.rating_model.trainable_variables]
    gradients = tape.gradient(loss, variables)
    return [np.asarray(tf.convert_to_tensor(gradient)) for gradient in gradients]


def test_a_rating_is_mean_and_biases_and_own_mean_and_what_taste_and_movie_have_in_common(
    worked_example: RatingModel,
) -> None:
    # User 1 gave 5 and 4 stars, both 1.5 more than expected of anyone: 1.5 · 2 / (2 + 10) = 0.25
    # is their own mean, and with the bias of 0.25 either residual is 1.
    # Movies: (1, 0), (0, 2), (-0.5, 0). The user: 1 · (1, 0) + 1 · (0, 2), of residuals, and
    # half of (1, 0) + (0, 1), of what was rated, over √(2 + 10).
    user = np.array([1 + 0.5, 2 + 0.5]) / np.sqrt(12)
    expected = [
        3 + 0.5 + 0.25 + 0.25 + user[0],
        3 - 0.5 + 0.25 + 0.25 + 2 * user[1],
        3 + 0.25 + 0.25 - user[0] / 2,
    ]
    known = np.array([[5, 4, 0]], dtype=np.float32)
    predicted, penalty = worked_example.predicted({"user_index": np.array([1]), "known": known})
    assert np.asarray(predicted)[0] == pytest.approx(expected, abs=1e-5)
    # Half of all users are here, so half of the movies' squares count.
    movies = (1 + 4 + 0.25) + (0.25 + 0.25)
    assert float(penalty) == pytest.approx(
        USER_L2_SHARE * (user**2).sum() + 0.25**2 + movies / 2, rel=1e-5
    )


def test_of_who_rated_nothing_the_ratings_are_mean_and_biases_and_weigh_nothing(
    worked_example: RatingModel,
) -> None:
    nothing = np.zeros((2, 3), dtype=np.float32)
    predicted, penalty = worked_example.predicted(
        {"user_index": np.array([1, 0]), "known": nothing}
    )
    np.testing.assert_allclose(predicted, [[3.75, 2.75, 3.25], [3.5, 2.5, 3.0]], atol=1e-6)
    assert float(penalty) == 0


def test_every_weight_of_the_rating_head_is_learned(rating_model: RatingModel) -> None:
    model = TwoHeadModel(rating_model, l2=0.0)
    assert len(rating_model.trainable_variables) == 7
    for gradient in gradients_of(model, batch()):
        assert np.isfinite(gradient).all()
        assert gradient.any()


def test_what_is_hidden_has_no_influence_on_what_is_predicted(rating_model: RatingModel) -> None:
    model = TwoHeadModel(rating_model, co_liked_head(1.0), l2=1.0)
    x = batch()
    told = model(x)
    other = model(x | {"stars": np.where(plays(x, Role.HIDDEN), 0.5, x["stars"])})
    known = model(x | {"stars": np.where(plays(x, Role.HIDDEN), x["stars"], x["stars"] / 2)})
    for key, value in told.items():
        np.testing.assert_array_equal(value, other[key])
    assert not np.allclose(told["ratings"], known["ratings"])


def test_published_vectors_are_the_movie_embedding_with_unit_length(
    rating_model: RatingModel,
) -> None:
    vectors = np.asarray(rating_model.unit_movie_vectors())
    weights = np.asarray(rating_model.movie_embedding.embeddings)
    lengths = np.linalg.norm(weights, axis=1, keepdims=True)
    np.testing.assert_allclose(vectors, weights / lengths, atol=1e-6)


def test_the_first_weights_follow_from_the_seed() -> None:
    sizes = dict(user_count=USERS, movie_count=MOVIES, dim=DIM, rank=RANK)
    some, same, other = (
        RatingModel(**sizes, mean_rating=3.5, seed=seed).get_weights() for seed in (1, 1, 2)
    )
    for one, another in zip(some, same, strict=True):
        np.testing.assert_array_equal(one, another)
    assert not np.array_equal(some[0], other[0])


@pytest.mark.parametrize("training", [True, False])
def test_the_rating_loss_is_the_mean_squared_error_over_the_hidden_ratings(
    rating_model: RatingModel, *, training: bool
) -> None:
    model = TwoHeadModel(rating_model, l2=0.0)
    x = batch()
    error = (np.asarray(model(x)["ratings"]) - x["stars"])[plays(x, Role.HIDDEN)]
    assert len(error) == 4
    assert loss_of(model, x, training=training) == pytest.approx(np.mean(error**2))


def test_the_co_liked_loss_is_softened_only_in_training(rating_model: RatingModel) -> None:
    head = co_liked_head(2.0)
    model = TwoHeadModel(rating_model, head, l2=0.0)
    x = only(batch(), Role.SEED | Role.TARGET)
    seeds, targets = (plays(x, role).astype(np.float32) for role in (Role.SEED, Role.TARGET))
    logits = model(x)["co_liked"]
    np.testing.assert_array_equal(logits, head(seeds, rating_model.unit_movie_vectors()))
    cost = float(head.cost(logits, targets))
    softened = float(head.training_cost(logits, seeds, targets))
    assert cost != pytest.approx(softened, rel=1e-2)
    assert loss_of(model, x, training=False) == pytest.approx(2 * cost, rel=1e-5)
    assert loss_of(model, x, training=True) == pytest.approx(2 * softened, rel=1e-5)


def test_the_weight_is_how_much_the_co_liked_loss_counts_beside_the_rating_loss(
    rating_model: RatingModel,
) -> None:
    none, one, three = (
        loss_of(TwoHeadModel(rating_model, head, l2=1.0), batch(), training=True)
        for head in (None, co_liked_head(1.0), co_liked_head(3.0))
    )
    assert three - none == pytest.approx(3 * (one - none), rel=1e-5)
    assert one > none


@pytest.mark.parametrize("training", [True, False])
def test_users_without_ratings_weigh_nothing(rating_model: RatingModel, *, training: bool) -> None:
    model = TwoHeadModel(rating_model, co_liked_head(1.0), l2=1.0)
    x = batch()
    assert loss_of(model, filled_up(x), training=training) == pytest.approx(
        loss_of(model, x, training=training), rel=1e-6
    )
    for filled, plain in zip(
        gradients_of(model, filled_up(x)), gradients_of(model, x), strict=True
    ):
        np.testing.assert_allclose(filled, plain, rtol=1e-5, atol=1e-6)


def test_a_batch_in_which_nothing_is_to_be_predicted_costs_nothing_but_the_penalty(
    rating_model: RatingModel,
) -> None:
    model = TwoHeadModel(rating_model, co_liked_head(1.0), l2=0.0)
    assert loss_of(model, batch() | {"role": np.zeros((3, 4), np.uint8)}, training=True) == 0


def test_without_a_co_liked_head_it_is_the_rating_head_alone_in_loss_and_gradient(
    rating_model: RatingModel,
) -> None:
    x = batch()
    known = np.where(plays(x, Role.HIDDEN), 0, x["stars"]).astype(np.float32)
    hidden = plays(x, Role.HIDDEN).astype(np.float32)
    variables = [variable.value for variable in rating_model.trainable_variables]
    with tf.GradientTape() as tape:
        ratings, penalty = rating_model.predicted({"user_index": x["user_index"], "known": known})
        error = tf.reduce_sum(hidden * tf.square(ratings - x["stars"])) / hidden.sum()
        loss = error + 2.0 * penalty / hidden.sum()
    gradients = [np.asarray(tf.convert_to_tensor(one)) for one in tape.gradient(loss, variables)]

    alone = TwoHeadModel(rating_model, l2=2.0)
    assert loss_of(alone, x, training=True) == pytest.approx(float(loss), rel=1e-6)
    for found, expected in zip(gradients_of(alone, x), gradients, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)

    both = TwoHeadModel(rating_model, co_liked_head(1.0), l2=2.0)
    assert not np.allclose(gradients_of(both, x)[0], gradients[0])  # the embedding's


def test_without_a_co_liked_head_there_is_no_variable_of_it_and_its_parts_count_nothing(
    rating_model: RatingModel,
) -> None:
    alone = TwoHeadModel(rating_model, l2=2.0)
    alone.build(None)
    x, other = batch(), only(batch(), Role.HIDDEN)
    other["role"] |= np.uint8(Role.TARGET)
    assert "co_liked" not in alone(x)
    assert [weight.path for weight in alone.trainable_variables] == [
        weight.path for weight in rating_model.trainable_variables
    ]
    for training in (True, False):
        assert loss_of(alone, x, training=training) == loss_of(alone, other, training=training)
    for one, another in zip(gradients_of(alone, x), gradients_of(alone, other), strict=True):
        np.testing.assert_array_equal(one, another)
    assert float(alone.get_metrics_result()["co_liked_loss"]) == 0


def test_the_penalty_counts_in_training_and_not_in_validation(rating_model: RatingModel) -> None:
    x = batch()
    free = TwoHeadModel(rating_model, co_liked_head(1.0), l2=0.0)
    bound = TwoHeadModel(rating_model, co_liked_head(1.0), l2=3.0)
    penalty = 3.0 * float(free(x)["penalty"]) / 4  # hidden ratings
    gained = loss_of(bound, x, training=True) - loss_of(free, x, training=True)
    assert gained == pytest.approx(penalty, rel=1e-3)
    assert loss_of(bound, x, training=False) == loss_of(free, x, training=False)


def test_an_epochs_loss_is_that_of_all_its_data_however_it_is_batched(
    rating_model: RatingModel,
) -> None:
    model = TwoHeadModel(rating_model, co_liked_head(2.0), l2=1.0)
    model.compile(optimizer=keras.optimizers.SGD(0.0))
    at_once = loss_of(model, batch(), training=False)
    one_by_one = model.evaluate(batch(), batch_size=1, verbose=0, return_dict=True)
    assert one_by_one["loss"] == pytest.approx(at_once, rel=1e-5)
    assert one_by_one["loss"] == pytest.approx(
        one_by_one["rating_loss"] + 2 * one_by_one["co_liked_loss"], rel=1e-6
    )
