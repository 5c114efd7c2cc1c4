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
    of_test_users,
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


@pytest.mark.parametrize("holdout", [0.0, 1 / 14, 0.4])
def test_the_ratings_of_test_users_are_those_of_the_split_and_of_movies_that_are_not_trained_on(
    ratings: Ratings, holdout: float
) -> None:
    of_users = of_test_users(ratings, holdout)
    assert pairs_of(of_users) == pairs_of(split_ratings(ratings, holdout).test)
    trained_on = ratings.select(ratings.movie_index < 10).without_unrated()
    test = split_ratings(trained_on, holdout).test
    some = set(trained_on.movie_ids.tolist())
    assert pairs_of(test) == {pair for pair in pairs_of(of_users) if pair[1] in some}


def test_nothing_is_held_out_where_nothing_should_be(ratings: Ratings) -> None:
    split = split_ratings(ratings, 0.0)
    assert len(split.train) == len(ratings)


def test_a_split_that_leaves_nobody_to_train_on_is_refused(split: Split) -> None:
    # Who is held out with a small share is held out with every larger one.
    held_out = split.validation.without_unrated()
    with pytest.raises(TooLittleDataError, match="no user is left to train on: all"):
        split_ratings(held_out, 0.4)


def test_a_split_that_leaves_no_rating_to_train_on_is_refused() -> None:
    # Of a user who is trained on, the two ratings that there are happen to be held out.
    few = Ratings(
        np.zeros(2, dtype=np.int32),
        np.arange(2, dtype=np.int32),
        np.array([4, 5], dtype=np.float32),
        np.array([338]),
        np.array([1, 2]),
    )
    with pytest.raises(TooLittleDataError, match=r"no rating is left to train on: of 2, .* pass 0"):
        split_ratings(few, 1 / 14)
    assert len(split_ratings(few, 0.0).train) == 2


def liked_by_user(ratings: Ratings) -> dict[int, set[int]]:
    """What each user who likes enough to be measured on likes, by external ids."""
    liked: dict[int, set[int]] = {}
    for user, movie in pairs_of(ratings.select(ratings.rating >= LIKED_FROM)):
        liked.setdefault(user, set()).add(movie)
    return {user: movies for user, movies in liked.items() if len(movies) >= FEWEST_LIKES}


def by_user(ratings: Ratings) -> dict[int, set[int]]:
    """The movies of each user, by external ids."""
    movies: dict[int, set[int]] = {int(user): set() for user in ratings.user_ids}
    for user, movie in pairs_of(ratings):
        movies[user].add(movie)
    return movies


@pytest.mark.parametrize("seed_count", [None, 1, 4])
def test_what_is_liked_is_either_seed_or_target(split: Split, seed_count: int | None) -> None:
    likes = split_likes(split.test, seed_count=seed_count)
    seeds, targets, liked = by_user(likes.seeds), by_user(likes.targets), liked_by_user(split.test)
    assert len(likes) == len(liked) > 0
    assert list(seeds) == list(targets) == sorted(liked)
    for user, movies in liked.items():
        assert seeds[user] | targets[user] == movies
        assert seeds[user].isdisjoint(targets[user])


def test_four_in_five_liked_movies_are_seeds(split: Split) -> None:
    likes = split_likes(split.test)
    counts = by_user(likes.seeds)
    for user, movies in liked_by_user(split.test).items():
        assert len(counts[user]) == int(0.8 * len(movies))


def test_one_seed_is_one_of_the_seeds_and_any_of_them(ratings: Ratings) -> None:
    one = by_user(split_likes(ratings, seed_count=1).seeds)
    whole = by_user(split_likes(ratings).seeds)
    assert one.keys() == whole.keys()
    assert all(len(seed) == 1 and seed < whole[user] for user, seed in one.items())
    # 1,500 users draw one of the ten movies of their taste: 75 each, or nearly so.
    drawn = np.bincount([movie for seed in one.values() for movie in seed])[1:]
    assert drawn.min() > 45
    assert drawn.max() < 105


@pytest.mark.parametrize("seed_count", [None, 1])
def test_a_users_seeds_are_the_same_whoever_else_is_in_the_data(
    ratings: Ratings, seed_count: int | None
) -> None:
    fewer = ratings.select(ratings.user_index % 3 == 0).without_unrated()
    part = by_user(split_likes(fewer, seed_count=seed_count).seeds)
    whole = by_user(split_likes(ratings, seed_count=seed_count).seeds)
    assert part == {user: whole[user] for user in part}


def test_movies_keep_their_places_and_users_are_those_who_are_measured_on(ratings: Ratings) -> None:
    likes = split_likes(ratings)
    for side in (likes.seeds, likes.targets):
        assert side.movie_ids is ratings.movie_ids
        assert (np.diff(side.user_offsets) > 0).all()
    np.testing.assert_array_equal(likes.seeds.user_ids, likes.targets.user_ids)


def test_users_with_fewer_than_five_likes_are_not_measured_on(tmp_path: Path) -> None:
    likes = split_likes(two_tastes(tmp_path, movies=6).ratings)
    assert (len(likes), len(likes.seeds), len(likes.targets)) == (0, 0, 0)
