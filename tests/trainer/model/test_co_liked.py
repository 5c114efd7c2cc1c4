"""The co-liked head, against what can be worked out by hand."""

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from trainer_service.model.co_liked import SMOOTHING, TAUGHT, CoLikedHead

Floats = NDArray[np.float32]

SEEDS: Floats = np.array([[1, 0, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 0]], dtype=np.float32)
TARGETS: Floats = np.array([[0, 1, 0, 1, 1], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]], dtype=np.float32)


@pytest.fixture
def head() -> CoLikedHead:
    """A head whose teacher has two numbers for each of five movies."""
    head = CoLikedHead(draw((5, 2), seed=1), weight=1.0)
    head.build()
    return head


def draw(shape: tuple[int, int], *, seed: int) -> Floats:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    chances: NDArray[np.float64] = np.exp(logits - logits.max())
    chances /= chances.sum()
    return chances


def test_logits_are_temperature_times_the_served_cosine_and_seeds_are_masked(
    head: CoLikedHead,
) -> None:
    angles = np.radians([0, 60, 90, 180])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    seeds = np.array([[1, 0, 0, 0], [1, 0, 1, 0]], dtype=np.float32)
    logits = np.asarray(head(seeds, vectors))
    assert logits[0, 1:] == pytest.approx([5, 0, -10], abs=1e-5)  # 10 · cos of 60, 90, 180
    assert logits[1, 1] == pytest.approx(10 * np.cos(np.radians(15)), abs=1e-5)
    assert (logits[seeds > 0] < -1e8).all()
    head.log_temperature.assign(np.log(20))
    np.testing.assert_allclose(head(seeds, vectors)[0, 1:], 2 * logits[0, 1:], atol=1e-5)


def test_the_cost_is_the_mean_over_all_targets_of_their_cross_entropy(head: CoLikedHead) -> None:
    logits = draw((3, 5), seed=2)
    chances = np.stack([softmax(row) for row in logits.astype(np.float64)])
    assert float(head.cost(logits, TARGETS)) == pytest.approx(
        -np.log(chances[TARGETS > 0]).mean(), rel=1e-5
    )


def test_in_training_targets_are_shared_with_all_movies_and_with_the_teachers_answer(
    head: CoLikedHead,
) -> None:
    head.teachers_log_temperature.assign(np.log(3))
    logits = draw((3, 5), seed=2)
    expected = 0.0
    for row, seeds, targets in zip(logits.astype(np.float64), SEEDS, TARGETS, strict=True):
        free = np.flatnonzero(seeds == 0)
        asked = seeds @ head.taught_by
        asked /= max(np.linalg.norm(asked), 1e-6)
        answer = softmax(3 * head.taught_by[free] @ asked)
        cost_of_each = -np.log(softmax(row))[free]
        own = targets[free]
        expected += (1 - SMOOTHING - TAUGHT) * own @ cost_of_each
        expected += own.sum() * SMOOTHING * cost_of_each.mean()
        expected += own.sum() * TAUGHT * answer @ cost_of_each
        expected -= own @ np.log(answer)
    # Seeds are masked in the logits of a real call; here they weigh nothing as they are.
    found = float(head.training_cost(logits, SEEDS, TARGETS))
    assert found == pytest.approx(expected / TARGETS.sum(), rel=1e-4)


def test_no_targets_cost_nothing(head: CoLikedHead) -> None:
    logits = draw((3, 5), seed=2)
    assert float(head.cost(logits, 0 * TARGETS)) == 0
    assert float(head.training_cost(logits, SEEDS, 0 * TARGETS)) == 0


def test_the_teacher_learns_how_sure_to_be_and_nothing_else_from_its_own_cost(
    head: CoLikedHead,
) -> None:
    assert [weight.name for weight in head.trainable_variables] == [
        "log_temperature",
        "teachers_log_temperature",
    ]
    logits = tf.constant(draw((3, 5), seed=2))
    temperature = head.teachers_log_temperature
    with tf.GradientTape() as tape:
        cost = head.training_cost(logits, SEEDS, TARGETS)
    gradient = float(tape.gradient(cost, temperature.value))

    def own_cost(log_temperature: float) -> float:
        asked = SEEDS @ head.taught_by
        asked /= np.maximum(np.linalg.norm(asked, axis=1, keepdims=True), 1e-6)
        answers = np.exp(log_temperature) * asked @ head.taught_by.T
        return float(head.cost(np.where(SEEDS > 0, -1e9, answers).astype(np.float32), TARGETS))

    at = float(temperature.value)
    slope = (own_cost(at + 0.01) - own_cost(at - 0.01)) / 0.02
    assert gradient == pytest.approx(slope, rel=1e-2)
    assert abs(slope) > 0.1
