"""From files to neighbours: what was planted in the sample is what is found."""

from pathlib import Path

import numpy as np

from trainer_service.data import read_dataset
from trainer_service.model.fitting import fit
from trainer_service.model.settings import TrainingSettings
from trainer_service.model.split import split_ratings
from trainer_service.sample import load_catalogue, write_sample


def test_most_of_a_films_nearest_by_the_served_score_share_its_planted_taste(
    tmp_path: Path,
) -> None:
    sample = write_sample(tmp_path / "sample")
    ratings = read_dataset(sample.folder, max_bad_row_share=0).over_threshold(50).ratings
    split = split_ratings(ratings, 1 / 14)
    settings = TrainingSettings(min_ratings=50).for_data(
        user_count=split.train_user_count, movie_count=ratings.movie_count
    )
    embeddings = fit(split, settings, tmp_path / "checkpoints", lambda _: None).embeddings

    films = load_catalogue().films
    taste = np.array([films[movie_id - 1].taste for movie_id in ratings.movie_ids])
    cosine = embeddings @ embeddings.T
    np.fill_diagonal(cosine, -1)
    nearest = np.argsort(-cosine, axis=1)[:, :5]
    share = np.mean(taste[nearest] == taste[:, None])
    chance = np.mean(taste[:, None] == taste)
    assert share > 0.9  # 0.99 is usual, chance 0.04
    assert share > 10 * chance
