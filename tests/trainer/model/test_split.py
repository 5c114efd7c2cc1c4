"""Splits: who is trained on, who is measured on."""

from pathlib import Path

import numpy as np
import pytest

from support.datasets import two_tastes
from trainer_service.data import Ratings
from trainer_service.errors import TooLittleDataError
from trainer_service.model.split import (
    FEWEST_LIKES,
    HELD_OUT_RATING_SHARE,
    LIKED_FROM,
    Split,
    split_likes,
    split_ratings,
)


@pytest.fixture(scope="module")
def ratings(tmp_path_factory: pytest.TempPathFactory) -> Ratings:
    return two_tastes(tmp_path_factory.mktemp("data"), users=1_500).ratings


@pytest.fixture(scope="module")
def split(ratings: Ratings) -> Split:
    return split_ratings(ratings, 1 / 14)


def users_of(ratings: Ratings) -> set[int]:
    return set(ratings.user_ids[ratings.user_index].tolist())


def pairs_of(ratings: Ratings) -> set[tuple[int, int]]:
    return set(
        zip(
            ratings.user_ids[ratings.user_index].tolist(),
            ratings.movie_ids[ratings.movie_index].tolist(),
            strict=True,
        )
    )


def sides(split: Split) -> list[Ratings]:
    return [split.train, split.held_out, split.validation, split.test]


def test_every_rating_is_on_exactly_one_side(ratings: Ratings, split: Split) -> None:
    assert sum(map(len, sides(split))) == len(ratings)
    assert set.union(*map(pairs_of, sides(split))) == pairs_of(ratings)


def test_users_who_are_measured_on_are_held_out_of_training_entirely(split: Split) -> None:
    trained = users_of(split.train) | users_of(split.held_out)
    assert trained.isdisjoint(users_of(split.validation) | users_of(split.test))
    assert users_of(split.validation).isdisjoint(users_of(split.test))


def test_the_shares_are_about_what_was_asked_for(ratings: Ratings, split: Split) -> None:
    for side in (split.validation, split.test):
        assert len(users_of(side)) / ratings.user_count == pytest.approx(1 / 14, abs=0.03)
    trained = len(split.train) + len(split.held_out)
    assert len(split.held_out) / trained == pytest.approx(HELD_OUT_RATING_SHARE, abs=0.01)


def test_a_user_is_on_the_same_side_whoever_else_is_in_the_data(
    ratings: Ratings, split: Split
) -> None:
    fewer = ratings.select(ratings.user_index % 3 == 0).without_unrated()
    for whole, part in zip(sides(split), sides(split_ratings(fewer, 1 / 14)), strict=True):
        assert pairs_of(part) == pairs_of(whole) & pairs_of(fewer)


def test_nothing_is_held_out_where_nothing_should_be(ratings: Ratings) -> None:
    split = split_ratings(ratings, 0.0)
    assert len(split.train) == len(ratings)


def test_a_split_that_leaves_nobody_to_train_on_is_refused(split: Split) -> None:
    # Who is held out with a small share is held out with every larger one.
    held_out = split.validation.without_unrated()
    with pytest.raises(TooLittleDataError, match="no user is left to train on: all"):
        split_ratings(held_out, 0.4)


def test_four_in_five_liked_movies_are_seeds_and_the_rest_are_targets(split: Split) -> None:
    likes = split_likes(split.test)
    assert likes
    liked = {
        user: set(movies)
        for user in users_of(split.test)
        if len(
            movies := split.test.movie_index[
                (split.test.user_ids[split.test.user_index] == user)
                & (split.test.rating >= LIKED_FROM)
            ].tolist()
        )
        >= FEWEST_LIKES
    }
    assert len(likes) == len(liked)
    for like, movies in zip(likes, (liked[user] for user in sorted(liked)), strict=True):
        assert set(like.seeds.tolist()) | set(like.targets.tolist()) == movies
        assert not np.isin(like.seeds, like.targets).any()
        assert len(like.seeds) == int(0.8 * len(movies))


def test_users_with_fewer_than_five_likes_are_not_measured_on(tmp_path: Path) -> None:
    assert split_likes(two_tastes(tmp_path, movies=6).ratings) == []
