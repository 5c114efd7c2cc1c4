"""The Keras model, against what can be worked out by hand."""

from typing import Any

import keras
import numpy as np
import pytest

from trainer_service.model.network import CoLikedHead, RatingModel, TwoHeadModel

USERS, MOVIES, DIM = 3, 4, 2


@pytest.fixture
def rating_model() -> RatingModel:
    model = RatingModel(user_count=USERS, movie_count=MOVIES, dim=DIM, mean_rating=3.5, seed=1)
    rng = np.random.default_rng(0)
    for table in (model.user_bias, model.movie_bias, model.movie_scale):
        table.embeddings.assign(rng.normal(size=table.embeddings.shape))
    return model


def batch(seed: int = 0) -> tuple[dict[str, Any], dict[str, Any]]:
    rng = np.random.default_rng(seed)
    seeds = np.array([[1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]], dtype=np.float32)
    targets = np.array([[0, 0, 1, 0], [0.5, 0, 0, 0.5], [0, 0, 0, 0]], dtype=np.float32)
    ratings = rng.choice([0, 1, 3, 5], size=(USERS, MOVIES)).astype(np.float32)
    users = np.arange(USERS, dtype=np.int32)
    return {"user_index": users, "seeds": seeds}, {"ratings": ratings, "targets": targets}


def loss_of(model: TwoHeadModel, x: dict[str, Any], y: dict[str, Any], *, training: bool) -> float:
    return float(model.compute_loss(x, y, model(x), training=training))


def test_a_rating_is_mean_and_biases_and_the_product_of_user_and_scaled_unit_movie_vector(
    rating_model: RatingModel,
) -> None:
    user, movie = 2, 1
    vector = np.asarray(rating_model.movie_embedding.embeddings)[movie]
    expected = (
        3.5
        + np.asarray(rating_model.user_bias.embeddings)[user, 0]
        + np.asarray(rating_model.movie_bias.embeddings)[movie, 0]
        + np.asarray(rating_model.user_embedding.embeddings)[user]
        @ (vector / np.linalg.norm(vector))
        * np.asarray(rating_model.movie_scale.embeddings)[movie, 0]
    )
    predicted = np.asarray(rating_model((np.array([user]), np.array([movie]))))
    assert predicted == pytest.approx([expected], abs=1e-5)


def test_predictions_differ_row_by_row_and_rows_agree_with_pairs(
    rating_model: RatingModel,
) -> None:
    users, movies = np.divmod(np.arange(USERS * MOVIES), MOVIES)
    pairs = np.asarray(rating_model((users, movies))).reshape(USERS, MOVIES)
    rows = np.asarray(rating_model.rows(np.arange(USERS)))
    np.testing.assert_allclose(rows, pairs, atol=1e-5)
    assert len(np.unique(pairs.round(4))) == USERS * MOVIES


def test_published_vectors_are_the_movie_embedding_with_unit_length(
    rating_model: RatingModel,
) -> None:
    vectors = np.asarray(rating_model.unit_movie_vectors())
    weights = np.asarray(rating_model.movie_embedding.embeddings)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    lengths = np.linalg.norm(weights, axis=1, keepdims=True)
    np.testing.assert_allclose(vectors, weights / lengths, atol=1e-6)


def test_co_liked_logits_are_temperature_times_the_served_cosine_and_seeds_are_masked() -> None:
    angles = np.radians([0, 60, 90, 180])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    seeds = np.array([[1, 0, 0, 0], [1, 0, 1, 0]], dtype=np.float32)
    logits = np.asarray(CoLikedHead()(seeds, vectors))
    assert logits[0, 1:] == pytest.approx([5, 0, -10], abs=1e-5)  # 10 · cos of 60, 90, 180
    assert logits[1, 1] == pytest.approx(10 * np.cos(np.radians(15)), abs=1e-5)
    assert (logits[seeds > 0] < -1e8).all()


def test_the_rating_loss_is_the_mean_squared_error_over_the_ratings_that_exist(
    rating_model: RatingModel,
) -> None:
    model = TwoHeadModel(rating_model, co_liked_weight=0.0, l2=0.0)
    x, y = batch()
    rated = y["ratings"] > 0
    error = np.asarray(rating_model.rows(x["user_index"])) - y["ratings"]
    assert loss_of(model, x, y, training=True) == pytest.approx(np.mean(error[rated] ** 2))


def test_the_co_liked_loss_is_the_cross_entropy_over_users_that_have_targets(
    rating_model: RatingModel,
) -> None:
    x, y = batch()
    y["ratings"] = np.zeros_like(y["ratings"])
    model = TwoHeadModel(rating_model, co_liked_weight=2.0, l2=0.0)
    logits = np.asarray(model(x)["co_liked"], dtype=np.float64)
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    by_hand = -(np.log(softmax[0, 2]) + (np.log(softmax[1, 0]) + np.log(softmax[1, 3])) / 2) / 2
    assert loss_of(model, x, y, training=False) == pytest.approx(2 * by_hand, rel=1e-5)


def test_weight_0_is_the_rating_head_alone_in_loss_and_gradient(
    rating_model: RatingModel,
) -> None:
    alone = TwoHeadModel(rating_model, co_liked_weight=0.0, l2=3.0)
    x, y = batch()
    other_x = x | {"seeds": 1 - x["seeds"]}
    other_y = y | {"targets": y["targets"][::-1]}
    assert "co_liked" not in alone(x)
    assert loss_of(alone, x, y, training=True) == loss_of(alone, other_x, other_y, training=True)
    assert [weight.path for weight in alone.trainable_variables if "co_liked" in weight.path] == []


def test_the_penalty_counts_in_training_and_not_in_validation(rating_model: RatingModel) -> None:
    x, y = batch()
    free = TwoHeadModel(rating_model, co_liked_weight=1.0, l2=0.0)
    bound = TwoHeadModel(rating_model, co_liked_weight=1.0, l2=3.0)
    penalty = 3.0 * float(rating_model.penalty(x["user_index"])) / (y["ratings"] > 0).sum()
    gained = loss_of(bound, x, y, training=True) - loss_of(free, x, y, training=True)
    assert gained == pytest.approx(penalty, rel=1e-3)
    assert loss_of(bound, x, y, training=False) == pytest.approx(
        loss_of(free, x, y, training=False)
    )


def test_an_epochs_loss_is_that_of_all_its_data_however_it_is_batched(
    rating_model: RatingModel,
) -> None:
    model = TwoHeadModel(rating_model, co_liked_weight=2.0, l2=0.0)
    model.compile(optimizer=keras.optimizers.SGD(0.0))
    x, y = batch()
    parts = model.evaluate(x, y, batch_size=1, verbose=0, return_dict=True)["loss"]
    assert parts == pytest.approx(loss_of(model, x, y, training=False), rel=1e-5)
